"""What a recording is of: task, lanes, source, and the versions that made it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from cla.attention import kernels as attention_kernels
from cla.engine.commands import MAX_LANES
from cla.engine.recording.layout import FORMAT, FORMATS, MANIFEST
from cla.engine.sound_stream import SoundStream
from cla.engine.stream import Stream
from cla.errors import ClaError
from cla.models import KnownClass, TaskModel
from cla.models.lane_spec import LaneSpec
from cla.printable import printable
from cla.schema import decoded
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
        kernels: whether lanes began by compiled kernels; commands in the log change that.
        source: what was recorded, in words.
        device: what it was computed on.
        started: date and time, as ISO 8601.
    """

    task: str
    weights: str
    labels: Annotated[tuple[str, ...], Meta(min_length=2, max_length=MAX_LABELS)]
    hop_s: Annotated[float, Meta(ge=1e-3, le=1e3)]
    sample_rate_hz: Annotated[int, Meta(ge=MIN_RATE_HZ, le=MAX_RATE_HZ)] | None
    lanes: Annotated[tuple[LaneSpec, ...], Meta(max_length=MAX_LANES)]
    emit: bool
    live: bool
    kernels: bool = True
    source: str = ""
    device: str = ""
    started: str = ""
    versions: Annotated[Mapping[str, str], Meta(max_length=len(PACKAGES))] = field(
        default_factory=dict
    )

    def encode(self) -> bytes:
        """The manifest as JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False).encode()


class _Format(msgspec.Struct):
    """What is read before all else: another format may say the rest otherwise."""

    format: int


_FORMAT = msgspec.json.Decoder(_Format)
_DECODER = msgspec.json.Decoder(Manifest)


def describe(
    task: TaskModel,
    stream: Stream[Any],
    lanes: tuple[LaneSpec, ...],
    *,
    emit: bool,
    live: bool,
    kernels: bool,
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
        kernels=kernels and attention_kernels.AVAILABLE,
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
        digest.update((one.examples if isinstance(one, KnownClass) else one.signs).tobytes())
    return digest.hexdigest()


def _unreadable(reason: str) -> ClaError:
    return ClaError("manifest_unreadable", file=MANIFEST, reason=reason)


def parse_manifest(content: bytes) -> Manifest:
    """Reads a manifest from JSON; types and ranges of all values are checked.

    Raises:
        ClaError: it is not a manifest, or of a newer format.
    """
    found = decoded(_FORMAT, content, _unreadable).format
    if found not in FORMATS:
        raise ClaError("session_format_unknown", found=found, most=FORMAT)
    read = decoded(_DECODER, content, _unreadable)
    return replace(
        read,
        # Before the third format all lanes stepped by kernels, where numba was installed.
        kernels=read.kernels if found > 2 else bool(read.versions.get("numba")),
        task=shortened(read.task),
        weights=shortened(read.weights),
        labels=tuple(map(shortened, read.labels)),
        source=shortened(read.source),
        device=shortened(read.device),
        started=shortened(read.started),
        versions={shortened(name): shortened(one) for name, one in read.versions.items()},
    )


def shortened(text: object) -> str:
    """As much of a foreign text as a manifest has of one, safe to show."""
    return printable(str(text)[:MAX_TEXT])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
