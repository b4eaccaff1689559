"""The name of the device, to stand beside every measured time."""

import platform
from pathlib import Path

import torch

CPU = torch.device("cpu")
CPU_INFO = Path("/proc/cpuinfo")


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
