"""The last seconds of a source's sound: a session that its server has lost goes on in a new one."""

import asyncio
from collections import deque
from typing import Protocol

from cla.client.messages import Record
from cla.client.sources import Bytes, Source

KEPT_S = 12.0
"""More than a window of 120 tokens of 80 ms, and what the features of the first rest on."""
AHEAD_S = 0.5
"""Sound that may be given before its tokens are told: a live session drops what waits for 2 s."""
PATIENCE_S = 10.0
"""A session that says nothing of what it hears, being paused, is not waited for."""
NEAR_S = 0.02
"""Times that differ by less are the same token's."""


class Sender(Protocol):
    """What can be sent to."""

    async def send(self, message: Bytes | str, /) -> None:
        """Send one message."""

    async def close(self) -> None:
        """End the connection."""


class Kept:
    """What a new session needs to go on where another one was: its window, and how to count.

    Only of sound: of other sources nothing is kept, and a new session begins with an empty window.
    """

    def __init__(self, source: Source) -> None:
        rate_hz = source.command.get("sample_rate_hz", 0)
        self._bytes_per_s = rate_hz * (source.sample_bytes or 0)
        self._packets: deque[Bytes] = deque()
        self._given_bytes = self._kept_bytes = 0
        self._from_s = self._heard_s = self._told_s = 0.0
        self._token, self._counts_from = -1, 0
        self._again = False
        self._progress = asyncio.Event()

    def add(self, packet: Bytes) -> None:
        """A packet is given for the first time."""
        if not self._bytes_per_s:
            return
        self._packets.append(packet)
        self._given_bytes += len(packet)
        self._kept_bytes += len(packet)
        while self._kept_bytes - len(self._packets[0]) >= KEPT_S * self._bytes_per_s:
            self._kept_bytes -= len(self._packets.popleft())

    async def give_again(self, connection: Sender) -> None:
        """Give a new session what is kept, no faster than it is worked on."""
        if not self._packets:
            return
        self._from_s = (self._given_bytes - self._kept_bytes) / self._bytes_per_s
        self._heard_s, self._again = 0.0, True
        given_s, waits = 0.0, True
        for packet in tuple(self._packets):
            await connection.send(packet)
            given_s += len(packet) / self._bytes_per_s
            while waits and given_s - self._heard_s > AHEAD_S:
                self._progress.clear()
                try:
                    await asyncio.wait_for(self._progress.wait(), PATIENCE_S)
                except TimeoutError:
                    waits = False

    def told(self, token: Record) -> Record | None:
        """A token's record as the program sees it: counted on, and None where it has seen it."""
        self._heard_s = token["time_s"]
        self._progress.set()
        time_s = self._from_s + token["time_s"]
        if self._again:
            if time_s < self._told_s + NEAR_S:
                return None
            self._again = False
            self._counts_from = self._token + 1 - token["token"]
        self._told_s, self._token = time_s, self._counts_from + token["token"]
        return {**token, "time_s": time_s, "token": self._token} if self._from_s else token
