"""The first words of a page: there before Streamlit's scripts are."""

from html import escape

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cla.texts import Texts, choose

LANGUAGE_KEY = "lang"
EMPTY = b'<div id="root"></div>'
STYLE = "font-family: sans-serif; max-width: 60rem; margin: 6rem auto; padding: 0 1rem; color: #777"
"""Gray is read on either theme's ground."""


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
