"""What all visits of a server share."""

import atexit
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

import torch

from cla.attention import load_kinds
from cla.engine import Kernels, kernels
from cla.models import lane_device, load_task, tasks
from cla.server.access import Access, access_of
from cla.server.admission import Admission
from cla.server.limits import GRACE_S, LOST_GRACE_S, MOST_SESSIONS, max_sessions
from cla.server.metrics import Metrics
from cla.server.offer import TaskOffer
from cla.server.origin import admits_local
from cla.server.recordings import RecordingStore, store_of
from cla.server.traces import Traces, traces_of
from cla.telemetry import device_name
from cla.texts.sentence import Sentence

DEVICE_VARIABLE = "CLA_DEVICE"
"""The environment's word for where lanes step: `cpu`, `cuda` or `mps`."""


@dataclass
class Host:
    """What all visits of a server share.

    Args:
        device, device_note: where lanes step, and a note about it for pages, if any.
        store: where sessions are recorded; None where nothing is.
        kernels: what lanes change over to when they are ready; without them lanes step by compiled
            kernels from the beginning.
        grace_s: time a session waits for its page after it was left.
        lost_grace_s: the same after its connection broke, unless its place is needed.
        local: whether pages may count as open on this very machine.
        access: who may connect beside the server's own pages.
        traces: of each token, where they are asked for.
        admission: weighs sessions by their time; without it their number alone counts.
        worker: which of several processes this is; keys of its sessions begin with it.
    """

    offer: TaskOffer
    device: str = ""
    device_note: Sentence | None = None
    store: RecordingStore | None = None
    kernels: Kernels | None = None
    max_sessions: int = MOST_SESSIONS
    grace_s: float = GRACE_S
    lost_grace_s: float = LOST_GRACE_S
    local: bool = False
    access: Access = field(default_factory=Access)
    traces: Traces | None = None
    worker: str = "0"
    admission: Admission | None = None

    @cached_property
    def metrics(self) -> Metrics:
        """Metrics for a monitor."""
        return Metrics()

    @cached_property
    def workers(self) -> ThreadPoolExecutor:
        """Two threads a page, for its work and its end: one that hangs delays no other."""
        return ThreadPoolExecutor(2 * self.max_sessions + 1, thread_name_prefix="page")


def open_host(environment: Mapping[str, str], address: str | None) -> Host:
    """A host as its environment wants it, with all weights loaded; kernels come meanwhile.

    Args:
        address: at which the server listens.

    Raises:
        ClaError: the environment wants what cannot be.
    """
    # A step is too small to share: more threads make it slower.
    torch.set_num_threads(1)
    load_kinds(environment)
    device, device_note = lane_device(environment.get(DEVICE_VARIABLE, "cpu"))
    kernels().start()
    store = store_of(environment)
    if store:
        atexit.register(store.close)
    offer = TaskOffer(load_task(name).on(device.type) for name in tasks())
    wished = max_sessions(environment)
    heard = [task for task in offer.ready.values() if task.input == "sound"]
    host = Host(
        offer,
        device_name(device),
        device_note,
        store,
        kernels() if device.type == "cpu" else None,  # they are the CPU's
        wished or MOST_SESSIONS,
        local=admits_local(environment, address),
        access=access_of(environment),
        traces=traces_of(environment),
        admission=Admission(heard[0]) if heard and wished is None else None,
    )
    if host.admission:
        host.workers.submit(_rehearse, host.admission)
    return host


def _rehearse(admission: Admission) -> None:
    """Measure a session once it steps as it will; not what it takes until kernels are compiled."""
    if kernels().settle():
        admission.rehearse()
