"""The main path through each page beside Live, as a visitor takes it, and its accessibility."""

import live_surface
import pytest
from page_places import assert_in_place

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PAGES = ("live", "clips", "teach", "compare", "cost", "learn", "sessions", "preflight")
SERIOUS = {"serious", "critical"}
QUERIES = {
    "compare": "?clips=telephone",
    "cost": "?quantity=counted",
    "live": "?maps=1&difference=1&telemetry=1&more=1",
}
COLORS = ("color-contrast", "link-in-text-block")
"""The rules whose findings can differ between a light and a dark page."""


@pytest.fixture
def visit(open_page):
    """Opens one page and waits until it is drawn."""

    def visit(name, query="", **options):
        page = open_page(
            microphone=False, query=f"/{'' if name == 'live' else name}{query}", **options
        )
        page.set_default_timeout(90_000)
        page.get_by_role("heading", level=2).wait_for()
        settle(page)
        return page

    return visit


def settle(page):
    """Wait until the page's script has run."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def token(page):
    return int(page.get_by_test_id("cla-clip").get_attribute("data-token") or -1)


def test_a_clip_is_played_in_step_and_scrubbed(visit):
    page = visit("clips")
    live_surface.wait_for(page, lambda: token(page) > 0)
    before = token(page)
    page.get_by_test_id("clip-forward").click()
    live_surface.wait_for(page, lambda: token(page) == before + 1)
    overview = page.get_by_test_id("clip-overview")
    overview.scroll_into_view_if_needed()
    box = overview.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 10)
    page.mouse.up()
    live_surface.wait_for(page, lambda: token(page) == pytest.approx(0.25 * 149, abs=3))
    audio = page.get_by_test_id("clip-audio")
    audio.evaluate("audio => audio.play()")
    live_surface.wait_for(
        page, lambda: audio.evaluate("audio => audio.currentTime") > 0.25 * 149 * 0.08 + 1
    )
    audio.evaluate("audio => audio.pause()")
    played = audio.evaluate("audio => audio.currentTime")
    live_surface.wait_for(page, lambda: token(page) == pytest.approx(played / 0.08 - 1, abs=2))


def test_a_clip_of_pictures_is_played_in_step(visit):
    page = visit("clips", "?task=hands&clip=hand-photographs")
    live_surface.wait_for(page, lambda: token(page) > 0)
    drawn = """canvas => {
      const { width, height } = canvas;
      return new Set(canvas.getContext("2d").getImageData(0, 0, width, height).data).size;
    }"""
    picture = page.get_by_test_id("clip-picture").locator("canvas")
    live_surface.wait_for(page, lambda: picture.evaluate(drawn) > 50)
    overview = page.get_by_test_id("clip-overview").bounding_box()
    page.mouse.click(overview["x"] + 0.7 * overview["width"], overview["y"] + 10)
    play = page.get_by_test_id("clip-play")
    play.click()
    last = page.get_by_test_id("cla-clip").evaluate("surface => surface.player.tokens - 1")
    live_surface.wait_for(page, lambda: token(page) == last and play.text_content() == "Play")
    assert not serious_findings(page)


def test_the_live_page_is_worked_by_keys(visit):
    page = visit("live")
    live_surface.wait_for(page, lambda: live_surface.token(page) > 3)
    pause = page.get_by_test_id("pause")
    page.get_by_role("heading", level=2).click()
    page.keyboard.press("Space")
    pause.get_by_text("Resume").wait_for()
    still = live_surface.token_at_rest(page)
    page.keyboard.press("s")
    live_surface.wait_for(page, lambda: live_surface.token(page) == still + 1)
    page.get_by_test_id("clip").focus()
    page.keyboard.press("s")
    assert live_surface.token_at_rest(page) == still + 1


def test_lanes_come_and_go_while_the_stream_goes_on(visit):
    page = visit("live", "?more=1")
    lanes = page.locator("section.lane")
    lanes.nth(1).wait_for()
    page.get_by_test_id("add-lane").click()
    lanes.nth(2).wait_for()
    lanes.nth(2).locator("[data-lane=kind]").select_option("nystrom")
    page.locator('[data-testid="lane-nystrom"]').wait_for()
    lanes.nth(0).locator("[data-lane=window]").select_option("60")
    page.wait_for_url("**lanes=full%4060**")
    page.get_by_test_id("summary").get_by_text("the same label").nth(1).wait_for()
    assert page.get_by_test_id("notice").is_hidden()
    lanes.nth(0).locator("[data-lane=remove]").click()
    lanes.nth(2).wait_for(state="detached")
    assert not lanes.nth(0).locator("[data-lane=remove]").is_visible()
    page.reload()
    page.locator('[data-testid="lane-nystrom"]').wait_for()
    assert lanes.count() == 2
    assert page.get_by_test_id("notice").is_hidden()


def test_settings_travel_in_the_address_from_page_to_page(visit):
    page = visit("clips", "?lang=de&clip=italian")
    assert "Ein ganzer Clip" in page.get_by_role("heading", level=2).text_content()
    page.get_by_role("link", name="Kosten").click()
    page.get_by_role("heading", name="Was ein Schritt kostet").wait_for()
    settle(page)
    assert page.url.endswith("/cost?lang=de")
    page.get_by_text("gezählt (dieser Code)").first.click()
    page.wait_for_url("**/cost?*quantity=counted*")
    page.get_by_text("Operationen je Schritt, gezählt an diesem Code").wait_for()


def test_the_address_of_a_page_is_copied(visit):
    page = visit("clips", "?clip=italian")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_test_id("copy-link").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_slider_of_the_learn_page_moves_by_keyboard(visit):
    page = visit("learn")
    slider = page.get_by_role("slider", name="Tokens heard so far")
    slider.focus()
    slider.press("ArrowLeft")
    page.wait_for_url("**/learn?now=132")
    page.get_by_text("never off by more than").wait_for()


def test_another_token_is_explained(visit):
    page = visit("compare", "?clips=count&m=4")
    # The list closes when the page moves below it: all charts have to stand.
    page.locator(".js-plotly-plot").nth(2).wait_for()
    tokens = page.get_by_role("combobox", name="Token")
    options = page.get_by_role("option")

    def opened():
        # A list that was open closes when a chart above it takes its place.
        if not options.count():
            tokens.press("ArrowDown")
        return options.count() > 1

    live_surface.wait_for(page, opened, 60)
    for key in ("ArrowDown", "Enter"):
        tokens.press(key)
    page.wait_for_url("**/compare?*at=*")
    page.get_by_text("What both say at this token").first.wait_for()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_light_and_dark_and_fits_a_phone(visit, name):
    page, said = visit(name, QUERIES.get(name, "")), []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda told: told.type == "error" and said.append(told.text))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        live_surface.wait_for(page, lambda wanted=scheme: ground(page) == wanted)
        assert not serious_findings(page, COLORS if scheme == "dark" else ()), scheme
    page.emulate_media(color_scheme="light")
    if name not in ("live", "sessions"):  # whose parts have a test, or are others' recordings
        assert_in_place(page, name)
    page.set_viewport_size({"width": 390, "height": 844})
    main = page.get_by_test_id("stMain")
    too_wide = "element => element.scrollWidth - element.clientWidth"
    live_surface.wait_for(
        page,
        lambda: (
            page.evaluate("document.documentElement.scrollWidth") <= 390
            and main.evaluate(too_wide) <= 0
        ),
    )
    assert said == []


def ground(page):
    """Whether the page is light or dark."""
    color = page.get_by_test_id("stApp").evaluate("app => getComputedStyle(app).backgroundColor")
    return "light" if int(color.split("(")[1].split(",")[0]) > 127 else "dark"


def serious_findings(page, rules=()):
    """What axe-core holds to be serious or critical, by these rules or all that are usual."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = axe.Axe().run(page, options=options).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
