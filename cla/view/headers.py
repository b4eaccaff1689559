"""HTTP headers that limit what pages of this app may do in a browser."""

import base64
import hashlib
import re
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cla.view.first_words import FirstWords

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def content_security_policy() -> str:
    """Nothing from elsewhere, and no script but the app's own.

    Streamlit writes styles into the page, runs a component's first script from a blob, and reads
    what its recorder took from one; of scripts that stand in its page itself, only those that it
    comes with are let in.
    """
    page = (Path(st.__file__).parent / "static" / "index.html").read_text("utf-8")
    own = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE.findall(page)
    ]
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["script-src 'self' blob:", *own]),
            "style-src 'self' 'unsafe-inline'",
            "connect-src 'self' blob:",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        ]
    )


class SecurityHeaders:
    """Adds headers to every answer over HTTP."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = (
            ("Content-Security-Policy", content_security_policy()),
            ("Permissions-Policy", "camera=(self), microphone=(self), geolocation=(), usb=()"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in self._headers:
                    answer[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def middleware() -> list[Middleware]:
    """What stands between every request and the app."""
    return [Middleware(SecurityHeaders), Middleware(FirstWords)]
