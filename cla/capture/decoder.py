"""The process in which an untrusted file is decoded: it may hang, swell or crash, and only it ends.

Run by `cla.capture.isolated`, which reads the messages that it writes.
"""

import json
import os
import sys
from contextlib import suppress
from typing import BinaryIO, Literal

from cla.capture.audio_file import AudioFile, AudioLimits, open_audio
from cla.capture.child import as_header, messages_out, no_longer_than, write
from cla.capture.video_file import VideoFile, VideoLimits, open_video
from cla.errors import ClaError
from cla.types import AudioChunk

Kind = Literal["sound", "video"]

STALL_S = 10.0
"""Time in which the next sound or picture must be there."""
MAX_MEMORY_BYTES = 1536 * 2**20
"""Of address space; a picture of the largest size and those it rests on take a third of it."""
MAX_OPEN_FILES = 32
FAILED, MEMORY = 2, 3
"""How the process ends when it goes wrong, or needs too much memory."""


def main(kind: Kind, limits: str) -> None:
    """Decode standard input to standard output.

    Args:
        limits: an `AudioLimits` or a `VideoLimits`, as JSON.
    """
    out = messages_out()
    values = json.loads(limits)
    _confine(round(values["max_duration_s"]))
    try:
        with no_longer_than(STALL_S):
            content = sys.stdin.buffer.read()
            file = (
                open_audio(content, limits=AudioLimits(**values))
                if kind == "sound"
                else open_video(content, limits=VideoLimits(**values))
            )
        with file:
            _write_file(out, file)
    except ClaError as error:
        write(out, {"type": "error", **as_header(error)})
    except MemoryError:
        sys.exit(MEMORY)
    except BrokenPipeError:
        pass  # whoever read has gone
    except Exception:
        sys.exit(FAILED)


def _confine(cpu_s: int) -> None:
    """Give up what decoding does not need, where the system has limits for it."""
    with suppress(AttributeError, OSError):
        os.nice(5)  # whoever is live comes first
    try:
        import resource
    except ImportError:  # Windows has none; the clock below holds there too
        return
    wanted = {
        resource.RLIMIT_AS: MAX_MEMORY_BYTES,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: MAX_OPEN_FILES,
    }
    for limit, value in wanted.items():
        with suppress(ValueError, OSError):  # a system that knows the limit may not enforce it
            resource.setrlimit(limit, (value, value))


def _write_file(out: BinaryIO, file: AudioFile | VideoFile) -> None:
    told = 0
    rate_hz = file.sample_rate_hz if isinstance(file, AudioFile) else None
    write(out, {"type": "open", "duration_s": file.duration_s, "sample_rate_hz": rate_hz})
    while True:
        with no_longer_than(STALL_S):
            chunk = next(file, None)
        while told < len(file.notices):
            write(out, {"type": "notice", **as_header(file.notices[told])})
            told += 1
        if chunk is None:
            break
        # Writing may take as long as the reader likes.
        if isinstance(chunk, AudioChunk):
            write(out, {"type": "sound", "start_s": chunk.start_s}, chunk.samples.tobytes())
        else:
            header = {"type": "picture", "time_s": chunk.time_s, "shape": chunk.image.shape}
            write(out, header, chunk.image.tobytes())
    write(out, {"type": "end", "damaged_packets": file.damaged_packets})


if __name__ == "__main__":
    main("sound" if sys.argv[1] == "sound" else "video", sys.argv[2])
