"""The app behind a real nginx with the shipped configuration, which ends TLS."""

import shutil
import ssl
import urllib.error
import urllib.request
from urllib.parse import urljoin

import pytest
from live_surface import surface, token, wait_for
from local_nginx import PREFIX, proxy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(shutil.which("nginx") is None, reason="there is no nginx on this machine"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here"),
]


@pytest.fixture(params=["", PREFIX], ids=["at the root", "below a path"])
def address(request, server, tmp_path):
    with proxy((server, server), tmp_path, prefix=bool(request.param)) as url:
        yield url


def status(url):
    """What nginx answers, redirections not followed."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    opener = urllib.request.build_opener(Stay, urllib.request.HTTPSHandler(context=trusting))
    try:
        return opener.open(url, timeout=20).status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location", "")


def test_pages_play_and_listen_behind_a_proxy(open_page, address):
    page = open_page(address=address)
    answers, sockets = [], []
    page.on("response", lambda answer: answers.append((answer.url, answer.status)))
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.reload()
    wait_for(page, lambda: token(page) > 0)
    page.get_by_test_id("microphone").click()
    page.get_by_test_id("microphone").get_by_text("Stop").wait_for()
    # Packets come from a worklet, whose script the browser fetches in its own way.
    heard = "root => root.livePage.sources.microphone.heard"
    wait_for(page, lambda: surface(page).evaluate(heard))
    assert page.get_by_test_id("notice").is_hidden()
    page.get_by_role("link", name="Clips").click()
    clip = page.get_by_test_id("cla-clip")
    wait_for(page, lambda: int(clip.get_attribute("data-token") or -1) > 0, 60)
    page.goto(f"{address}/preflight")
    page.locator('[data-testid="check-websocket"][data-state="good"]').wait_for()
    assert [answer for answer in answers if answer[1] >= 400 and "/_stcore/" not in answer[0]] == []
    ours = [url for url, _ in answers if "/cla/" in url]
    assert {"main.js", "count.flac"} <= {url.rsplit("/", 1)[1] for url in ours}
    assert [url for url in ours if not url.startswith(f"{address}/cla/")] == []
    live = f"{address}/cla/v1/live?".replace("https", "wss", 1)
    assert sum(url.startswith(live) for url in sockets) == 2


def test_what_stays_inside_and_where_redirections_lead(address):
    assert status(f"{address}/_stcore/health")[0] == 200
    assert status(f"{address}/cla/metrics")[0] == 404
    code, place = status(f"{address}/clips/")
    assert code == 301
    assert urljoin(f"{address}/clips/", place) == f"{address}/clips"
