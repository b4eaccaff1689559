"""The process that decodes an untrusted file or reads a device: it may hang, swell or crash alone.

Started by `cla.capture.child`, which reads the messages that it writes.
"""

import faulthandler
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from cla.capture import messages
from cla.capture.audio_file import AudioLimits, open_audio
from cla.capture.camera import CameraReader
from cla.capture.messages import LENGTH, Message, said_of
from cla.capture.microphone import MicrophoneReader, find_microphones
from cla.capture.source import SoundSource, VideoSource
from cla.capture.video_file import VideoLimits, open_video
from cla.errors import ClaError
from cla.types import AudioChunk

FILE_STALL_S = 10.0
"""Time in which the next sound or picture must be there."""
DEVICE_STALL_S = 30.0
"""Time in which a device must open, or give something; its own limits are shorter."""
MAX_FILE_MEMORY = 1536 * 2**20
"""Of address space; a picture of the largest size and those it rests on take a third of it."""
MAX_DEVICE_MEMORY = 4 * 2**30
"""A camera on the network decides how large its pictures are."""
MAX_OPEN_FILES = 32


def main(kind: str, limits: str = "") -> None:
    """Write what a file or a device gives, until it ends or the parent stops reading.

    Args:
        kind: `sound` or `video`, of a file on standard input; or `camera`, `microphone` or
            `microphones`, of which standard input says as JSON which one.
        limits: of a file: an `AudioLimits` or a `VideoLimits`, as JSON.
    """
    out = _messages_out()
    stall_s = FILE_STALL_S if limits else DEVICE_STALL_S
    try:
        if limits:
            values = json.loads(limits)
            _confine_decoder(values["max_duration_s"])
            with _no_longer_than(stall_s):
                content = sys.stdin.buffer.read()
                source: SoundSource | VideoSource = (
                    open_audio(content, limits=AudioLimits(**values))
                    if kind == "sound"
                    else open_video(content, limits=VideoLimits(**values))
                )
        else:
            _confine(AS=MAX_DEVICE_MEMORY, CORE=0)
            which = json.load(sys.stdin.buffer)
            with _no_longer_than(stall_s):
                if kind == "microphones":
                    _write(out, messages.Microphones(find_microphones()))
                    return
                source = CameraReader(which) if kind == "camera" else MicrophoneReader(which)
        _write_all(out, source, stall_s)
    except ClaError as error:
        with suppress(BrokenPipeError):
            _write(out, messages.Failure(said_of(error)))
    except MemoryError:
        sys.exit(messages.MEMORY)
    except Exception:
        sys.exit(messages.FAILED)


def _confine_decoder(duration_s: float) -> None:
    with suppress(AttributeError, OSError):
        os.nice(5)  # whoever is live comes first
    _confine(AS=MAX_FILE_MEMORY, CPU=round(duration_s), FSIZE=0, CORE=0, NOFILE=MAX_OPEN_FILES)


def _confine(**limits: int) -> None:
    """Give up what this process does not need, by the names that `resource` has for it."""
    try:
        import resource
    except ImportError:  # Windows has none; clocks hold there too
        return
    for name, value in limits.items():
        with suppress(ValueError, OSError):  # a system that knows the limit may not enforce it
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


def _messages_out() -> BinaryIO:
    """Where messages are written; what a library prints does not get between them."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    """End the process where this takes longer; code that never returns cannot prevent it."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def _write_all(out: BinaryIO, source: SoundSource | VideoSource, stall_s: float) -> None:
    """Write all that a source gives.

    Writing may take as long as the reader likes, and ends when it has gone.
    """
    told = 0
    with source, suppress(BrokenPipeError):
        opened = messages.Opened(str(source.name), source.duration_s, source.sample_rate_hz)
        _write(out, opened)
        while True:
            with _no_longer_than(stall_s):
                chunk = next(source, None)
            for notice in source.notices[told:]:
                _write(out, messages.Notice(said_of(notice)))
            told = len(source.notices)
            if chunk is None:
                break
            if isinstance(chunk, AudioChunk):
                _write(out, messages.Sound(chunk.start_s, chunk.samples.tobytes()))
            else:
                height, width, _ = chunk.image.shape
                pixels = chunk.image.tobytes()
                _write(out, messages.Picture(chunk.time_s, (height, width, 3), pixels))
        _write(out, messages.End(source.damaged_packets))


def _write(out: BinaryIO, message: Message) -> None:
    content = messages.encode(message)
    out.write(LENGTH.pack(len(content)))
    out.write(content)
    out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
