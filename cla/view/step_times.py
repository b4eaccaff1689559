"""Step times that were measured on this server, kept for all visitors."""

import threading

import streamlit as st

from cla.benchmark import Timing, affordable, measure_stacks
from cla.view.costs import exists
from cla.view.systems import Sizes, systems

MOST_MEASURED = 1_000
"""Step times that are kept, of all visitors."""


class Timings:
    """Step times of this server, for all visitors, by system and sizes."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, Sizes], Timing] = {}
        self.measuring = threading.Lock()

    def measure(self, point: Sizes) -> None:
        """Time all systems at these sizes; to be called by who holds `measuring`."""
        stacks = {
            key: system.configs(point)
            for key, system in systems().items()
            if exists(system, point) and affordable(system.configs(point))
        }
        timings = measure_stacks(list(stacks.values()))
        while len(self.found) + len(stacks) > MOST_MEASURED:
            del self.found[next(iter(self.found))]
        self.found |= {(key, point): time for key, time in zip(stacks, timings, strict=True)}


@st.cache_resource
def timings() -> Timings:
    """Those of this server."""
    return Timings()
