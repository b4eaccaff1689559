"""Where the named parts of the Live page stand, by what was approved: a change of look is seen.

Positions are compared, not pictures. After a change that is wanted:
APPROVE=1 pytest -n0 tests/browser/test_places.py
"""

import json
import os
from itertools import combinations
from pathlib import Path

import pytest
from live_surface import surface, token, wait_for
from test_walks import ground, serious_findings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

APPROVED = Path(__file__).with_name("places.json")
TOLERANCE = 16
"""Pixels; fonts differ from one machine to the next."""
SIZES = {"1400x900": (1400, 900), "1280x720": (1280, 720), "390x844": (390, 844)}
PARTS = """root => {
  const place = (element) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    return right > left && bottom > top ? [left, top, right, bottom].map(Math.round) : null;
  };
  const named = (id) => root.querySelector(`[data-testid="${id}"]`);
  const parts = { title: root.querySelector("h2"), sources: root.querySelector(".sources") };
  const ids = ["summary", "winner", "landmarks", "window", "totals", "preview"];
  for (const id of ids) parts[id] = named(id);
  root.querySelectorAll(".lane").forEach((lane, at) => {
    const inLane = { name: "h3", label: ".label", chart: "canvas", costs: ".costs", facts: "dl" };
    for (const [name, path] of Object.entries(inLane)) {
      parts[`lane ${at + 1} ${name}`] = lane.querySelector(path);
    }
  });
  const found = Object.entries(parts).map(([name, element]) => [name, element && place(element)]);
  return Object.fromEntries(found.filter(([, where]) => where));
}"""
CUT_OFF = """root => [
    ...root.querySelectorAll("h2, h3, .cost strong, .cost span, .winner p, dt, dd, button"),
  ]
  .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.textContent)"""
STILL = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 300)))"


@pytest.fixture
def live(open_page):
    """Opens the page at rest, some tokens into its first sample; nothing must be complained of."""
    said = []

    def live(query=""):
        page = open_page(microphone=False, query=f"/{query}")
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda told: told.type == "error" and said.append(told.text))
        wait_for(page, lambda: token(page) > 20)
        page.keyboard.press("Space")
        return page

    yield live
    assert said == []


def parts(page, size):
    """The places of all parts, once they stand; none is cut off or lies on another."""
    width, height = size
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(STILL)
    found = surface(page).evaluate(PARTS)
    assert surface(page).evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name, (left, _, right, _) in found.items():
        assert 0 <= left <= right <= width, f"{name} leaves the page"
    for (one, a), (other, b) in combinations(found.items(), 2):
        if {one, other} & {"sources"}:
            continue  # on a phone it stays at hand, above what is scrolled
        across = min(a[2], b[2]) - max(a[0], b[0])
        down = min(a[3], b[3]) - max(a[1], b[1])
        assert across <= 1 or down <= 1, f"{one} lies on {other}"
    return found


def states(live):
    """Every state by its name, and the places of its parts."""
    found = {}
    for name, query in (("digits", ""), ("hands", "?clip=hand-signs")):
        page = live(query)
        for size, pixels in SIZES.items():
            found[f"{name} {size}"] = parts(page, pixels)
            page.emulate_media(color_scheme="dark")
            wait_for(page, lambda page=page: ground(page) == "dark")
            assert parts(page, pixels) == found[f"{name} {size}"], "a theme has colors alone"
            page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.keyboard.press("p")
    found["hands presented"] = parts(page, SIZES["1280x720"])
    return found


def test_parts_stand_where_they_were_approved(live):
    found = states(live)
    if "APPROVE" in os.environ:
        rows = [f'  "{name}": {json.dumps(places)}' for name, places in found.items()]
        APPROVED.write_text("{\n" + ",\n".join(rows) + "\n}\n", "utf-8")
    approved = json.loads(APPROVED.read_text("utf-8"))
    assert list(found) == list(approved)
    for state, places in found.items():
        assert set(places) == set(approved[state]), state
        for name, edges in places.items():
            assert edges == pytest.approx(approved[state][name], abs=TOLERANCE), (state, name)


def test_what_is_opened_over_the_page_is_accessible(live):
    page = live()
    for key, opened in (("w", "correct"), ("?", "key-help")):
        page.keyboard.press(key)
        page.get_by_test_id(opened).wait_for()
        assert not serious_findings(page), opened
        page.keyboard.press("Escape")
        page.get_by_test_id(opened).wait_for(state="hidden")
    page.get_by_test_id("what").click()
    assert page.locator(".pointer").count() == 6
    page.keyboard.press("Escape")
    page.get_by_role("heading", level=2).click()
    page.keyboard.press("f")
    page.keyboard.press("p")
    page.get_by_test_id("present-end").wait_for()
    assert not serious_findings(page)
