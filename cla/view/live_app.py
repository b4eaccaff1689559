"""The server of live sessions that the pages of this process share, beside which they lie."""

import atexit
import os
from functools import cache

import streamlit as st
from starlette.routing import Mount

from cla.capture import sample_clips
from cla.models import TaskModel
from cla.resources import package_path
from cla.server import LiveServer, open_host
from cla.server.lan import lan_of
from cla.server.service import routes as served

ROUTE = "cla"
"""Where the routes lie, beside the pages: both have one place, which a proxy may move."""


@cache
def live_server() -> LiveServer:
    """The one server of live sessions, with the weights loaded; kernels come meanwhile."""
    if lan := lan_of(os.environ):
        page = lan.install_page()
        atexit.register(page.close)
    return LiveServer(open_host(os.environ, st.get_option("server.address")))


def clip_tasks() -> dict[str, TaskModel]:
    """The tasks that can run here and have clips to look into, by name."""
    ready = live_server().host.offer.ready
    return {name: task for name, task in ready.items() if sample_clips(name)}


def speech_task() -> TaskModel:
    """The task that the Learn page, which is about a spoken clip, looks into."""
    return live_server().host.offer.ready["digits"]


def routes() -> list[Mount]:
    """Routes beside Streamlit's own: those of the server, and the page's scripts."""
    base = st.get_option("server.baseUrlPath").strip("/")
    place = f"/{base}/{ROUTE}" if base else f"/{ROUTE}"
    return [Mount(place, routes=served(live_server(), package_path("view/static")))]
