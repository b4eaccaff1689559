"""A task as one file that may be passed on: safetensors, everything else in its metadata.

Such a file may be hostile: types, ranges and shapes are checked, and nothing is unpickled.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import msgspec
import torch
from msgspec import Meta, Struct, field
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from cla.attention.config import PseudoInverse
from cla.errors import ClaError
from cla.features import FRONT_ENDS
from cla.files import write_file
from cla.models.checkpoint import assembled, description_of, load_task, tensors_of
from cla.models.classifier import ClassifierConfig, Positions, StreamClassifier
from cla.models.known import MAX_EXAMPLES
from cla.models.stack import StackMode
from cla.models.task import TaskModel
from cla.schema import Count, Share, decoded
from cla.texts.sentence import Sentence

FORMAT = "cla-task 1"
SUFFIX = ".safetensors"
MAX_FILE_BYTES = 16 * 2**20
MAX_HEADER_BYTES = 256 * 1024
MAX_LABEL = 40

Label = Annotated[str, Meta(min_length=1, max_length=MAX_LABEL)]
Tokens = Annotated[int, Meta(ge=1, le=1_000)]
Cosine = Annotated[float, Meta(ge=-1, le=1)]
Lead = Annotated[float, Meta(ge=-1_000, le=1_000)]


class _Classifier(Struct, forbid_unknown_fields=True):
    input_dim: Count
    num_classes: Count
    embed_dim: Annotated[int, Meta(ge=2, le=256)]
    num_heads: Annotated[int, Meta(ge=1, le=32)]
    feed_forward_dim: Annotated[int, Meta(ge=1, le=1_024)]
    window: Annotated[int, Meta(ge=2, le=512)]
    position_period: Annotated[int, Meta(ge=4, le=2_048)]
    position_harmonics: Annotated[int, Meta(ge=1, le=128)]
    pseudo_inverse: PseudoInverse
    num_layers: Annotated[int, Meta(ge=1, le=4)]
    dropout: float = 0.0
    stack_mode: StackMode = "retroactive"
    positions: Positions = "recycling"


class _Events(Struct, forbid_unknown_fields=True):
    enter: Share
    exit: Share
    hold_tokens: Tokens
    refractory_s: Annotated[float, Meta(ge=0, le=1_000)]
    smoothing_tokens: Tokens


class _Description(Struct):
    format: Literal["cla-task 1"]
    name: Label
    labels: Annotated[list[Label], Meta(min_length=2, max_length=64)]
    features: str
    hop_s: float
    landmark_counts: Annotated[list[Annotated[int, Meta(ge=2, le=64)]], Meta(max_length=8)]
    classifier: _Classifier
    events: _Events
    card: dict[str, Any]
    sha256: str
    known: dict[str, Cosine] = {}
    scored: dict[str, Lead] = {}


class _Header(Struct):
    metadata: dict[str, str] = field(name="__metadata__")


_HEADER = msgspec.json.Decoder(_Header)
_DESCRIPTION = msgspec.json.Decoder(_Description)


def write_task_file(task: TaskModel, path: Path | None = None) -> bytes:
    """The file of a task, also written to `path` where one is given.

    Raises:
        ClaError: it cannot be written.
    """
    tensors = tensors_of(task)
    metadata = {
        **description_of(task),
        "format": FORMAT,
        "card": dict(task.card),
        "sha256": _digest(tensors),
    }
    text = json.dumps(metadata, ensure_ascii=False, allow_nan=False)
    content = save(tensors, {"cla": text})
    if path is not None:
        write_file(path, content)
    return content


def read_task_file(source: Path | bytes) -> TaskModel:
    """A task from its file, given by its path or by its content.

    Raises:
        ClaError: it is not a task file, too large, damaged, or its settings are out of range.
    """
    content = source if isinstance(source, bytes) else _read(source)
    if len(content) > MAX_FILE_BYTES:
        _refuse("too_large", most_mb=MAX_FILE_BYTES // 2**20)
    described = _description(content)
    try:
        tensors = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError, RuntimeError):
        _refuse("weights_unreadable")
    _check_tensors(tensors, described)
    if described.sha256 != _digest(tensors):
        _refuse("weights_checksum")
    return assembled(msgspec.to_builtins(described), tensors, described.card)


def open_task(named: str) -> TaskModel:
    """A task that comes with the package by its name, or another by the path of its file.

    Raises:
        ClaError: there is no such task.
    """
    return read_task_file(Path(named)) if named.endswith(SUFFIX) else load_task(named)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ClaError("task_file_not_opened", path=path, reason=error) from error


def _description(content: bytes) -> _Description:
    """What the file says of its task, if such a task can be."""
    size = int.from_bytes(content[:8], "little")
    if len(content) < 8 or size > min(MAX_HEADER_BYTES, len(content) - 8):
        _refuse("header_size")
    header = decoded(_HEADER, content[8 : 8 + size], _unfit)
    described = decoded(_DESCRIPTION, header.metadata.get("cla", ""), _unfit)
    if not all(text.isprintable() for text in (described.name, *described.labels)):
        _refuse("text_unfit")
    if len(set(described.labels)) < len(described.labels):
        _refuse("label_twice")
    if described.features not in FRONT_ENDS:
        _refuse("features_unknown")
    front_end, classifier = FRONT_ENDS[described.features], described.classifier
    if described.hop_s != front_end.hop_s:
        _refuse("hop_unfit")
    sizes = front_end.feature_dim, len(described.labels)
    if (classifier.input_dim, classifier.num_classes) != sizes:
        _refuse("classifier_unfit")
    classifier.dropout = 0.0  # which no task in use has
    places = {str(place) for place in range(1, len(described.labels))}
    if not {*described.known, *described.scored} <= places:
        _refuse("known_classes")
    return described


def _check_tensors(tensors: Mapping[str, Tensor], described: _Description) -> None:
    """The tensors are those that such a classifier has, and no others."""
    config = ClassifierConfig(**msgspec.to_builtins(described.classifier))
    with torch.device("meta"):
        expected = {
            name: each.shape for name, each in StreamClassifier(config).state_dict().items()
        }
    heads, size = config.num_heads, config.embed_dim // config.num_heads
    for count in described.landmark_counts:
        for layer in range(config.num_layers):
            for part in ("queries", "keys"):
                expected[f"landmarks.{count}.{layer}.{part}"] = torch.Size((heads, count, size))
    for place in described.known:
        examples = tensors.get(f"known.{place}")
        if examples is None or examples.dim() != 2 or not 0 < len(examples) <= MAX_EXAMPLES:
            _refuse("known_examples")
        expected[f"known.{place}"] = torch.Size((len(examples), config.input_dim))
    for place in described.scored:
        signs = tensors.get(f"scored.{place}")
        if signs is None or not (signs > 0).any() or not (signs < 0).any():
            _refuse("known_scores")
        expected[f"scored.{place}"] = torch.Size((config.input_dim,))
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        _refuse("weights_unfit")
    for tensor in tensors.values():
        if tensor.dtype != torch.float32 or not tensor.isfinite().all():
            _refuse("weights_not_finite")


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()


def _unfit(reason: str) -> ClaError:
    return ClaError("task_file_unusable", reason=Sentence("unusable.description", reason=reason))


def _refuse(why: str, **values: object) -> NoReturn:
    raise ClaError("task_file_unusable", reason=Sentence(f"unusable.{why}", **values))
