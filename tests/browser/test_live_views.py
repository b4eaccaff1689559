"""What the Live page shows beside the lanes: values, differences, telemetry, keys, its address."""

import pytest
from live_surface import surface, token, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def live(open_page):
    """Opens the Live page, once it shows some tokens."""

    def live(query="", **options):
        page = open_page(microphone=False, query=f"/{query}", **options)
        page.set_default_timeout(60_000)
        wait_for(page, lambda: token(page) > 8, 60)
        return page

    return live


DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""What was asked to be drawn before is drawn."""


def lane(page, at):
    return page.locator("section.lane").nth(at)


def tip(page):
    shown = page.locator(".tip")
    return shown.text_content() if shown.is_visible() else ""


def pixels(page, at):
    return lane(page, at).locator("canvas").first.evaluate("canvas => canvas.toDataURL()")


def test_the_difference_of_two_lanes_is_on_show(live):
    page = live("?difference=1&lanes=full,nystrom:16,continual_nystrom/fixed:2&pair=1-3")
    shares = page.get_by_test_id("difference-shares")
    shares.get_by_text("since the start").wait_for()
    assert page.get_by_test_id("pair-1").input_value() == "2"
    page.get_by_test_id("pair-1").select_option("1")
    wait_for(page, lambda: "pair" not in page.url)
    state = """(surface) => {
      const { board } = surface.livePage, { difference } = board.comparison;
      const { row, tokens } = difference.shown;
      const share = board.agreed(0, 1);
      return { last: tokens.at(-1).distance, row: Array.from(row), share };
    }"""
    found = surface(page).evaluate(state)
    assert 0 <= found["last"] <= 1
    assert abs(sum(found["row"])) < 0.05  # two rows that sum to about 1
    assert max(map(abs, found["row"])) > 0
    assert found["share"]["recentTokens"] == min(found["share"]["tokens"], 120)


def test_values_stand_under_the_pointer_and_words_explain_themselves(live):
    page = live("?telemetry=1&maps=1&lanes=full,continual_nystrom/continual:16")
    page.get_by_test_id("pause").click()
    page.get_by_test_id("pause").get_by_text("Resume").wait_for()
    canvas = lane(page, 1).locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    heights = {"attention": 96, "landmark": 60, "dBFS": 30}  # from the lower edge
    for word, up in heights.items():
        page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] - up)
        wait_for(page, lambda word=word: word in tip(page))
    page.mouse.move(0, 0)
    wait_for(page, lambda: not tip(page))
    page.get_by_test_id("map-gamma_inv").locator("canvas").hover()
    wait_for(page, lambda: "landmark" in tip(page))
    row = page.locator('[data-row="real_time"]')
    row.get_by_role("button").focus()
    wait_for(page, lambda: "keeps up" in tip(page))
    page.keyboard.press("Escape")
    wait_for(page, lambda: not tip(page))
    cells = row.locator("td").all_text_contents()
    assert len(cells) == 3
    assert all(float(cell) > 0 for cell in cells[:2])
    assert "thread" in cells[2]
    assert "KiB" in page.locator('[data-row="state"] td').first.text_content()
    features = page.locator('[data-row="features"] td').first.text_content()
    assert features == "7,783,680 (62,581,632 anew)"


def test_keys_do_what_the_list_of_keys_says(live):
    page = live()
    assert page.get_by_test_id("first-hint").is_visible()
    page.get_by_role("heading", level=2).click()
    page.keyboard.press("?")
    page.get_by_test_id("key-help").get_by_text("remove the selected lane").wait_for()
    page.keyboard.press("Escape")
    page.get_by_test_id("key-help").wait_for(state="hidden")
    page.keyboard.press("o")
    page.get_by_test_id("landmarks").wait_for()
    page.keyboard.press("+")
    lane(page, 2).wait_for()
    page.keyboard.press("3")
    wait_for(page, lambda: lane(page, 2).get_attribute("aria-current") == "true")
    page.keyboard.press("-")
    lane(page, 2).wait_for(state="detached")
    wait_for(page, lambda: token(page) > 3)
    page.keyboard.press("f")
    page.get_by_test_id("freeze").get_by_text("Back to live").wait_for()
    page.evaluate(DRAWN)
    still, at = pixels(page, 0), token(page)
    wait_for(page, lambda: token(page) > at + 5)
    assert pixels(page, 0) == still
    page.keyboard.press("f")
    wait_for(page, lambda: pixels(page, 0) != still)
    page.reload()
    wait_for(page, lambda: token(page) > 0)
    assert page.get_by_test_id("first-hint").is_hidden()
    assert page.get_by_test_id("landmarks").is_visible()


def test_every_setting_is_in_the_address(live):
    page = live("?more=1")
    for check in ("maps", "sound"):
        page.get_by_test_id(check).check()
    page.get_by_test_id("head").select_option("2")
    page.get_by_test_id("clip").select_option("telephone")
    page.get_by_test_id("telemetry").locator("summary").click()
    wait_for(page, lambda: all(f"{key}=" in page.url for key in ("maps", "sound", "telemetry")))
    assert "head=2" in page.url
    assert "clip=telephone" in page.url
    page.reload()
    wait_for(page, lambda: token(page) > 0)
    assert page.get_by_test_id("clip").input_value() == "telephone"
    wait_for(page, lambda: page.get_by_test_id("head").input_value() == "2")
    for check in ("maps", "sound"):
        assert page.get_by_test_id(check).is_checked()
    assert page.get_by_test_id("telemetry").get_attribute("open") is not None


def test_the_page_speaks_and_fails_in_the_language_of_its_address(live, tmp_path):
    page = live("?lang=de")
    announcer = page.get_by_test_id("announcer")
    wait_for(page, lambda: "in allen Spuren" in (announcer.text_content() or ""))
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"this is no sound")
    page.get_by_test_id("upload").set_input_files(str(bad))
    page.get_by_test_id("notice").get_by_text("ist keine Tondatei").wait_for()


def test_sensitivity_is_chosen_told_and_kept_in_the_address(live):
    page = live("?more=1")
    slider, told = page.get_by_test_id("sensitivity"), page.get_by_test_id("sensitivity-value")
    usual = told.text_content()
    assert "% found" in usual
    slider.fill("0")
    assert told.text_content() != usual
    wait_for(page, lambda: "enter=" in page.url)
    chosen = told.text_content()
    page = live(page.url[page.url.index("?") :])
    wait_for(page, lambda: page.get_by_test_id("sensitivity").input_value() == "0")
    assert page.get_by_test_id("sensitivity-value").text_content() == chosen
