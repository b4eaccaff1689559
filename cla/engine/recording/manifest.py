"""What a recording is of: task, lanes, source, and the versions that made it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from cla.engine.command_messages import lanes_of, text_of, whole_number
from cla.engine.lane_config import LaneConfig
from cla.engine.recording.layout import FORMAT, FORMATS, MANIFEST
from cla.engine.sound_stream import SoundStream
from cla.engine.stream import Stream
from cla.errors import ClaError
from cla.models import TaskModel
from cla.printable import printable
from cla.telemetry import device_name

PACKAGES = ("cla-attention", "torch", "numpy", "numba", "onnxruntime", "ai-edge-litert")
"""Whose versions can change what is computed."""
MIN_RATE_HZ, MAX_RATE_HZ = 1_000, 384_000
MAX_LABELS = 1_000
MAX_TEXT = 200


@dataclass(frozen=True)
class Manifest:
    """What a recording says of itself.

    Args:
        weights: SHA-256 of the classifier's weights.
        sample_rate_hz: of the sound; None for pictures.
        lanes: those with which it begins; commands in the log change them.
        emit: whether records carried attention rows, which are made again and never stored.
        live: whether the source was a device, which does not wait.
        source: what was recorded, in words.
        device: what it was computed on.
        started: date and time, as ISO 8601.
    """

    task: str
    weights: str
    labels: tuple[str, ...]
    hop_s: float
    sample_rate_hz: int | None
    lanes: tuple[LaneConfig, ...]
    emit: bool
    live: bool
    source: str = ""
    device: str = ""
    started: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The manifest as JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False).encode()


def describe(
    task: TaskModel, stream: Stream[Any], lanes: tuple[LaneConfig, ...], *, emit: bool, live: bool
) -> Manifest:
    """The manifest of a recording that begins now, on this machine; its source has no name yet."""
    return Manifest(
        task=task.name,
        weights=weights_digest(task),
        labels=task.labels,
        hop_s=task.hop_s,
        sample_rate_hz=stream.sample_rate_hz if isinstance(stream, SoundStream) else None,
        lanes=lanes,
        emit=emit,
        live=live,
        device=device_name(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """The versions that are installed here; empty for a package that is not."""
    return {name: _version(name) for name in PACKAGES}


def weights_digest(task: TaskModel) -> str:
    """SHA-256 over everything that a task has learned."""
    digest = hashlib.sha256()
    for name, tensor in sorted(task.classifier.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    for count in task.landmark_counts:
        for fitted in task.landmarks[count]:
            digest.update(fitted.queries.contiguous().numpy().tobytes())
            digest.update(fitted.keys.contiguous().numpy().tobytes())
    for place, one in sorted(task.known.classes.items()):
        digest.update(f"{place} {one.least}".encode())
        digest.update(one.examples.tobytes())
    return digest.hexdigest()


def parse_manifest(content: bytes) -> Manifest:
    """A manifest from its JSON; nothing in it is believed beyond its type and range.

    Raises:
        ClaError: it is none, or of a newer format.
    """
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise ClaError(f"{MANIFEST} cannot be read.", "Choose the folder of a recorded session.")
    if read.get("format") not in FORMATS:
        raise ClaError(
            f"The session is recorded in format {str(read.get('format'))[:20]!r}.",
            f"This version reads formats up to {FORMAT}: use the version that recorded it.",
        )
    rate = None if read.get("sample_rate_hz") is None else whole_number(read, "sample_rate_hz")
    if rate is not None and not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        raise ClaError(f"{MANIFEST} says {rate} Hz.", "Record the session again.")
    hop_s = read.get("hop_s")
    if not isinstance(hop_s, int | float) or not 1e-3 <= hop_s <= 1e3:
        raise ClaError(f"{MANIFEST} has no time between tokens.", "Record the session again.")
    return Manifest(
        task=_short(read, "task"),
        weights=_short(read, "weights"),
        labels=_labels(read.get("labels")),
        hop_s=float(hop_s),
        sample_rate_hz=rate,
        lanes=lanes_of(read.get("lanes")),
        emit=read.get("emit") is True,
        live=read.get("live") is True,
        source=_short(read, "source"),
        device=_short(read, "device"),
        started=_short(read, "started"),
        versions=_versions(read.get("versions")),
    )


def _labels(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_LABELS:
        raise ClaError(f"{MANIFEST} has no labels.", "Record the session again.")
    return tuple(shortened(label) for label in value)


def _versions(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > len(PACKAGES):
        return {}
    return {shortened(name): shortened(number) for name, number in value.items()}


def _short(message: Mapping[str, Any], key: str) -> str:
    return shortened(text_of(message, key))


def shortened(text: object) -> str:
    """As much of a foreign text as a manifest has of one, safe to show."""
    return printable(str(text)[:MAX_TEXT])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
