"""The process that reads a device: a driver or a network camera that crashes it ends nothing else.

Run by `cla.capture.devices`, which reads what it writes, with what to do as JSON on its standard
input: `{"microphones": true}`, `{"microphone": index or null}`, or `{"camera": index or address}`.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import BinaryIO, TypeVar

from cla.capture.camera import CameraReader
from cla.capture.child import as_header, messages_out, no_longer_than, write
from cla.capture.microphone import MicrophoneReader, find_microphones
from cla.errors import ClaError

STALL_S = 30.0
"""Time in which a device must open, or give something; its own limits are shorter."""
MAX_MEMORY_BYTES = 4 * 2**30
"""Of address space: a camera on the network decides how large its pictures are."""
Given = TypeVar("Given")


def main() -> None:
    """Do what standard input says, until nobody reads any more."""
    out = messages_out()
    _confine()
    asked = json.load(sys.stdin.buffer)
    try:
        with no_longer_than(STALL_S):
            if "microphones" in asked:
                found = [asdict(microphone) for microphone in find_microphones()]
                write(out, {"type": "microphones", "found": found})
                return
            device = (
                MicrophoneReader(asked["microphone"])
                if "microphone" in asked
                else CameraReader(asked["camera"])
            )
        with device:
            _write_device(out, device)
    except ClaError as error:
        with suppress(BrokenPipeError):
            write(out, {"type": "error", **as_header(error)})
    except BrokenPipeError:
        pass  # whoever read has gone


def _confine() -> None:
    """Keep one process from taking the machine's memory, where the system has limits for it."""
    try:
        import resource
    except ImportError:  # Windows has none
        return
    for limit, value in ((resource.RLIMIT_AS, MAX_MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # a system that knows the limit may not enforce it
            resource.setrlimit(limit, (value, value))


def _write_device(out: BinaryIO, device: MicrophoneReader | CameraReader) -> None:
    if isinstance(device, MicrophoneReader):
        rate_hz = device.sample_rate_hz
        write(out, {"type": "open", "name": device.name, "sample_rate_hz": rate_hz})
        for chunk in _watched(device):
            write(out, {"type": "sound", "start_s": chunk.start_s}, chunk.samples.tobytes())
    else:
        write(out, {"type": "open", "name": device.name})
        for frame in _watched(device):
            header = {"type": "picture", "time_s": frame.time_s, "shape": frame.image.shape}
            write(out, header, frame.image.tobytes())
    write(out, {"type": "end"})


def _watched(device: Iterator[Given]) -> Iterator[Given]:
    """All that a device gives; the process ends when it hangs."""
    while True:
        with no_longer_than(STALL_S):
            given = next(device, None)
        if given is None:
            return
        yield given


if __name__ == "__main__":
    main()
