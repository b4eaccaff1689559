"""Answers to browsers: headers that limit what pages may do, and a page's first words."""

import base64
import hashlib
import re
from html import escape
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cla.texts import Texts, choose

LANGUAGE_KEY = "lang"
EMPTY = b'<div id="root"></div>'
STYLE = "font-family: sans-serif; max-width: 60rem; margin: 6rem auto; padding: 0 1rem; color: #777"
"""Gray is read on either theme's ground."""
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class FirstWords:
    """Writes a sentence into the element that Streamlit's scripts fill when they have come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asked = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if "text/html" not in asked.get("accept", ""):
            await self._app(scope, receive, send)
            return
        held: list[Message] = []
        body = bytearray()

        async def send_page(message: Message) -> None:
            if message["type"] == "http.response.start":
                if "text/html" in Headers(raw=message["headers"]).get("content-type", ""):
                    held.append(message)
                else:
                    await send(message)
                return
            if not held:
                await send(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                content = bytes(body).replace(EMPTY, _words(scope), 1)
                answer = MutableHeaders(scope=held[0])
                if body:
                    answer["content-length"] = str(len(content))
                answer.add_vary_header("Accept-Language")
                await send(held[0])
                await send({**message, "body": content})

        # Compressed it could not be written into; it is a short page.
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self._app({**scope, "headers": plain}, receive, send_page)


def _words(scope: Scope) -> bytes:
    wished = QueryParams(scope["query_string"]).get(LANGUAGE_KEY)
    say = Texts(choose(wished, Headers(scope=scope).get("accept-language", "").partition(",")[0]))
    return f'<div id="root"><p style="{STYLE}">{escape(say("frame.starting"))}</p></div>'.encode()


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
