"""The live server within a server of your own, and a client that has it play a sample clip."""

import asyncio
import json
import socket
import struct

import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import connect  # pip install websockets

from cla.server import LiveServer, open_host


async def print_events(clip: str, host: str, key: str) -> None:
    """Lane and label of all that is heard in a clip, as they come."""
    async with connect(f"ws://{host}/live?key={key}", origin=f"http://{host}") as client:
        await client.send(json.dumps({"type": "fast", "fast": True}))
        await client.send(json.dumps({"type": "sample", "clip": clip}))
        async for message in client:
            size = struct.unpack_from("<I", message)[0]
            header = json.loads(message[4:][:size])  # arrays follow: cla/server/wire.py
            for lane in header["lanes"] if header["type"] == "token" else ():
                if lane["event"]:
                    print(lane["lane"], lane["event"]["label"])
            if header["type"] == "ended":
                return


async def main() -> None:
    live = LiveServer(open_host({"CLA_RECORDINGS": "off"}, "127.0.0.1"))
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=live.routes()), log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        await print_events("count", "{}:{}".format(*listening.getsockname()), live.invite().key)
        server.should_exit = True
        await serving


asyncio.run(main())
