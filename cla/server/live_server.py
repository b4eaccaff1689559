"""The live route of a server: which clients may connect, and to how many there is a place."""

import contextlib
import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from cla.engine import FaultRecord
from cla.errors import ClaError
from cla.resources import asset_path
from cla.server.connection import POLICY_VIOLATION, TRY_AGAIN_LATER, Connection
from cla.server.formats import VERSION
from cla.server.host import Host
from cla.server.http_routes import COME_AGAIN_S, HttpRoutes
from cla.server.limits import MAX_VISITS
from cla.server.logs import told
from cla.server.origin import is_local
from cla.server.visit import OwnTask, Visit

_LOG = logging.getLogger(__name__)


class LiveServer:
    """Takes the clients' connections: with a key each to its visit, with a token to a new one.

    Attributes:
        stopping: no session begins any more; those that there are go on.
        whole: sessions and places of all workers, where this is one of several.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self._lock = threading.Lock()
        self._visits: dict[str, Visit] = {}
        self._http = HttpRoutes(host, self._health)
        self.stopping = False
        self.whole: Mapping[str, Any] = {}
        host.metrics.watch(
            limit=lambda: self._places,
            sessions=lambda: len(self._with_place()),
            waiting=lambda: len(self._waited_for()),
            warm=lambda: host.kernels is None or host.kernels.ready,
        )

    def invite(self) -> Visit:
        """A visit whose key one page may connect with; the oldest of very many expire."""
        return self._new_visit(Visit(self.host, page=True))

    def _new_visit(self, visit: Visit) -> Visit:
        with self._lock:
            for over in [key for key, one in self._visits.items() if one.over]:
                del self._visits[over]
            self._visits[visit.key] = visit
            old = None
            if len(self._visits) > MAX_VISITS:
                old = next(one for one in self._visits.values() if not one.has_place)
                del self._visits[old.key]
        if old:
            old.leave()
        return visit

    def own_task(self, address: str) -> OwnTask | None:
        """A visitor's own task by its secret name, as long as that visitor is here."""
        with self._lock:
            tasks = [visit.own for visit in self._visits.values()]
        return next((own for own in tasks if own and own.address == address), None)

    def routes(self) -> list[BaseRoute]:
        """The live connection, what monitors and programs ask, and the sample clips."""
        return [
            WebSocketRoute("/v{version:int}/live", self.endpoint),
            Route("/metrics", self.host.metrics.endpoint),
            *self._http.routes(),
            Mount("/clips", StaticFiles(directory=asset_path("clips"))),
        ]

    async def endpoint(self, socket: WebSocket) -> None:
        """Serve one connection until it ends; a client may go at any moment of it."""
        visit = self._visits.get(socket.query_params.get("key", ""))
        # Programs get nothing of this machine: its devices are for its user's pages.
        local = bool(visit and visit.page and self.host.local and is_local(socket))
        connection = Connection(socket, self.host.metrics, local=local)
        with contextlib.suppress(WebSocketDisconnect):
            await connection.accept()
            try:
                self._check(socket, connection, visit)
            except ClaError as error:
                fault = FaultRecord(error, fatal=True)
                await connection.refuse(error.key, POLICY_VIOLATION, fault)
                return
            if visit is None or visit.over:
                visit = self._new_visit(Visit(self.host, page=False))
            if self._has_place_for(visit):
                begin_s = time.monotonic()
                _LOG.info("connected", extra=told(page=visit.page, sessions=self.sessions + 1))
                await visit.serve(connection)
                seconds = round(time.monotonic() - begin_s, 1)
                _LOG.info("gone", extra=told(page=visit.page, seconds=seconds))
                return
            full = ClaError("places_taken", count=self.sessions, wait=self._come_again_s)
            why = ClaError("server_stops") if self.stopping else full
            await connection.refuse(why.key, TRY_AGAIN_LATER, FaultRecord(why))

    def _check(self, socket: WebSocket, connection: Connection, visit: Visit | None) -> None:
        """Whether this server speaks with a client.

        Raises:
            ClaError: not in this version or format, not with a page of elsewhere, or not without
                a token.
        """
        version = socket.path_params["version"]
        if version != VERSION:
            raise ClaError("protocol_version_unknown", version=version, known=VERSION)
        connection.check_format()
        self.host.access.check_origin(socket, page=bool(visit and visit.page))
        if visit is None:
            self.host.access.check_token(socket)

    def _has_place_for(self, visit: Visit) -> bool:
        """Whether there is a place; the page that has been waited for longest gives its own up."""
        if visit.has_place or self.stopping:
            return visit.has_place
        if len(self._with_place()) < self._places:
            return True
        waiting = self._waited_for()
        if not waiting:
            return False
        min(waiting, key=lambda one: one.waiting_from_s or 0.0).end()
        return True

    @property
    def sessions(self) -> int:
        """Sessions that are connected."""
        return len(self._with_place()) - len(self._waited_for())

    def close(self) -> None:
        """End all sessions; called once the event loop takes no more connections."""
        for visit in self._with_place():
            visit.end()
        self.host.workers.shutdown()
        if self.host.traces:
            self.host.traces.close()

    @property
    def _places(self) -> int:
        """Sessions that there are and may be: by their time, or by a number."""
        most, admission = self.host.max_sessions, self.host.admission
        return min(admission.places, most) if admission else most

    @property
    def _come_again_s(self) -> int:
        """When to expect a place."""
        admission = self.host.admission
        return round(admission.come_again_s) if admission else COME_AGAIN_S

    def room(self) -> dict[str, Any]:
        """How much room this process has, for who hands it connections."""
        taken, waiting, places = len(self._with_place()), len(self._waited_for()), self._places
        admission, kernels = self.host.admission, self.host.kernels
        return {
            "sessions": taken,
            "places": places,
            "load": admission.load if admission else (taken - waiting) / places,
            "full": self.stopping or (taken >= places and not waiting),
            "come_again_s": self._come_again_s,
            "warm": kernels is None or kernels.ready,
        }

    def _health(self) -> dict[str, Any]:
        """What a monitor asks first."""
        room = {**self.room(), "workers": 1, **self.whole}
        status = "stopping" if self.stopping else "full" if room["full"] else "ready"
        told = ("sessions", "places", "warm", "workers", "come_again_s")
        return {"status": status, **{name: room[name] for name in told}}

    def _with_place(self) -> list[Visit]:
        with self._lock:
            return [visit for visit in self._visits.values() if visit.has_place]

    def _waited_for(self) -> list[Visit]:
        return [visit for visit in self._with_place() if visit.waiting_from_s is not None]
