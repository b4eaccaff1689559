"""A source on its way to a server: read on a thread, sent while there is a connection."""

import asyncio
import contextlib
import threading
import time
from collections import deque

from cla.client.kept import Kept, Sender
from cla.client.messages import Command, written
from cla.client.sources import Bytes, Source

WAITING = 50
"""Packets that are kept while the network is slow; the oldest go, and are told as lost."""


class Giving:
    """Reads a source once, whatever happens to connections meanwhile.

    A source with a pace of ours waits while there is none; any other goes on, and what it gives is
    lost.

    Args:
        commands: what is asked before the source begins.

    Attributes:
        kept: with which a new session goes on where a lost one was.
        error: why the source could not be read to its end.
    """

    error: Exception | None = None

    def __init__(self, source: Source, commands: list[Command]) -> None:
        self.kept = Kept(source)
        self._source = source
        self._commands = [*commands, source.command]
        self._waiting: deque[Bytes] = deque()
        self._lost = 0
        self._over = self._stopped = False
        self._news = asyncio.Event()
        self._connected = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._read, name="cla-source", daemon=True)

    async def serve(self, connection: Sender, *, anew: bool) -> None:
        """Send until the source has ended or the connection breaks.

        Args:
            anew: the session does not know of the source.
        """
        if anew:
            self._lost = 0
            for command in self._commands:
                await connection.send(written(command))
            await self.kept.give_again(connection)
        self._connected.set()
        if not self._thread.ident:
            self._thread.start()
        try:
            while not self._over or self._waiting:
                self._news.clear()
                while self._waiting:
                    await self._send(connection, self._waiting.popleft())
                if not self._over:
                    await self._news.wait()
            if self.error:
                await connection.close()
            elif self._source.packets:
                await connection.send(written({"type": "end"}))
        finally:
            self._connected.clear()

    def stop(self) -> None:
        """Read no more of the source."""
        self._stopped = True
        self._connected.set()

    async def _send(self, connection: Sender, packet: Bytes) -> None:
        self.kept.add(packet)
        try:
            if self._lost:
                await connection.send(written({"type": "lost", "samples": self._lost}))
                self._lost = 0
            await connection.send(packet)
        except BaseException:
            self._lose(packet)
            raise

    def _lose(self, packet: Bytes) -> None:
        if self._source.sample_bytes:
            self._lost += len(packet) // self._source.sample_bytes

    def _read(self) -> None:
        begin_s, packet_s = time.monotonic(), self._source.packet_s
        packets = iter(self._source.packets)
        try:
            for number, packet in enumerate(packets):
                if packet_s:
                    since_s = time.monotonic()
                    self._connected.wait()
                    begin_s += time.monotonic() - since_s
                    time.sleep(max(0.0, begin_s + number * packet_s - time.monotonic()))
                if self._stopped:
                    return
                self._loop.call_soon_threadsafe(self._take, packet)
        except Exception as error:
            self.error = error
        finally:
            if hasattr(packets, "close"):
                packets.close()
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._end)

    def _take(self, packet: Bytes) -> None:
        if len(self._waiting) >= WAITING:
            self._lose(self._waiting.popleft())
        self._waiting.append(packet)
        self._news.set()

    def _end(self) -> None:
        self._over = True
        self._news.set()
