"""What programs ask over HTTP: health, tasks and kinds, a clip run at once, the descriptions."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message

from cla.attention import KINDS
from cla.errors import ClaError
from cla.server.clip_run import ClipRun
from cla.server.described import asyncapi, openapi
from cla.server.formats import FORMATS, VERSION
from cla.server.greeting import said_tasks
from cla.server.host import Host
from cla.server.shown_lanes import DEFAULT_LANES
from cla.server.upload import MAX_BYTES
from cla.server.wire import why
from cla.texts import choose

FORM_BYTES = 64 * 1024
"""What a form may have beside its file."""
COME_AGAIN_S = 5
STATUSES: Mapping[str, int] = {
    "token_refused": 401,
    "origin_foreign": 403,
    "message_too_large": 413,
    "clips_busy": 503,
}
"""By the keys of errors; all others are the asker's."""


class HttpRoutes:
    """Answers over HTTP.

    Args:
        places: how many sessions there are and may be, and whether new ones can begin.
    """

    def __init__(self, host: Host, places: Callable[[], dict[str, Any]]) -> None:
        self._host = host
        self._places = places
        self._run_clip = ClipRun()

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route("/health", self._health),
            Route("/v1/models", self._answering(self._models)),
            Route("/v1/run", self._answering(self._run), methods=["POST"]),
            Route("/v1/openapi.json", lambda _: JSONResponse(openapi())),
            Route("/v1/asyncapi.json", lambda _: JSONResponse(asyncapi())),
        ]

    async def _health(self, _: Request) -> Response:
        places = self._places()
        again_s = places.pop("come_again_s")
        headers = None if places["status"] == "ready" else {"Retry-After": str(again_s)}
        return JSONResponse(places, 503 if places["status"] == "stopping" else 200, headers)

    def _answering(self, answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        """An endpoint that looks at who asks, and says errors as JSON."""

        async def endpoint(request: Request) -> Response:
            try:
                self._host.access.check_origin(request, page=False)
                self._host.access.check_token(request)
                return JSONResponse(await answer(request))
            except ClaError as error:
                language = choose(request.query_params.get("lang"))
                status = STATUSES.get(error.key, 400)
                headers = {"Retry-After": str(COME_AGAIN_S)} if status == 503 else None
                return JSONResponse(why(error, language), status, headers)

        return endpoint

    async def _models(self, request: Request) -> dict[str, Any]:
        return {
            "protocol": VERSION,
            "formats": list(FORMATS),
            "tasks": said_tasks(self._host, choose(request.query_params.get("lang"))),
            "kinds": [{"name": name, "modes": kind.landmark_modes} for name, kind in KINDS.items()],
            "lanes": ",".join(map(str, DEFAULT_LANES)),
        }

    async def _run(self, request: Request) -> dict[str, Any]:
        try:
            async with Request(request.scope, _bounded(request)).form(max_files=1) as form:
                file = form.get("file")
                content = await file.read() if file and not isinstance(file, str) else b""
                named = {name: str(form.get(name, "")) for name in ("task", "lanes")}
        except HTTPException as error:  # no form that can be read
            raise ClaError("form_without_file") from error
        if not content:
            raise ClaError("form_without_file")
        ready = self._host.offer.ready
        name = named["task"] or next(iter(ready))
        if name not in ready:
            raise ClaError("task_unknown", name=name, choices=", ".join(ready))
        return await asyncio.get_running_loop().run_in_executor(
            self._host.workers, self._run_clip, content, ready[name], named["lanes"]
        )


def _bounded(request: Request) -> Callable[[], Any]:
    """What comes of a request, up to the largest file and some words.

    Raises:
        ClaError: more comes.
    """
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > MAX_BYTES + FORM_BYTES:
            raise ClaError("message_too_large", size=size, most=MAX_BYTES)
        return message

    return receive
