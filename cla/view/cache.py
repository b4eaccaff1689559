"""A cache of computed values that the pages of all visitors' threads share."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from cachetools import LRUCache, cached

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """Holds the newest values for any number of threads."""

    def __init__(self, most: int) -> None:
        self._values: LRUCache[Any, Value] = LRUCache(most)
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`; `make` computes it if it is not in the cache."""
        return cached(self._values, key=lambda: key, lock=self._lock)(make)()
