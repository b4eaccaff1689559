"""Where the named parts of a page beside Live stand, by what was approved.

After a change that is wanted: APPROVE=1 pytest -n0 tests/browser/test_walks.py -k accessible
"""

import json
import os
from itertools import combinations
from pathlib import Path

import pytest
from live_surface import wait_for

APPROVED = Path(__file__).with_name("page_places.json")
ACROSS, DOWN = 16, 40
"""Pixels; fonts, and with them how texts wrap, differ from one machine to the next."""
SIZES = {"1400x900": (1400, 900), "1280x720": (1280, 720), "390x844": (390, 844)}
MEASURED = ("numbers",)
"""Parts whose size follows from what was measured: they have no approved place."""
PARTS = """main => {
  const paths = {
    title: "h2", heading: "h3", numbers: '[data-testid="stMetric"]', chart: ".js-plotly-plot",
    drawn: '[data-testid^="stBidiComponent"]', notice: '[data-testid="stAlert"]',
  };
  const found = {};
  for (const [name, path] of Object.entries(paths)) {
    [...main.querySelectorAll(path)].forEach((part, at) => {
      const { left, top, right, bottom } = part.getBoundingClientRect();
      const down = main.scrollTop;
      if (right - left < 2 || bottom - top < 2) return;
      found[`${name} ${at + 1}`] = [left, top + down, right, bottom + down].map(Math.round);
    });
  }
  return found;
}"""
CUT_OFF = """main => [...main.querySelectorAll(
    'h2, h3, button, td, th, label, [data-testid^="stMetric"] *')]
  .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1)
  .filter((one) => getComputedStyle(one).overflowX !== "visible")
  .map((one) => one.textContent)"""


def assert_in_place(page, name):
    """Nothing is cut off, on another part, beside the page, or elsewhere than it was approved."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        found = _parts_at_rest(page)
        assert page.get_by_test_id("stMain").evaluate(CUT_OFF) == [], size
        for part, (left, _, right, _) in found.items():
            assert 0 <= left <= right <= width, f"{part} leaves the page of {size}"
        for (one, a), (other, b) in combinations(found.items(), 2):
            across = min(a[2], b[2]) - max(a[0], b[0])
            down = min(a[3], b[3]) - max(a[1], b[1])
            assert across <= 1 or down <= 1, f"{one} lies on {other} at {size}"
        found = {part: at for part, at in found.items() if part.split()[0] not in MEASURED}
        approved = json.loads(APPROVED.read_text("utf-8"))
        if "APPROVE" in os.environ:
            approved[f"{name} {size}"] = found
            rows = [f'  "{state}": {json.dumps(places)}' for state, places in approved.items()]
            APPROVED.write_text("{\n" + ",\n".join(rows) + "\n}\n", "utf-8")
        places = approved[f"{name} {size}"]
        assert set(found) == set(places), size
        for part, (left, top, right, bottom) in places.items():
            assert found[part][::2] == pytest.approx([left, right], abs=ACROSS), (size, part)
            assert found[part][1::2] == pytest.approx([top, bottom], abs=DOWN), (size, part)


def _parts_at_rest(page):
    """The places of all parts, once they stay."""
    main, seen = page.get_by_test_id("stMain"), []

    def still():
        page.wait_for_timeout(200)
        seen.append(main.evaluate(PARTS))
        return seen[-4:] == [seen[-1]] * 4

    wait_for(page, still)
    return seen[-1]
