"""Lanes come, change and go: the others keep what they show, a new one brings its past."""

import pytest
from live_surface import surface, token, token_at_rest, wait_for

pytestmark = pytest.mark.browser

SHOWN = """root => [...root.livePage.board.panels.values()].map(({ view, key }) => ({
  key, tokens: view.tokens.length, first: view.tokens[0]?.index, newest: view.newest,
  notes: view.notes.map(({ text }) => text),
}))"""
LOW = {"kind": "continual_nystrom", "num_landmarks": 16, "landmark_mode": "fixed"}


def shown(page):
    return surface(page).evaluate(SHOWN)


def send_lanes(page, lanes):
    surface(page).evaluate("(root, lanes) => root.livePage.sendLanes(lanes)", lanes)
    wait_for(page, lambda: len(shown(page)) == len(lanes))


def add_lane(page):
    before = len(shown(page))
    page.get_by_test_id("add-lane").click()
    wait_for(page, lambda: len(shown(page)) == before + 1)


def test_a_paused_stream_s_new_lane_has_its_past_and_others_keep_theirs(open_page):
    page, said = open_page(microphone=False, query="/?more=1"), []
    page.on("pageerror", lambda error: said.append(str(error)))
    wait_for(page, lambda: token(page) > 30)
    page.get_by_test_id("pause").click()
    newest = token_at_rest(page)
    before = shown(page)
    add_lane(page)
    full, low, third = shown(page)
    assert [full["key"], low["key"]] == [lane["key"] for lane in before]
    assert full["tokens"] == low["tokens"] == third["tokens"] == newest + 1
    assert third["notes"] == ["joined"]
    # One more while the charts are frozen, then one leaves: what stays has lost nothing.
    page.get_by_test_id("freeze").click()
    page.get_by_test_id("frozen").wait_for()
    assert page.get_by_test_id("maps").is_disabled()
    page.get_by_test_id("pause").click()
    wait_for(page, lambda: token(page) > newest + 5)
    add_lane(page)
    assert {lane["newest"] for lane in shown(page)} == {newest}
    assert shown(page)[3]["tokens"] == newest + 1
    page.get_by_test_id("thaw").click()
    assert len({lane["newest"] for lane in shown(page)}) == 1
    send_lanes(page, [{"kind": "full"}, LOW])
    kept = shown(page)
    assert [lane["key"] for lane in kept] == [lane["key"] for lane in before]
    assert all(lane["first"] == 0 and lane["tokens"] == lane["newest"] + 1 for lane in kept)
    page.get_by_test_id("landmarks").fill("1")
    wait_for(page, lambda: len(shown(page)[1]["notes"]) > len(kept[1]["notes"]))
    assert [lane["first"] for lane in shown(page)] == [0, 0]
    assert said == []
