"""The live route: visits of pages, what they play, the wire, limits, recordings and metrics.

It needs Starlette and the engine. To serve it, mount `LiveServer(open_host(...)).routes()` beside
your own pages, and give each page the key of a visit from `LiveServer.invite`. Torch is loaded with
the first of these names: what accepts connections for others does without.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cla.server.access import Access
    from cla.server.host import Host, open_host
    from cla.server.live_server import LiveServer
    from cla.server.offer import TaskOffer, shown_task
    from cla.server.shelf import Shelf
    from cla.server.visit import OwnTask, Visit

_PLACES = {
    "Access": "access",
    "Host": "host",
    "LiveServer": "live_server",
    "OwnTask": "visit",
    "Shelf": "shelf",
    "TaskOffer": "offer",
    "Visit": "visit",
    "open_host": "host",
    "shown_task": "offer",
}
__all__ = [
    "Access",
    "Host",
    "LiveServer",
    "OwnTask",
    "Shelf",
    "TaskOffer",
    "Visit",
    "open_host",
    "shown_task",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
