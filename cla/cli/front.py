"""`cla serve` in several processes: this one accepts connections and hands each over to a worker.

A client that comes back with its session's key goes to the worker that has the session, any other
to the worker with most room. Nothing is carried through here: a worker gets the connection itself.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from cla.server.listening import COUNTS_VARIABLE

LINE_BYTES = 8192
LINE_S = 5.0
"""So long a client may take to say what it asks for."""
UNREAD = 512
"""Connections whose request is waited for, at most; others wait in the system's queue."""
UNTOLD_S = 5.0
"""So long after a connection was handed over its session counts, told of or not."""
AGAIN_S = 1.0
"""Before a worker that has died is started anew."""
_REQUEST = re.compile(rb"GET \S*/live(?:\?(?:\S*&)?key=(\d+)\.| |\?)")


@dataclass(eq=False)
class Worker:
    """A process that serves what it is handed.

    Attributes:
        handed: when it was handed the newest connections.
        told: what it has said last of itself; empty until it is ready.
    """

    number: int
    link: socket.socket
    process: asyncio.subprocess.Process
    handed: deque[float] = field(default_factory=lambda: deque(maxlen=UNREAD))
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def load(self) -> float:
        """The part of its room that is taken, at most: it may not have told of the newest yet."""
        since_s = time.monotonic() - UNTOLD_S
        newest = sum(handed_s > since_s for handed_s in self.handed)
        return float(self.told["load"] + newest / self.told["places"])


class Front:
    """Starts workers, and anew those that die; hands connections over; ends when all have ended.

    Args:
        command: of a worker, to which its number and its link's descriptor are added.
        listening: where connections come.
    """

    def __init__(self, count: int, command: Sequence[str], listening: socket.socket) -> None:
        self._count = count
        self._command = command
        self._listening = listening
        self._workers: dict[int, Worker] = {}
        self._stopped_by: int | None = None
        self._unread = asyncio.Semaphore(UNREAD)

    async def serve(self, environment: Mapping[str, str], address: str) -> int:
        """Serve until stopped; returns the exit status.

        Args:
            environment: of the workers.
            address: printed once all are ready.
        """
        loop = asyncio.get_running_loop()
        self._listening.setblocking(False)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, number)
        with tempfile.TemporaryDirectory(prefix="cla-counts-") as counts:
            environment = {**environment, COUNTS_VARIABLE: counts}
            os.environ[COUNTS_VARIABLE] = counts
            # What is wrong with the environment is said once, by the first.
            keeping = [asyncio.create_task(self._keep(0, environment))]
            if not await self._until_ready(1, keeping):
                return keeping[0].result()
            others = range(1, self._count)
            keeping += [asyncio.create_task(self._keep(each, environment)) for each in others]
            await self._until_ready(self._count, keeping)
            print(address, flush=True)
            accepting = asyncio.create_task(self._accept())
            await asyncio.gather(*keeping)
            accepting.cancel()
        return 128 + signal.SIGINT if self._stopped_by == signal.SIGINT else 0

    async def _until_ready(self, count: int, keeping: Sequence[asyncio.Task[int]]) -> bool:
        """Wait for so many workers; False where one has ended for good before."""
        while sum(bool(worker.told) for worker in self._workers.values()) < count:
            if any(task.done() for task in keeping):
                return False
            await asyncio.sleep(0.02)
        return True

    async def _keep(self, number: int, environment: Mapping[str, str]) -> int:
        """Have one worker run until the front stops; returns its status.

        One that ends before it was ever ready is not started again: it has said why.
        """
        while True:
            ours, its = socket.socketpair()
            with its:
                process = await asyncio.create_subprocess_exec(
                    *self._command, f"{number}:{its.fileno()}",
                    env=environment, pass_fds=(its.fileno(),),
                    start_new_session=True,  # the terminal's Ctrl-C is for this process
                )  # fmt: skip
            worker = self._workers[number] = Worker(number, ours, process)
            if self._stopped_by:
                process.send_signal(self._stopped_by)
            with ours:
                ours.setblocking(False)
                await self._hear(worker)
                status = await process.wait()
                del self._workers[number]
            mark_process_dead(process.pid)
            self._tell_all()
            if self._stopped_by or not worker.told:
                return status
            print(f"Worker {number} has died ({status}): another one starts.", file=sys.stderr)
            await asyncio.sleep(AGAIN_S)

    async def _hear(self, worker: Worker) -> None:
        """Take what a worker says of itself until it ends."""
        reader, writer = await asyncio.open_connection(sock=worker.link.dup())
        with contextlib.suppress(ConnectionError):
            async for line in reader:
                worker.told = json.loads(line)
                self._tell_all()
        writer.close()

    def _tell_all(self) -> None:
        """Tell each worker of all together: any may be asked for the server's health."""
        ready = [worker.told for worker in self._workers.values() if worker.told]
        whole = {
            "sessions": sum(told["sessions"] for told in ready),
            "places": sum(told["places"] for told in ready),
            "full": all(told["full"] for told in ready),
            "come_again_s": min((told["come_again_s"] for told in ready), default=1),
            "warm": all(told["warm"] for told in ready),
            "workers": len(ready),
        }
        for worker in self._workers.values():
            with contextlib.suppress(OSError):  # one that does not listen is told the next time
                worker.link.send(json.dumps(whole).encode() + b"\n")

    async def _accept(self) -> None:
        loop, tasks = asyncio.get_running_loop(), set()
        while True:
            await self._unread.acquire()
            connection, _ = await loop.sock_accept(self._listening)
            task = asyncio.create_task(self._hand_over(connection))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def _hand_over(self, connection: socket.socket) -> None:
        with connection:
            try:
                async with asyncio.timeout(LINE_S):
                    line = await _first_line(connection)
            except (TimeoutError, OSError):
                return
            finally:
                self._unread.release()
            asked = _REQUEST.match(line)
            if worker := self._worker_for(asked and asked[1]):
                # A worker whose link is full has hung: its client comes again.
                with contextlib.suppress(OSError):
                    socket.send_fds(worker.link, [b"\n"], [connection.fileno()])
                    worker.handed.append(time.monotonic())

    def _worker_for(self, key: bytes | None) -> Worker | None:
        """The worker that has a session, or the one with most room."""
        ready = [worker for worker in self._workers.values() if worker.told]
        holds = [worker for worker in ready if key and worker.number == int(key)]
        return min(holds or ready, key=lambda worker: worker.load, default=None)

    def _stop(self, number: int) -> None:
        """Pass a signal on: SIGTERM lets sessions go on for a while, a second one does not."""
        self._stopped_by = self._stopped_by or number
        for worker in self._workers.values():
            with contextlib.suppress(ProcessLookupError):
                worker.process.send_signal(number)


async def _first_line(connection: socket.socket) -> bytes:
    """The first line of a request, which is left for the worker to read."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    seen = b""
    while b"\n" not in seen and len(seen) < LINE_BYTES:
        readable.clear()
        loop.add_reader(connection, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(connection)
        before, seen = seen, connection.recv(LINE_BYTES, socket.MSG_PEEK)
        if not seen:
            raise ConnectionResetError
        if seen == before:  # what was seen is not taken: it would be readable again at once
            await asyncio.sleep(0.02)
    return seen.partition(b"\n")[0]
