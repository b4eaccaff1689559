"""A task as one file that may be passed on: safetensors, everything else in its metadata.

Such a file may be hostile: types, ranges and shapes are checked, and nothing is unpickled.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NoReturn, get_args

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from cla.attention.config import PseudoInverse
from cla.errors import ClaError
from cla.features import FRONT_ENDS
from cla.files import write_file
from cla.models.checkpoint import assembled, description_of, load_task, tensors_of
from cla.models.classifier import ClassifierConfig, StreamClassifier
from cla.models.events import EventConfig
from cla.models.known import MAX_EXAMPLES
from cla.models.task import TaskModel
from cla.texts.sentence import Sentence

FORMAT = "cla-task 1"
SUFFIX = ".safetensors"
MAX_FILE_BYTES = 16 * 2**20
MAX_HEADER_BYTES = 256 * 1024
MAX_LABELS = 64
MAX_LABEL = 40
SIZES: Mapping[str, range] = {
    "embed_dim": range(2, 257),
    "num_heads": range(1, 33),
    "feed_forward_dim": range(1, 1025),
    "window": range(2, 513),
    "position_period": range(4, 2049),
    "position_harmonics": range(1, 129),
    "num_layers": range(1, 5),
}
LANDMARK_COUNTS = range(2, 65)
MAX_LEAD = 1_000.0
MAX_LANDMARK_COUNTS = 8


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
        _refuse(Sentence("unusable.too_large", most_mb=MAX_FILE_BYTES // 2**20))
    metadata = _metadata(content)
    if metadata.get("format") != FORMAT:
        _refuse(Sentence("unusable.format", expected=FORMAT))
    description = _description(metadata)
    card = _object(metadata.get("card"), "card")
    try:
        tensors = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError, RuntimeError):
        _refuse(Sentence("unusable.weights_unreadable"))
    _check_tensors(
        tensors,
        ClassifierConfig(**description["classifier"]),
        description["landmark_counts"],
        description["known"],
        description["scored"],
    )
    if metadata.get("sha256") != _digest(tensors):
        _refuse(Sentence("unusable.weights_checksum"))
    return assembled(description, tensors, card)


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


def _metadata(content: bytes) -> dict[str, Any]:
    """The JSON object in the file's header."""
    size = int.from_bytes(content[:8], "little")
    if len(content) < 8 or size > min(MAX_HEADER_BYTES, len(content) - 8):
        _refuse(Sentence("unusable.header_size"))
    try:
        header = json.loads(content[8 : 8 + size])
        metadata = json.loads(header["__metadata__"]["cla"], parse_constant=_refuse_number)
    except (ValueError, TypeError, KeyError, RecursionError):
        _refuse(Sentence("unusable.header_unreadable"))
    return _object(metadata, "description")


def _description(metadata: dict[str, Any]) -> dict[str, Any]:
    """What the file says of its task, if such a task can be."""
    labels = _labels(metadata.get("labels"))
    features = metadata.get("features")
    if not isinstance(features, str) or features not in FRONT_ENDS:
        _refuse(Sentence("unusable.features_unknown"))
    front_end = FRONT_ENDS[features]
    if metadata.get("hop_s") != front_end.hop_s:
        _refuse(Sentence("unusable.hop_unfit"))
    return {
        "name": _text(metadata.get("name"), "name"),
        "labels": labels,
        "features": features,
        "hop_s": front_end.hop_s,
        "landmark_counts": _counts(metadata.get("landmark_counts")),
        "classifier": _classifier(metadata.get("classifier"), front_end.feature_dim, len(labels)),
        "events": _events(metadata.get("events")),
        "known": _known(metadata.get("known", {}), len(labels), 1),
        "scored": _known(metadata.get("scored", {}), len(labels), MAX_LEAD),
    }


def _labels(value: Any) -> list[str]:
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_LABELS:
        _refuse(Sentence("unusable.labels_count"))
    labels = [_text(label, "label") for label in value]
    if len(set(labels)) < len(labels):
        _refuse(Sentence("unusable.label_twice"))
    return labels


def _classifier(value: Any, input_dim: int, num_classes: int) -> dict[str, Any]:
    described = _object(value, "classifier")
    if set(described) - {field.name for field in fields(ClassifierConfig)}:
        _refuse(Sentence("unusable.setting_unknown"))
    for name, allowed in SIZES.items():
        if type(described.get(name)) is not int or described[name] not in allowed:
            _refuse(
                Sentence(
                    "unusable.size_out_of_range",
                    name=name,
                    least=allowed.start,
                    most=allowed.stop - 1,
                )
            )
    if (described.get("input_dim"), described.get("num_classes")) != (input_dim, num_classes):
        _refuse(Sentence("unusable.classifier_unfit"))
    if described["embed_dim"] % described["num_heads"]:
        _refuse(Sentence("unusable.heads_do_not_divide"))
    if described.get("pseudo_inverse") not in get_args(PseudoInverse):
        _refuse(Sentence("unusable.inverse_unknown"))
    config = ClassifierConfig(**{**described, "dropout": 0.0})  # which no task in use has
    return asdict(config)


def _counts(value: Any) -> list[int]:
    if (
        not isinstance(value, list)
        or len(value) > MAX_LANDMARK_COUNTS
        or not all(type(count) is int and count in LANDMARK_COUNTS for count in value)
        or len(set(value)) < len(value)
    ):
        _refuse(Sentence("unusable.landmark_counts"))
    return value


def _events(value: Any) -> dict[str, Any]:
    described = _object(value, "events")
    whole = ("hold_tokens", "smoothing_tokens")
    names = {field.name for field in fields(EventConfig)}
    if set(described) != names or not all(
        type(described[name]) in ((int,) if name in whole else (int, float))
        and abs(described[name]) <= 1000
        for name in names
    ):
        _refuse(Sentence("unusable.events"))
    return asdict(EventConfig(**described))


def _known(value: Any, classes: int, most: float) -> dict[str, float]:
    described = _object(value, "known classes")
    places = [str(place) for place in range(1, classes)]
    if not set(described) <= set(places) or not all(
        type(least) in (int, float) and -most <= least <= most for least in described.values()
    ):
        _refuse(Sentence("unusable.known_classes"))
    return described


def _check_tensors(
    tensors: Mapping[str, Tensor],
    config: ClassifierConfig,
    counts: list[int],
    known: Mapping[str, float],
    scored: Mapping[str, float],
) -> None:
    """The tensors are those that such a classifier has, and no others."""
    with torch.device("meta"):
        expected = {
            name: each.shape for name, each in StreamClassifier(config).state_dict().items()
        }
    heads, size = config.num_heads, config.embed_dim // config.num_heads
    for count in counts:
        for layer in range(config.num_layers):
            for part in ("queries", "keys"):
                expected[f"landmarks.{count}.{layer}.{part}"] = torch.Size((heads, count, size))
    for place in known:
        examples = tensors.get(f"known.{place}")
        if examples is None or examples.dim() != 2 or not 0 < len(examples) <= MAX_EXAMPLES:
            _refuse(Sentence("unusable.known_examples"))
        expected[f"known.{place}"] = torch.Size((len(examples), config.input_dim))
    for place in scored:
        signs = tensors.get(f"scored.{place}")
        if signs is None or not (signs > 0).any() or not (signs < 0).any():
            _refuse(Sentence("unusable.known_scores"))
        expected[f"scored.{place}"] = torch.Size((config.input_dim,))
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        _refuse(Sentence("unusable.weights_unfit"))
    for tensor in tensors.values():
        if tensor.dtype != torch.float32 or not tensor.isfinite().all():
            _refuse(Sentence("unusable.weights_not_finite"))


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of the names and values of all tensors."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_LABEL or not value.isprintable():
        _refuse(Sentence("unusable.text_unfit", what=what, most=MAX_LABEL))
    return value


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(Sentence("unusable.part_missing", what=what))
    return value


def _refuse_number(text: str) -> NoReturn:
    _refuse(Sentence("unusable.number_not_finite", text=text))


def _refuse(reason: Sentence) -> NoReturn:
    raise ClaError("task_file_unusable", reason=reason)
