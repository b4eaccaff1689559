"""The process that reads a device: a driver or a network camera that crashes it ends nothing else.

Run by `cla.capture.devices`, which reads what it writes, with what to do as JSON on its standard
input: `{"microphones": true}`, `{"microphone": index or null}`, or `{"camera": index or address}`.
"""

import json
import sys
from dataclasses import asdict

from cla.capture.camera import CameraReader
from cla.capture.messages import (
    confine,
    messages_out,
    no_longer_than,
    write,
    write_all,
    write_error,
)
from cla.capture.microphone import MicrophoneReader, find_microphones
from cla.errors import ClaError

STALL_S = 30.0
"""Time in which a device must open, or give something; its own limits are shorter."""
MAX_MEMORY_BYTES = 4 * 2**30
"""Of address space: a camera on the network decides how large its pictures are."""


def main() -> None:
    """Do what standard input asks for, until the parent stops reading."""
    out = messages_out()
    confine(AS=MAX_MEMORY_BYTES, CORE=0)
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
        write_all(out, device, STALL_S)
    except ClaError as error:
        write_error(out, error)


if __name__ == "__main__":
    main()
