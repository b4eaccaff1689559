"""The routes beside the pages, and what browsers are told that the app may do."""

from unittest.mock import Mock

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from cla.view import live_app
from cla.view.headers import middleware


@pytest.mark.parametrize(
    ("base", "place"), [("", "/cla"), ("demo", "/demo/cla"), ("/a/b/", "/a/b/cla")]
)
def test_routes_lie_beside_the_pages(base, place, monkeypatch):
    monkeypatch.setattr(live_app, "live_server", lambda: Mock(routes=list))
    monkeypatch.setattr(live_app.st, "get_option", {"server.baseUrlPath": base}.get)
    (mount,) = live_app.routes()
    assert mount.path == place


@pytest.mark.parametrize(
    "path", ["../live_app.py", "..%2flive_app.py", "%2e%2e/../texts/en.toml", "/etc/passwd"]
)
@pytest.mark.parametrize("root", ["static", "clips"])
def test_static_routes_serve_their_own_folder_alone(path, root):
    with TestClient(Starlette(routes=live_app.routes())) as client:
        assert client.get(f"/cla/{root}/{path}").status_code in (404, 400)


def test_every_answer_carries_the_policy():
    async def page(_):
        return PlainTextResponse("x")

    app = Starlette(routes=[Route("/", page)], middleware=middleware())
    with TestClient(app) as client:
        for path in ("/", "/missing"):
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "'unsafe-eval'" not in policy
            assert "script-src 'self' blob: 'sha256-" in policy
            assert headers["x-content-type-options"] == "nosniff"
