"""Sound that the browser stops goes on by itself, or after a press that the page asks for."""

import pytest
from live_surface import surface, token, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

ASKS = "The browser holds the sound back: click or touch the page, or press a key."
MICROPHONE = "root => root.livePage.sources.microphone.context"


def test_a_microphone_goes_on_by_itself_or_after_a_press(open_page):
    page = open_page()
    wait_for(page, lambda: token(page) > 0)
    page.get_by_test_id("microphone").click()
    page.get_by_test_id("microphone").get_by_text("Stop").wait_for()
    wait_for(page, lambda: token(page) > 5)
    context = surface(page).evaluate_handle(MICROPHONE)
    notice = page.get_by_test_id("notice")

    context.evaluate("async context => { await context.suspend(); }")
    context.evaluate("""async context => {
        while (context.state !== "running") await new Promise((done) => setTimeout(done, 10));
    }""")
    before = token(page)
    wait_for(page, lambda: token(page) > before + 3)

    # A call: the state is another, and resume() is refused until it is over.
    context.evaluate("""async context => {
        context.resume = () => Promise.reject(new DOMException("a call", "InvalidStateError"));
        Object.defineProperty(context, "state", { get: () => "interrupted", configurable: true });
        await context.suspend();
    }""")
    notice.get_by_text(ASKS).wait_for()
    before = token(page)
    page.wait_for_timeout(500)
    assert token(page) <= before + 1
    context.evaluate("context => { delete context.resume; delete context.state; }")
    page.keyboard.press("Shift")
    notice.get_by_text("The browser held the sound back").wait_for()
    wait_for(page, lambda: token(page) > before + 10)


def test_a_clip_that_may_not_be_heard_yet_is_heard_from_the_press_on(open_page):
    page = open_page(microphone=False)
    page.add_init_script("""
        const play = HTMLMediaElement.prototype.play;
        HTMLMediaElement.prototype.play = function () {
          if (window.pressed) return play.call(this);
          return Promise.reject(new DOMException("no press", "NotAllowedError"));
        };
        addEventListener("pointerup", () => { window.pressed = true; }, true);
    """)
    page.goto(f"{page.url.split('?')[0]}?sound=1")
    wait_for(page, lambda: token(page) > 15)
    notice = page.get_by_test_id("notice")
    notice.get_by_text(ASKS).wait_for()
    page.get_by_role("heading", level=2).click()
    notice.wait_for(state="hidden")
    heard = surface(page).evaluate_handle("root => root.livePage.sources.file.audio")
    wait_for(page, lambda: heard.evaluate("audio => !audio.paused && audio.currentTime > 1"))
