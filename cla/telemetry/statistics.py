"""What stands beside measured times: statistics of many, and the name of the device."""

import platform
from collections import deque
from pathlib import Path

import numpy as np
import torch

WARM_UP = 5
"""First values left out: caches are cold, threads start, memory is first touched."""


CPU = torch.device("cpu")
CPU_INFO = Path("/proc/cpuinfo")


class RunningStatistics:
    """Median and 95th percentile of the newest values, the first few excluded."""

    def __init__(self, capacity: int = 50_000, warm_up: int = WARM_UP) -> None:
        self._values: deque[float] = deque(maxlen=capacity)
        self._to_skip = warm_up

    def add(self, value: float) -> None:
        """Take one value."""
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._values.append(value)

    def median(self) -> float | None:
        """The median, or None before any value counts."""
        return self._percentile(50)

    def p95(self) -> float | None:
        """The 95th percentile, or None before any value counts."""
        return self._percentile(95)

    def _percentile(self, percent: float) -> float | None:
        return float(np.percentile(np.array(self._values), percent)) if self._values else None


def device_name(device: torch.device = CPU) -> str:
    """The GPU that the lanes run on, or the processor and how many threads they use."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_processor()}, {torch.get_num_threads()} thread(s)"


def _processor() -> str:
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
