"""A stream's connection: opened, opened again where it breaks, and ended in order."""

import asyncio
import json
import ssl
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from cla.client.giving import Giving
from cla.client.messages import Command, Record, address
from cla.client.refused import Refused
from cla.client.sources import Source

FIRST_RETRY_S, LAST_RETRY_S = 0.1, 2.0
GIVE_UP_S = 60.0
"""So long a server keeps a session whose connection broke."""
POLICY_VIOLATION = 1008
OPTIONS: Mapping[str, Any] = MappingProxyType(
    {"max_size": None, "compression": None, "max_queue": 1000, "close_timeout": 1}
)
"""Of the connection; so many messages wait for a program which takes them slowly."""


async def astream(
    url: str,
    source: Source,
    *,
    commands: Sequence[Command] = (),
    token: str | None = None,
    authority: str | None = None,
    give_up_s: float = GIVE_UP_S,
) -> AsyncGenerator[Record, None]:
    """Give a source to a server, and get its records up to the last.

    A connection that breaks is opened again, and the session goes on, where its server still has
    it; where not, another begins with the same commands, as the new `hello` shows: with sound, from
    the last 12 s of it, so that windows are as they were, tokens counted on.

    Args:
        url: of the server, `http://` or `https://`, with the path below which `v1/live` lies.
        commands: asked before the source begins, such as `{"type": "emit", "emit": True}`.
        authority: a file with the certificate of the authority that vouches for the server.
        give_up_s: for how long a server is tried that cannot be reached, or is full.

    Raises:
        Refused: the server does not want this client, or is still full.
        OSError: it cannot be reached.
    """
    from websockets.asyncio.client import ClientConnection, connect
    from websockets.exceptions import ConnectionClosed, InvalidHandshake

    secure = ssl.create_default_context(cafile=authority) if url.startswith("https") else None
    giving = Giving(source, list(commands))
    key, cookie, fault = "", "", Record()
    retry_s, served_s = FIRST_RETRY_S, time.monotonic()
    try:
        while True:
            failed: Exception = Refused(fault)
            sending: asyncio.Task[None] | None = None
            socket: ClientConnection | None = None
            try:
                place = address(url, key=key, token=token)
                cookies = {"Cookie": cookie} if cookie else None
                socket = await connect(place, ssl=secure, additional_headers=cookies, **OPTIONS)
                # What a balancer keeps a client at its server by.
                given = socket.response.headers.get("Set-Cookie", "") if socket.response else ""
                cookie = given.partition(";")[0] or cookie
                async for message in socket:
                    record: Record = json.loads(message)
                    if record["type"] == "fault" and (record["fatal"] or not sending):
                        fault = record
                        continue
                    if record["type"] == "hello":
                        key, retry_s, fault = record["key"], FIRST_RETRY_S, Record()
                        sending = _send(giving, socket, anew=record["source"] is None)
                    served_s = time.monotonic()
                    known = giving.kept.told(record) if record["type"] == "token" else record
                    if known:
                        yield known
                    if record["type"] == "ended":
                        return
            except ConnectionClosed as closed:
                if closed.rcvd and closed.rcvd.code == POLICY_VIOLATION:
                    raise Refused(fault) from None
                failed = Refused(fault) if fault else ConnectionResetError(str(closed))
            except InvalidHandshake as error:  # not one of our servers, or none behind its proxy
                failed = Refused({"message": str(error)})
            except OSError as error:
                failed = error
            finally:
                if sending:
                    sending.cancel()
                if socket:
                    await socket.close()  # in order, whatever ends it here
            if giving.error:
                raise giving.error
            if time.monotonic() - served_s > give_up_s:
                raise failed
            # One that is full says when to come again.
            await asyncio.sleep(max(retry_s, float(fault.get("values", {}).get("wait", 0))))
            retry_s = min(2 * retry_s, LAST_RETRY_S)
    finally:
        giving.stop()


def _send(giving: Giving, socket: Any, *, anew: bool) -> asyncio.Task[None]:
    """Give beside what is received; how a broken connection ends it is of no interest."""
    task = asyncio.create_task(giving.serve(socket, anew=anew))
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


def stream(url: str, source: Source, **named: Any) -> Iterator[Record]:
    """The same as `astream`, for programs without `await`: its loop runs on a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="cla-client", daemon=True)
    thread.start()

    async def begin() -> AsyncGenerator[Record, None]:
        return astream(url, source, **named)

    waiting: asyncio.Task[Any] | None = None

    async def following() -> Record | None:
        nonlocal waiting
        waiting = asyncio.current_task()
        return await anext(coming, None)

    async def end() -> None:
        # This one alone: cancelled tasks of the connection would end it as if it had failed.
        if waiting:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await coming.aclose()

    coming = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    try:
        while record := asyncio.run_coroutine_threadsafe(following(), loop).result():
            yield record
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(LAST_RETRY_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(LAST_RETRY_S)
        loop.close()
