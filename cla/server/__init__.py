"""The live route: visits of pages, what they play, the wire, limits, recordings and metrics.

It knows Starlette and the engine. Whoever serves it mounts `LiveServer(open_host(...)).routes()`
beside pages of their own, and gives each page the key of a visit that it has invited.
"""

from cla.server.host import Host, open_host
from cla.server.live_server import LiveServer
from cla.server.offer import TaskOffer, shown_task
from cla.server.shelf import Shelf
from cla.server.visit import OwnTask, Visit

__all__ = [
    "Host",
    "LiveServer",
    "OwnTask",
    "Shelf",
    "TaskOffer",
    "Visit",
    "open_host",
    "shown_task",
]
