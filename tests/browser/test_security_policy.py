"""Every page works under the Content-Security-Policy that the app sends."""

import pytest
from live_surface import token, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PAGES = ("", "clips", "cost")


@pytest.mark.parametrize("name", PAGES)
def test_no_page_does_what_the_policy_forbids(open_page, server, name):
    page = open_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    answer = page.goto(f"{server}/{name}")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    page.set_default_timeout(60_000)
    page.get_by_role("heading", level=2).wait_for()
    if not name:
        wait_for(page, lambda: token(page) > 0, 40)
        page.get_by_test_id("microphone").click()
        page.get_by_test_id("microphone").get_by_text("Stop").wait_for()
        wait_for(page, lambda: token(page) > 0)
    else:
        page.wait_for_timeout(3_000)
    assert [text for text in complaints if "Security Policy" in text] == []
