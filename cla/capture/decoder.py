"""The process in which an untrusted file is decoded: it may hang, swell or crash, and only it ends.

Run by `cla.capture.isolated`, which reads the messages that it writes.
"""

import json
import os
import sys
from contextlib import suppress

from cla.capture.audio_file import AudioLimits, open_audio
from cla.capture.messages import confine, messages_out, no_longer_than, write_all, write_error
from cla.capture.video_file import VideoLimits, open_video
from cla.errors import ClaError

STALL_S = 10.0
"""Time in which the next sound or picture must be there."""
MAX_MEMORY_BYTES = 1536 * 2**20
"""Of address space; a picture of the largest size and those it rests on take a third of it."""
MAX_OPEN_FILES = 32
FAILED, MEMORY = 2, 3
"""How the process ends when it goes wrong, or needs too much memory."""


def main(kind: str, limits: str) -> None:
    """Decode standard input to standard output.

    Args:
        kind: `sound` or `video`.
        limits: an `AudioLimits` or a `VideoLimits`, as JSON.
    """
    out = messages_out()
    values = json.loads(limits)
    with suppress(AttributeError, OSError):
        os.nice(5)  # whoever is live comes first
    confine(
        AS=MAX_MEMORY_BYTES,
        CPU=round(values["max_duration_s"]),
        FSIZE=0,
        CORE=0,
        NOFILE=MAX_OPEN_FILES,
    )
    try:
        with no_longer_than(STALL_S):
            content = sys.stdin.buffer.read()
            file = (
                open_audio(content, limits=AudioLimits(**values))
                if kind == "sound"
                else open_video(content, limits=VideoLimits(**values))
            )
        write_all(out, file, STALL_S)
    except ClaError as error:
        write_error(out, error)
    except MemoryError:
        sys.exit(MEMORY)
    except Exception:
        sys.exit(FAILED)


if __name__ == "__main__":
    main(*sys.argv[1:])
