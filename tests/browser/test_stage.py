"""Where the parts of the Live page stand: all in sight, none cut off, and nothing that moves."""

import pytest
from live_surface import surface, token, wait_for

pytestmark = pytest.mark.browser

PLACES = """root => {
  const place = (element) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    return { left, top, right, bottom };
  };
  const all = (selector) => [...root.querySelectorAll(selector)].map(place);
  return {
    summary: all('[data-testid="summary"]')[0], controls: all(".controls")[0],
    lanes: all(".lane"), heads: all(".lane header"), labels: all(".lane .label"),
    charts: all(".lane canvas"), buttons: all(".sources > *").filter(({ right }) => right),
    strip: root.livePage.board.panels.get("full").view.layout.bottoms.strip,
    wide: document.documentElement.scrollWidth,
  };
}"""
BEGUN = "root => !root.livePage.chosen && root.livePage.settings.task === 'digits'"
SHIFTS = """() => new Promise((done) => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) window.shifts.push(value);
  }).observe({ type: "layout-shift" });
  done();
})"""


def places(page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    found = surface(page).evaluate(PLACES)
    assert found["wide"] <= width
    for part in [*found["charts"], *found["buttons"], *found["labels"], found["summary"]]:
        assert 0 <= part["left"] <= part["right"] <= width
    for head, chart, label in zip(found["heads"], found["charts"], found["labels"], strict=True):
        assert head["bottom"] <= chart["top"] + 1
        assert label["bottom"] <= chart["top"] + 1
    return found


def test_the_lanes_and_what_compares_them_are_in_sight_at_a_first_visit(open_page):
    page = open_page(microphone=False, first_visit=True)
    wait_for(page, lambda: token(page) > 3)
    page.get_by_test_id("lane-full").get_by_text("recomputes the whole window").wait_for()
    assert_in_sight(page)
    # The window is full: low rank takes thousands of times fewer operations, and wins.
    ratio = page.get_by_test_id("summary").locator("[data-value=ratio]").text_content()
    assert int(ratio[:-1].replace(",", "")) > 1_000
    assert "Fewest operations: lane 2" in page.get_by_test_id("winner").text_content()
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_test_id("add-exact").click()
    page.get_by_test_id("lane-continual").wait_for()
    page.get_by_test_id("task-digits").click()
    wait_for(page, lambda: surface(page).evaluate(BEGUN))  # with the lanes that there are
    page.get_by_test_id("lane-continual").locator("[data-lane=remove]").click()
    page.get_by_test_id("lane-continual").wait_for(state="detached")
    wait_for(page, lambda: token(page) > 3)
    page.evaluate(SHIFTS)
    assert_in_sight(page)
    # Warm-up ends, then a source begins: nothing moves.
    page.set_viewport_size({"width": 1280, "height": 720})
    page.wait_for_timeout(300)
    page.evaluate("window.shifts.length = 0")
    surface(page).evaluate("root => root.livePage.socket.send({ type: 'fast', fast: true })")
    wait_for(page, lambda: token(page) > 125)
    page.wait_for_timeout(300)
    surface(page).evaluate("root => root.livePage.sources.playSample()")
    wait_for(page, lambda: 0 <= token(page) < 120)
    page.wait_for_timeout(300)
    assert page.evaluate("window.shifts") == []


def assert_in_sight(page):
    """Lanes and comparison are on the first screen, at every size."""
    for width, height in ((1280, 720), (1400, 900)):
        found = places(page, width, height)
        assert len({round(button["top"] + button["bottom"]) for button in found["buttons"]}) == 1
        assert found["controls"]["bottom"] <= found["summary"]["top"]
        for lane, chart in zip(found["lanes"], found["charts"], strict=True):
            assert found["summary"]["bottom"] <= lane["top"] <= 200
            assert chart["bottom"] <= height
    found = places(page, 390, 844)
    first, second = found["lanes"]
    assert found["summary"]["bottom"] <= first["top"]
    assert first["bottom"] <= second["top"]
    # What plays is at the bottom of the first screen, below both strips.
    assert found["charts"][1]["top"] + found["strip"] <= found["controls"]["top"]
    assert found["controls"]["bottom"] <= 844
    assert page.get_by_test_id("play").is_visible()


def test_presenting_shows_the_lanes_alone_until_escape(open_page):
    page = open_page(microphone=False, viewport={"width": 1280, "height": 720})
    wait_for(page, lambda: token(page) > 3)
    usual = surface(page).evaluate(PLACES)
    page.keyboard.press("p")
    page.get_by_test_id("present-end").wait_for()
    assert page.get_by_test_id("play").is_hidden()
    shown = surface(page).evaluate(PLACES)
    for before, chart in zip(usual["charts"], shown["charts"], strict=True):
        assert chart["bottom"] - chart["top"] > 1.2 * (before["bottom"] - before["top"])
        assert chart["bottom"] <= 720
    # Nothing lies above it.
    top = "() => document.elementFromPoint(20, 20).dataset.testid ?? 'none'"
    assert page.evaluate(top) != "stHeader"
    page.keyboard.press("Escape")
    page.get_by_test_id("play").wait_for()
