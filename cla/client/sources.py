"""What a client gives a server: sound, pictures, features, or a clip of the server's own."""

import queue
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

RATE_HZ = 16_000
PACKET_S = 0.08
WAITING = 50
"""Packets of the microphone that are kept while the network is slow: 4 s."""

Bytes = bytes | bytearray | memoryview


@dataclass(frozen=True)
class Source:
    """What begins a stream.

    Args:
        command: the message that announces it.
        packets: what follows; an iterator may wait for its next one. Each is sent as it comes.
        packet_s: media time of a packet, for those that would come faster than that; None: each has
            its own pace.
        sample_bytes: of one sample, so that what is lost without a connection can be told.
    """

    command: dict[str, Any]
    packets: Iterable[Bytes] = field(default=())
    packet_s: float | None = None
    sample_bytes: int | None = None


def microphone(device: int | None = None, *, rate_hz: int = RATE_HZ) -> Source:
    """A microphone of this machine; needs `sounddevice`, and on Linux the system's PortAudio."""
    return Source(_listening(rate_hz), _heard(device, rate_hz), None, 2)


def pcm(sound: BinaryIO | Iterable[Bytes], *, rate_hz: int = RATE_HZ, paced: bool = True) -> Source:
    """Mono int16 samples, little-endian: of a file or a pipe, or as packets.

    Args:
        paced: give a file no faster than it would be heard; a pipe that waits has its own pace.
    """
    size = 2 * round(PACKET_S * rate_hz)
    if isinstance(sound, Iterable) and not hasattr(sound, "read"):
        return Source(_listening(rate_hz), sound, None, 2)
    packets = _read(sound, size)  # type: ignore[arg-type]
    return Source(_listening(rate_hz), packets, PACKET_S if paced else None, 2)


def jpegs(pictures: Iterable[tuple[float, Bytes]], *, task: str | None = None) -> Source:
    """Pictures, each with the time in seconds at which it was taken."""
    return Source(
        {"type": "camera", "task": task},
        (struct.pack("<d", time_s) + bytes(jpeg) for time_s, jpeg in pictures),
    )


def features(rows: Iterable[Any], *, task: str, hop_s: float | None = None) -> Source:
    """Tokens of a task that the client makes itself: arrays (F,) or (T, F), or their bytes.

    Args:
        rows: float32, little-endian; NumPy arrays and what has `tobytes` are taken as they are.
        hop_s: give no more than one of them in this time.
    """
    packets = (row.tobytes() if hasattr(row, "tobytes") else bytes(row) for row in rows)
    return Source({"type": "features", "task": task}, packets, hop_s)


def sample(clip: str) -> Source:
    """A clip that comes with the server."""
    return Source({"type": "sample", "clip": clip})


def _listening(rate_hz: int) -> dict[str, Any]:
    return {"type": "microphone", "sample_rate_hz": rate_hz}


def _read(sound: BinaryIO, size: int) -> Iterator[bytes]:
    while packet := sound.read(size):
        yield packet[: len(packet) // 2 * 2]


def _heard(device: int | None, rate_hz: int) -> Iterator[bytes]:
    import sounddevice  # only where a microphone is wanted

    waiting: queue.Queue[bytes] = queue.Queue(WAITING)

    def keep(data: Any, *_: object) -> None:
        if waiting.full():  # the oldest goes
            waiting.get_nowait()
        waiting.put_nowait(bytes(data))

    with sounddevice.RawInputStream(
        rate_hz, round(PACKET_S * rate_hz), device, 1, "int16", callback=keep
    ):
        while True:
            yield waiting.get()
