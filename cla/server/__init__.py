"""The live route: visits of pages, what they play, the wire, limits, recordings and metrics.

It needs Starlette and the engine. To serve it, mount `LiveServer(open_host(...)).routes()` beside
your own pages, and give each page the key of a visit from `LiveServer.invite`.
"""

from cla.server.access import Access
from cla.server.host import Host, open_host
from cla.server.live_server import LiveServer
from cla.server.offer import TaskOffer, shown_task
from cla.server.shelf import Shelf
from cla.server.visit import OwnTask, Visit

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
