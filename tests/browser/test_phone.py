"""A server of this network, opened over TLS by a Chromium that trusts the local authority alone."""

import shutil
import socket
import ssl
import stat
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from serving_process import cla_serve, health

import cla.client
from cla.capture import sample_clips
from cla.server import authority, lan
from cla.server.lan import Lan, private_address

ROOT = "examples/phone.html"
HERE = "127.0.0.1"


def free_port():
    """A port whose next one is free too."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind((HERE, 0))
            port = one.getsockname()[1]
            try:
                other.bind((HERE, port + 1))
            except OSError:
                continue
            return port


@pytest.fixture(scope="module")
def phones(tmp_path_factory):
    """A server for phones: its folder, port and address."""
    home = tmp_path_factory.mktemp("data")
    port = free_port()
    options = ("--lan", HERE, "--page", ROOT)
    with cla_serve(*options, port=port, XDG_DATA_HOME=str(home)) as (_, url):
        yield home / "cla" / "authority", port, url


def test_keys_are_for_their_owner_and_the_authority_for_private_addresses(phones):
    folder, _, url = phones
    for name in ("authority-key.pem", "server-key.pem"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    trusting = ssl.create_default_context(cafile=folder / "authority.pem")
    assert health(url, trusting)["status"] == "ready"
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        health(url)


def test_the_authority_cannot_vouch_for_the_rest_of_the_world(tmp_path):
    made = authority.Authority(tmp_path, lan.NETWORKS)
    for name, fit in (
        ("192.168.1.5", True),
        ("box.local", True),
        ("8.8.8.8", False),
        ("a.com", False),
    ):
        chain = made.vouch([name]).chain
        command = ["openssl", "verify", "-CAfile", str(made.path), str(chain)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode == 0) is fit, name
        assert fit or "permitted subtree violation" in done.stderr


def test_a_phone_gets_the_authority_and_the_steps_over_plain_http(phones):
    folder, port, url = phones
    plain = f"http://{HERE}:{port + 1}/"
    request = urllib.request.Request(plain, headers={"Accept-Language": "de-AT,de;q=0.9"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        page = answer.read().decode()
    assert url in page
    assert "Zertifikatsvertrauenseinstellungen" in page
    with urllib.request.urlopen(f"{plain}authority.crt", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "application/x-x509-ca-cert"
        found = x509.load_der_x509_certificate(answer.read())
    assert found == x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes())
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{plain}authority-key.pem", timeout=10)


def test_the_python_client_trusts_it_when_told(phones):
    folder, _, url = phones
    source = cla.client.sample(sample_clips()[0].name)
    records = cla.client.stream(url, source, authority=str(folder / "authority.pem"))
    assert next(records)["type"] == "hello"
    records.close()
    with pytest.raises(ssl.SSLError):
        next(cla.client.stream(url, source, give_up_s=0))


@pytest.mark.browser
@pytest.mark.timeout(180)
@pytest.mark.skipif(shutil.which("certutil") is None, reason="there is no certutil here")
def test_a_browser_that_trusts_it_hears_over_tls(phones, recording, tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    folder, _, url = phones
    trusted = tmp_path / ".pki" / "nssdb"
    trusted.mkdir(parents=True)
    store = f"sql:{trusted}"
    subprocess.run(["certutil", "-N", "-d", store, "--empty-password"], check=True)
    add = ["certutil", "-A", "-d", store, "-n", "CLA", "-t", "C,,"]
    subprocess.run([*add, "-i", str(folder / "authority.pem")], check=True)
    flags = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    flags.append(f"--use-file-for-fake-audio-capture={recording}%noloop")

    def walk():
        with sync_api.sync_playwright() as playwright:
            for home, trusts in ((tmp_path, True), (tmp_path / "other", False)):
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=flags, env={"HOME": str(home)}
                )
                page = browser.new_page()
                if not trusts:
                    with pytest.raises(sync_api.Error, match="ERR_CERT_AUTHORITY_INVALID"):
                        page.goto(url)
                else:
                    page.goto(url)
                    assert page.evaluate("isSecureContext")
                    page.get_by_role("button", name="Listen").click()
                    heard = page.get_by_role("status")
                    heard.get_by_text(sample_clips()[0].words[0].label).wait_for()
                browser.close()

    with ThreadPoolExecutor(1) as pool:  # another browser's loop may run in this thread
        pool.submit(walk).result()


def test_addresses_that_are_not_private_are_refused():
    for address in ("8.8.8.8", "example.com", "::1"):
        with pytest.raises(Exception, match="no private address"):
            private_address(address)
    assert Lan("192.168.1.5", 8600, "?token=t").url == "https://192.168.1.5:8600/?token=t"
