"""A whole recording at once: what each lane recognizes in it."""

import threading
from typing import Any

from cla.capture import open_file
from cla.engine import read_source, scan_lane
from cla.errors import ClaError
from cla.models import TaskModel, lane_names
from cla.server.capacity import check_capacity
from cla.server.shown_lanes import DEFAULT_LANES, lanes_of
from cla.server.sources import UPLOAD_LIMITS


class ClipRun:
    """Runs clips, one at a time: live sessions go on beside it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def __call__(self, content: bytes, task: TaskModel, lanes: str) -> dict[str, Any]:
        """What the lanes, named as on the command line, make of a file.

        Raises:
            ClaError: the file or a lane cannot be used, or another clip is being run.
        """
        if not self._turn.acquire(blocking=False):
            raise ClaError("clips_busy")
        try:
            return _run(content, task, lanes)
        finally:
            self._turn.release()


def _run(content: bytes, task: TaskModel, lanes: str) -> dict[str, Any]:
    configs = lanes_of(lanes) if lanes else DEFAULT_LANES
    check_capacity(task, [(config, task.lane(config)) for config in configs])
    with open_file(task.input, content, UPLOAD_LIMITS) as file:
        clip = read_source(task, file)
    scans = {
        name: scan_lane(task, config, clip)
        for name, config in zip(lane_names(configs), configs, strict=True)
    }
    return {
        "task": task.name,
        "duration_s": round(clip.duration_s, 3),
        "tokens": len(clip.tokens),
        "notices": [str(notice) for notice in clip.notices],
        "lanes": {
            name: {
                "events": [event._asdict() for event in scan.events],
                "labels": [task.labels[leader] for leader in scan.leaders],
                "compute_s": round(scan.compute_s, 4),
            }
            for name, scan in scans.items()
        },
    }
