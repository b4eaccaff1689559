"""The app, and a route that hands out keys: simulated browsers draw no page that holds one.

For load tests on this machine: `streamlit run benchmarks/load/app.py --server.address 127.0.0.1`.
"""

import os
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from cla.server import connection
from cla.server.limits import TokenBucket
from cla.view import middleware, routes
from cla.view.live_app import live_server

if os.environ.get("CLA_UNLIMITED_STARTS"):  # for burst.py
    connection.work_bucket = lambda: TokenBucket(float("inf"), 0)


async def key(_: Request) -> PlainTextResponse:
    """A key for one session."""
    return PlainTextResponse(live_server().invite().key)


app = st.App(
    Path(__file__).parents[2] / "pages" / "navigation.py",
    routes=[*routes(), Route("/key", key)],
    middleware=middleware(),
)
