"""The live route of a server: which pages may connect, and to how many there is a place."""

import contextlib
import threading

from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from cla.engine import FaultRecord
from cla.errors import ClaError
from cla.resources import asset_path
from cla.server.connection import POLICY_VIOLATION, TRY_AGAIN_LATER, Connection
from cla.server.host import Host
from cla.server.limits import MAX_VISITS
from cla.server.origin import is_local, same_origin
from cla.server.visit import OwnTask, Visit


class LiveServer:
    """Takes the pages' connections, each to the visit whose key it has."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._lock = threading.Lock()
        self._visits: dict[str, Visit] = {}
        host.metrics.watch(
            sessions=lambda: len(self._with_place()),
            waiting=lambda: len(self._waited_for()),
            warm=lambda: host.kernels is None or host.kernels.ready,
        )

    def invite(self) -> Visit:
        """A visit whose key one page may connect with; the oldest of very many expire."""
        visit = Visit(self.host)
        with self._lock:
            self._visits[visit.key] = visit
            crowded = len(self._visits) > MAX_VISITS
            old = next(one for one in self._visits.values() if not one.has_place)
            if crowded:
                del self._visits[old.key]
        if crowded:
            old.leave()
        return visit

    def own_task(self, address: str) -> OwnTask | None:
        """A visitor's own task by its secret name, as long as that visitor is here."""
        with self._lock:
            tasks = [visit.own for visit in self._visits.values()]
        return next((own for own in tasks if own and own.address == address), None)

    def routes(self) -> list[BaseRoute]:
        """The live connection, what a monitor asks, and the sample clips."""
        return [
            WebSocketRoute("/live", self.endpoint),
            Route("/metrics", self.host.metrics.endpoint),
            Mount("/clips", StaticFiles(directory=asset_path("clips"))),
        ]

    async def endpoint(self, socket: WebSocket) -> None:
        """Serve one connection until it ends; a page may go at any moment of it."""
        local = self.host.local and is_local(socket)
        connection = Connection(socket, self.host.metrics, local=local)
        visit = self._visits.get(socket.query_params.get("key", ""))
        if visit is None or not same_origin(socket):
            await connection.refuse("origin" if visit else "key", POLICY_VIOLATION)
            return
        with contextlib.suppress(WebSocketDisconnect):
            await connection.accept()
            if self._has_place_for(visit):
                await visit.serve(connection)
                return
            fault = FaultRecord(ClaError("places_taken", count=self.host.max_sessions))
            await connection.refuse("full", TRY_AGAIN_LATER, fault)

    def _has_place_for(self, visit: Visit) -> bool:
        """Whether there is a place; the page that has been waited for longest gives its own up."""
        if visit.has_place or len(self._with_place()) < self.host.max_sessions:
            return True
        waiting = self._waited_for()
        if not waiting:
            return False
        min(waiting, key=lambda one: one.waiting_from_s or 0.0).end()
        return True

    def _with_place(self) -> list[Visit]:
        with self._lock:
            return [visit for visit in self._visits.values() if visit.has_place]

    def _waited_for(self) -> list[Visit]:
        return [visit for visit in self._with_place() if visit.waiting_from_s is not None]
