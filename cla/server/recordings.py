"""Where this server stores recorded sessions, for whom, and for how long.

The user of this machine has a shelf that stays. Every other visitor has a shelf with a random name,
which is deleted when their visit ends. Shelves that a crash has left are deleted when a server next
makes one.
"""

import contextlib
import secrets
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from cla.engine import RecordingLimits
from cla.resources import data_folder
from cla.server.shelf import VARIABLE, Shelf, ShelfLimits

OFF = "off"
MIN_FREE_BYTES = 500 * 2**20
OWN = ShelfLimits(
    200, RecordingLimits(max_bytes=2**30, max_s=3_600.0, min_free_bytes=MIN_FREE_BYTES)
)
VISITOR = ShelfLimits(
    5,
    RecordingLimits(max_bytes=128 * 2**20, max_s=600.0, min_free_bytes=MIN_FREE_BYTES),
    max_age_s=86_400.0,
)
_LOCK = "lock"


class RecordingStore:
    """All shelves of this server; nothing is made on the disk before there is a visitor."""

    def __init__(self, root: Path) -> None:
        self.own = Shelf(root / "own", OWN)
        self._visitors = root / "visitors"
        self._shelves: set[Shelf] = set()
        self._threads = threading.Lock()
        self._mine = self._visitors / secrets.token_hex(8)
        self._held = FileLock(self._mine / _LOCK, thread_local=False)

    def new_shelf(self) -> Shelf:
        """A shelf for one more visitor."""
        with self._threads:
            self._hold_place()
            for other in self._shelves:
                other.forget_old()
            shelf = Shelf(self._mine / secrets.token_hex(16), VISITOR)
            self._shelves.add(shelf)
        return shelf

    def release(self, shelf: Shelf) -> None:
        """Its visitor has gone, and all that they recorded goes too."""
        with self._threads:
            self._shelves.discard(shelf)
        shelf.delete_all()

    def close(self) -> None:
        """Delete what visitors have recorded, when the server stops."""
        for shelf in list(self._shelves):
            self.release(shelf)
        if self._held.is_locked:
            self._held.release()
            shutil.rmtree(self._mine, ignore_errors=True)

    def _hold_place(self) -> None:
        """Make this server's folder, and delete folders that crashed servers have left.

        A folder in use holds a locked file; the system frees the lock when a process dies.
        """
        if self._held.is_locked:
            return
        with contextlib.suppress(OSError):  # is said where something is to be recorded
            self._mine.mkdir(parents=True)
            # One server at a time: a place that is made has its lock before others look at it.
            with FileLock(self._visitors / _LOCK):
                self._held.acquire()
                for path in self._visitors.glob(f"*/{_LOCK}"):
                    with contextlib.suppress(Timeout), FileLock(path, blocking=False):
                        shutil.rmtree(path.parent, ignore_errors=True)


def store_of(environment: Mapping[str, str]) -> RecordingStore | None:
    """The store that the environment asks for; None where nothing is to be recorded."""
    place = environment.get(VARIABLE, "")
    if place == OFF:
        return None
    return RecordingStore(Path(place) if place else data_folder(environment) / "recordings")
