"""The Live page as a user meets it."""

import numpy as np
import pytest
import soundfile
from live_surface import LANES, heard, matches, surface, token, token_at_rest, wait_for

from cla.capture import sample_clips

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

DIGITS = [word.label for word in sample_clips()[0].words]


def test_a_sample_starts_by_itself_and_both_lanes_read_it(open_page):
    page = open_page(microphone=False)
    wait_for(page, lambda: "ended" in (page.get_by_test_id("time").text_content() or ""))
    for lane in LANES:
        assert matches(heard(page, lane), DIGITS) >= 9
    assert (
        float(
            page.get_by_test_id("summary")
            .locator("[data-value=ratio]")
            .text_content()[:-1]
            .replace(",", "")
        )
        > 100
    )
    assert "exact continual attention" in page.get_by_test_id("winner").text_content()


def test_the_microphone_is_read_in_both_lanes(open_page):
    page = open_page()
    wait_for(page, lambda: token(page) > 0)
    page.get_by_test_id("microphone").click()
    wait_for(page, lambda: all(matches(heard(page, lane), DIGITS) >= 8 for lane in LANES), 60)
    assert page.get_by_test_id("notice").is_hidden()
    assert "Fake" in (page.get_by_test_id("time").text_content() or "")
    page.get_by_test_id("microphone").get_by_text("Stop microphone").click()
    page.get_by_test_id("time").get_by_text("ended").wait_for()
    token_at_rest(page)
    assert page.get_by_test_id("microphone").text_content() == "Microphone"


def test_controls_act_at_once_and_without_a_gap(open_page):
    page = open_page(microphone=False, query="/?more=1")
    wait_for(page, lambda: token(page) > 5)
    before = page.get_by_test_id("ops-continual_nystrom").text_content()
    page.get_by_test_id("landmarks").fill("5")
    wait_for(page, lambda: page.get_by_test_id("ops-continual_nystrom").text_content() != before)
    assert page.get_by_test_id("landmarks-value").text_content() == "64"
    page.get_by_test_id("mode").select_option("continual")
    page.get_by_test_id("pause").click()
    wait_for(page, lambda: page.get_by_test_id("pause").text_content() == "Resume")
    still = token_at_rest(page)
    page.get_by_test_id("step").click()
    wait_for(page, lambda: token(page) == still + 1)
    page.get_by_test_id("maps").check()
    page.get_by_test_id("pause").click()
    wait_for(page, lambda: token(page) > still + 3)
    page.get_by_test_id("map-delta").wait_for()
    page.get_by_test_id("reset").click()
    wait_for(page, lambda: 0 <= token(page) < still)


def test_settings_on_their_way_do_not_turn_back_what_was_just_moved(open_page):
    page = open_page(microphone=False, query="/?more=1")
    wait_for(page, lambda: token(page) > 0)
    page.get_by_test_id("fast").wait_for()
    show_late = """root => {
        const page = root.livePage, late = page.settings, fast = page.byId("fast");
        fast.click();
        page.show(late, page.lanes);
        return fast.checked;
    }"""
    assert surface(page).evaluate(show_late) is True
    page.wait_for_timeout(1500)
    assert page.get_by_test_id("fast").is_checked()
    slow = "({ livePage: page }) => page.show({...page.settings, fast: false}, page.lanes)"
    surface(page).evaluate(slow)
    assert not page.get_by_test_id("fast").is_checked()


def test_the_page_says_by_what_lanes_step(open_page):
    page = open_page(microphone=False)
    page.get_by_test_id("path").get_by_text("compiled kernels").wait_for()


def test_an_upload_is_played(open_page, recording, tmp_path):
    page = open_page(microphone=False)
    wait_for(page, lambda: token(page) > 20)
    page.get_by_test_id("upload").set_input_files(str(recording))
    wait_for(page, lambda: 0 <= token(page) < 15)
    wait_for(page, lambda: heard(page, "full")[:1] == DIGITS[:1])
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"this is no sound")
    page.get_by_test_id("upload").set_input_files(str(bad))
    page.get_by_test_id("notice").get_by_text("not a sound file").wait_for()
    assert heard(page, "full")[:1] == DIGITS[:1]
    page.get_by_test_id("time").get_by_text("ended").wait_for()
    assert recording.name in page.get_by_test_id("time").text_content()


def test_a_file_that_is_too_large_is_told_of_while_the_one_before_plays_on(open_page, tmp_path):
    page = open_page(microphone=False)
    wait_for(page, lambda: heard(page, "full"))
    large = tmp_path / "large.wav"
    with large.open("wb") as file:
        file.truncate(51 * 2**20)
    page.get_by_test_id("upload").set_input_files(str(large))
    page.get_by_test_id("notice").get_by_text("large.wav").wait_for()
    at = token(page)
    wait_for(page, lambda: token(page) > at + 3)


def test_what_an_upload_holds_amiss_is_told(open_page, tmp_path):
    page = open_page(microphone=False)
    wait_for(page, lambda: token(page) > 0)
    half = tmp_path / "half.wav"
    soundfile.write(half, np.zeros(16_000, np.int16), 16_000)
    content = bytearray(half.read_bytes())
    content[40:44] = (16_000).to_bytes(4, "little")
    half.write_bytes(content)
    page.get_by_test_id("upload").set_input_files(str(half))
    page.get_by_test_id("notice").get_by_text("says less than the file holds").wait_for()


def test_a_refused_microphone_is_explained(open_page):
    page = open_page(microphone=False)
    wait_for(page, lambda: token(page) > 0)
    page.get_by_test_id("microphone").click()
    page.get_by_test_id("notice").get_by_text("refused the microphone").wait_for()
    at = token(page)
    wait_for(page, lambda: token(page) > at + 3)
    page.keyboard.press("Escape")
    page.get_by_test_id("notice").wait_for(state="hidden")


def test_what_an_address_asks_for_in_vain_is_told(open_page):
    page = open_page(microphone=False, query="/?task=nonsense&foo=1")
    page.get_by_test_id("notice").get_by_text("task=nonsense, foo=1").wait_for()
    wait_for(page, lambda: token(page) > 3)


def test_a_long_name_does_not_widen_the_page(open_page, recording, tmp_path):
    page = open_page(microphone=False, viewport={"width": 390, "height": 844})
    wait_for(page, lambda: token(page) > 3)
    long = tmp_path / f"{'long' * 55}.wav"
    long.write_bytes(recording.read_bytes())
    page.get_by_test_id("upload").set_input_files(str(long))
    wait_for(page, lambda: "longlong" in page.get_by_test_id("time").text_content())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_two_tabs_do_not_meet(open_page):
    first, second = open_page(microphone=False), open_page(microphone=False, query="/?clip=italian")
    wait_for(first, lambda: token(first) > 3)
    wait_for(second, lambda: token(second) > 3)
    first.get_by_test_id("pause").click()
    still = token(second)
    wait_for(second, lambda: token(second) > still + 5)


def test_narrow_and_dark_pages_draw(open_page):
    page = open_page(microphone=False, color_scheme="dark", viewport={"width": 380, "height": 800})
    wait_for(page, lambda: token(page) > 3)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 380


def test_nothing_goes_wrong_before_the_server_has_said_what_there_is(open_page):
    page = open_page(microphone=False)
    surface(page).wait_for()
    page.add_init_script(
        """const Real = WebSocket;
        window.WebSocket = function (url, ...more) {
          if (!String(url).includes("/cla/")) return new Real(url, ...more);
          return Object.assign(new EventTarget(), { send() {}, close() {}, readyState: 0 });
        };"""
    )
    page.reload()
    surface(page).wait_for()
    errors = []
    page.on("pageerror", lambda error: errors.append(error.stack))
    surface(page).evaluate(
        "root => root.querySelectorAll(`button, input`).forEach(one => one.click())"
    )
    for key in (" ", "s", "x", "r", "1", "-", "+"):
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert token(page) == -1
    assert not errors
