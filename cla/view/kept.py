"""What was made once and may be asked for again: the newest few."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from cachetools import LRUCache, cached

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """A cache for any number of threads; what was not asked for longest goes first."""

    def __init__(self, most: int) -> None:
        self._values: LRUCache[Any, Value] = LRUCache(most)
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`, made where it is not kept."""
        return cached(self._values, key=lambda: key, lock=self._lock)(make)()
