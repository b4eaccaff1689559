"""Every two kinds of attention side by side, a registered one too: drawn, and no token lost."""

from itertools import combinations

import pytest
from live_surface import surface, token, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

KINDS = ("full", "continual", "nystrom", "continual_nystrom", "mean")
COUNT_DROPPED = """root => {
    const { board } = root.livePage, push = board.push.bind(board);
    window.dropped = 0;
    board.push = (...token) => push(...token) || (window.dropped += 1, false);
}"""
SEND = "(root, lanes) => root.livePage.sendLanes(lanes)"
SHOWN = "root => root.livePage.token?.lanes.map(({ lane }) => lane).join()"


def lane(kind, marks=None, mode="fixed"):
    return {"kind": kind, "num_landmarks": marks, "landmark_mode": mode}


PAIRS = [
    *(([lane(a, 16), lane(b, 16)], f"{a},{b}") for a, b in combinations(KINDS, 2)),
    ([lane("nystrom", 16), lane("nystrom", 8)], "nystrom:16,nystrom:8"),
    (
        [lane("continual_nystrom", 16), lane("continual_nystrom", 16, "continual")],
        "continual_nystrom/fixed:16,continual_nystrom/continual:16",
    ),
]


def test_every_pair_is_drawn_without_an_error_or_a_lost_token(open_page):
    page = open_page(microphone=False, query="/?more=1")
    said = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda told: told.type == "error" and said.append(told.text))
    wait_for(page, lambda: token(page) > 0)
    surface(page).evaluate(COUNT_DROPPED)
    for lanes, names in PAIRS:
        page.get_by_test_id("play").click()
        wait_for(page, lambda: 0 <= token(page) < 40)
        surface(page).evaluate(SEND, lanes)
        wait_for(page, lambda names=names: surface(page).evaluate(SHOWN) == names)
        assert page.get_by_test_id("notice").is_hidden()
        if page.get_by_test_id("mode").is_enabled():
            page.get_by_test_id("mode").select_option("continual")
        if page.get_by_test_id("landmarks").is_enabled():
            page.get_by_test_id("landmarks").fill("1")
            before = token(page)
            wait_for(page, lambda before=before: token(page) > before + 2)
    assert said == []
    assert page.evaluate("window.dropped") == 0
