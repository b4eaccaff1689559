"""The server's live sessions and what pages are told: one for all users of the process."""

from typing import Any

import streamlit as st
import torch
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles

from cla.attention import OperationCount
from cla.capture import sample_clips
from cla.features import SpeechTokenizer
from cla.models import TaskModel, load_task
from cla.resources import asset_path, package_path
from cla.telemetry import device_name
from cla.view.live_server import LiveServer

ROUTE = "cla"


@st.cache_resource
def live_server() -> LiveServer:
    """The one server of live sessions, with the weights loaded and run once."""
    # A step is too small to share: more threads make it slower.
    torch.set_num_threads(1)
    task = load_task("digits")
    _warm_up(task)
    return LiveServer(task, hello(task))


def routes() -> list[Mount]:
    """Routes beside Streamlit's own: the live connection, the page's scripts, the sample clips."""
    return [
        Mount(
            f"/{ROUTE}",
            routes=[
                WebSocketRoute("/live", live_server().endpoint),
                Mount("/static", StaticFiles(directory=package_path("view/static"))),
                Mount("/clips", StaticFiles(directory=asset_path("clips"))),
            ],
        )
    ]


def base_url() -> str:
    """Path under which the routes lie, as the browser sees it."""
    return "/" + "/".join(part for part in (st.get_option("server.baseUrlPath"), ROUTE) if part)


def static_url() -> str:
    """Path of the page's scripts."""
    return f"{base_url()}/static/"


def hello(task: TaskModel) -> dict[str, Any]:
    """What a page is told of a task."""
    return {
        "labels": list(task.labels),
        "window": task.window,
        "hop_s": task.hop_s,
        "landmark_counts": list(task.landmark_counts),
        "device": device_name(),
        "clips": [
            {"name": clip.name, "title": clip.title, "file": clip.path.name}
            for clip in sample_clips()
        ],
        "counts": {
            "full": _count(task.with_attention("full").operations),
            **{
                mode: {
                    count: _count(task.with_attention("continual_nystrom", count, mode).operations)
                    for count in task.landmark_counts
                }
                for mode in ("fixed", "continual")
            },
        },
    }


def _count(count: OperationCount) -> dict[str, float]:
    return {"average": count.average, "published": count.published}


def _warm_up(task: TaskModel) -> None:
    """First runs load libraries and touch memory; let no user wait for that."""
    import numpy as np

    tokenizer = SpeechTokenizer(16_000)
    for lane in (task.with_attention("full"), task.with_attention("continual_nystrom", 16)):
        state = lane.init_state(1)
        for token in tokenizer.push(np.zeros(6_400, np.float32)):
            lane.step(token.features[None], state, emit=True)
