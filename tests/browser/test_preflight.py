"""The Preflight page says what works here, and what mends what does not."""

import pytest
from test_walks import serious_findings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def state(page, name, is_state):
    page.locator(f'[data-testid="check-{name}"][data-state="{is_state}"]').wait_for(timeout=60_000)
    return page.get_by_test_id(f"check-{name}").text_content()


def test_what_works_is_found(open_page):
    page = open_page(camera=True, query="/preflight")
    for name in ("secure", "browser", "websocket"):
        state(page, name, "good")
    page.get_by_test_id("try-devices").click()
    assert "ake" in state(page, "microphone", "good")
    assert "signs" in state(page, "camera", "good")
    assert not serious_findings(page)


def test_what_does_not_work_is_explained(open_page):
    page = open_page(microphone=False, query="/preflight?lang=de")
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { get: () => false })")
    page.reload()
    assert "HTTPS" in state(page, "secure", "bad")
    page.get_by_test_id("try-devices").click()
    assert "https" in state(page, "microphone", "bad")
    assert not serious_findings(page)
