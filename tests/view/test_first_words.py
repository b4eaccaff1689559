"""Something is said on a page before Streamlit's scripts have come."""

from pathlib import Path

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from cla.view import middleware

STATIC = Path(st.__file__).parent / "static"
PAGE = {"accept": "text/html,*/*", "accept-encoding": "gzip"}


@pytest.fixture
def client():
    inner = Starlette(
        routes=[
            Route("/text", lambda _: PlainTextResponse('<div id="root"></div>')),
            Mount("/", StaticFiles(directory=STATIC, html=True)),
        ],
        middleware=[Middleware(GZipMiddleware)],
    )
    return TestClient(Starlette(routes=[Mount("/", inner)], middleware=middleware()))


@pytest.mark.parametrize(
    ("address", "language", "words"),
    [
        ("/", "en-US,en;q=0.9", "CLA is starting"),
        ("/", "de-AT,en;q=0.9", "CLA startet"),
        ("/?lang=de", "en", "CLA startet"),
    ],
)
def test_a_page_says_that_it_starts_in_its_language(client, address, language, words):
    answer = client.get(address, headers={**PAGE, "accept-language": language})
    assert f"{words} ...</p></div>" in answer.text
    assert answer.text.endswith("</html>\n") or answer.text.rstrip().endswith("</html>")
    assert "Accept-Language" in answer.headers["vary"]
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_all_else_is_left_as_it_is(client):
    assert client.get("/text", headers=PAGE).text == '<div id="root"></div>'
    script = next((STATIC / "static" / "js").glob("index.*.js"))
    answer = client.get(f"/static/js/{script.name}", headers={"accept": "*/*"})
    assert answer.content == script.read_bytes()
    assert client.head("/", headers=PAGE).status_code == 200
