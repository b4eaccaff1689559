"""The same walk in Firefox: it plays, sees, draws, and opens pages without a complaint."""

import firefox
import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(firefox.BINARY is None, reason="there is no Firefox on this machine"),
]

PAGES = ("clips", "teach", "learn", "sessions")
"""Those that do not measure for long."""
ROOT = """[...document.querySelectorAll("*")].map(({ shadowRoot }) => shadowRoot)
  .find((root) => root?.querySelector("[data-testid=cla-live]"))"""
LIVE = f"({ROOT})?.querySelector('[data-testid=cla-live]')"


def part(name):
    return f"({ROOT}).querySelector('[data-testid={name}]')"


def test_firefox_plays_sees_and_opens_pages(server, tmp_path):
    with firefox.firefox(tmp_path) as browser:
        browser.size(1280, 720)
        browser.open(server)
        browser.wait_for(f"Number({LIVE}?.dataset.token) > 20", 120)
        strip = f"({ROOT}).querySelector('.lane canvas')"
        assert browser.evaluate(f"{strip}.getBoundingClientRect().bottom") <= 720
        colors = (
            f"new Set({strip}.getContext('2d').getImageData(0, 0, {strip}.width, 200).data).size"
        )
        assert browser.evaluate(colors) > 20
        # Without a sound card its audio stands still: that it would listen is all that can be seen.
        browser.evaluate(f"{part('microphone')}.click()")
        browser.wait_for(f"{part('microphone')}.textContent === 'Stop microphone'")
        browser.evaluate(f"{part('task-hands')}.click()")
        browser.wait_for(f"{LIVE}.livePage.token?.token > 5")
        browser.evaluate(f"{part('camera')}.click()")
        browser.wait_for(f"{LIVE}.livePage.settings.source === 'camera'")
        browser.wait_for(f"{LIVE}.livePage.token?.token > 5")
        browser.evaluate(f"{part('present')}.click()")
        browser.wait_for(f"{part('present-end')}.getBoundingClientRect().width > 0")
        browser.size(390, 844)
        assert browser.evaluate("document.documentElement.scrollWidth") <= 390
        for page in PAGES:
            browser.open(f"{server}/{page}")
            browser.wait_for("Boolean(document.querySelector('h2'))")
            browser.wait_for(
                "document.querySelector('[data-testid=stApp]').dataset.testScriptState"
                " === 'notRunning'",
                120,
            )
            assert browser.evaluate("document.documentElement.scrollWidth") <= 390, page
            assert not browser.evaluate(
                "[...document.querySelectorAll('[data-testid=stException]')].length"
            ), page
        # Streamlit's own pages try WebAssembly, which ours forbid, and do without; its fonts and
        # scripts on their way are given up when the next page is opened.
        known = ("WebAssembly", "downloadable font: download failed", "/static/js/PlotlyChart")
        assert [text for text in browser.said if not any(one in text for one in known)] == []
