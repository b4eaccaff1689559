"""The server's live sessions and what pages are told: one for all users of the process."""

import os
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
import torch
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from cla.attention import load_kinds
from cla.capture import sample_clips
from cla.engine import kernels
from cla.errors import ClaError
from cla.features import BONES, SoundFrontEnd
from cla.models import TaskModel, lane_device, load_task, tasks
from cla.resources import asset_path, package_path
from cla.telemetry import device_name
from cla.view.limits import max_sessions
from cla.view.live_server import LiveServer
from cla.view.origin import admits_local
from cla.view.recordings import store_of

ROUTE = "cla"
"""Where the routes lie, beside the pages: both have one place, which a proxy may move."""
DEVICE_VARIABLE = "CLA_DEVICE"
"""The environment's word for where lanes step: `cpu`, `cuda` or `mps`."""

TITLES = {
    "digits": "Spoken digits",
    "hands": "Hand signs",
    "sounds": "Sounds around you",
}


@cache
def live_server() -> LiveServer:
    """The one server of live sessions, with the weights loaded; kernels come meanwhile."""
    # A step is too small to share: more threads make it slower.
    torch.set_num_threads(1)
    load_kinds(os.environ)
    device, device_note = lane_device(os.environ.get(DEVICE_VARIABLE, "cpu"))
    kernels().start()
    loaded = [load_task(name).on(device.type) for name in tasks()]
    ready, shown = ready_tasks(loaded)
    waiting = {
        task.name: task for task in loaded if task.name not in ready and task.front_end.fetched
    }
    hello: dict[str, Any] = {
        "device": device_name(device),
        "device_note": device_note,
        "bones": BONES,
        "tasks": shown,
    }
    store = store_of(os.environ)
    return LiveServer(
        ready,
        hello,
        waiting=waiting,
        store=store,
        max_sessions=max_sessions(),
        local=admits_local(os.environ, st.get_option("server.address")),
        kernels=kernels() if device.type == "cpu" else None,  # they are the CPU's
    )


def ready_tasks(
    loaded: Iterable[TaskModel],
) -> tuple[dict[str, TaskModel], list[dict[str, Any]]]:
    """The tasks that can run here by name, and what pages are told of all of them."""
    ready, shown = {}, []
    for task in loaded:
        problem = ""
        try:
            _try_features(task)
            ready[task.name] = task
        except ClaError as error:
            problem = str(error)
        shown.append({**shown_task(task), "problem": problem})
    return ready, shown


def admit(task: TaskModel) -> None:
    """Let all pages run a task that waited for what has been fetched meanwhile.

    Raises:
        ClaError: it still cannot run.
    """
    _try_features(task)
    live_server().admit({**shown_task(task), "problem": ""})


def clip_tasks() -> dict[str, TaskModel]:
    """The tasks that can run here and have clips to look into, by name."""
    return {name: task for name, task in live_server().tasks.items() if sample_clips(name)}


def speech_task() -> TaskModel:
    """The task that the Learn page, which is about a spoken clip, looks into."""
    return live_server().tasks["digits"]


def routes() -> list[Mount]:
    """Routes beside Streamlit's own: the live connection, the page's scripts, the sample clips."""
    base = st.get_option("server.baseUrlPath").strip("/")
    return [
        Mount(
            f"/{base}/{ROUTE}" if base else f"/{ROUTE}",
            routes=[
                WebSocketRoute("/live", live_server().endpoint),
                Route("/metrics", live_server().metrics.endpoint),
                Mount("/static", StaticFiles(directory=package_path("view/static"))),
                Mount("/clips", StaticFiles(directory=asset_path("clips"))),
            ],
        )
    ]


def shown_task(task: TaskModel) -> dict[str, Any]:
    """What every page is told of a task."""
    return {
        "name": task.name,
        "title": TITLES.get(task.name, task.name),
        "input": task.input,
        "labels": list(task.labels),
        "window": task.window,
        "num_layers": task.classifier.config.num_layers,
        "hop_s": task.hop_s,
        "landmark_counts": list(task.landmark_counts),
        "enter": task.event_config.enter,
        "sensitivity": list(task.card.get("sensitivity", ())),
        "clips": [
            {"name": clip.name, "title": clip.title, "file": clip.path.name}
            for clip in sample_clips(task.name)
        ],
    }


def _try_features(task: TaskModel) -> None:
    """Load what makes the task's tokens, and run it once: no user waits for that.

    Raises:
        ClaError: it cannot be loaded here.
    """
    front_end = task.front_end
    if isinstance(front_end, SoundFrontEnd):
        front_end.open(16_000).push(np.zeros(6_400, np.float32))
    else:
        front_end.open().push(np.zeros((240, 320, 3), np.uint8), 0.0)
