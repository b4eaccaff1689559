"""Trained tasks on disk: weights as safetensors, everything else in a model card (JSON)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from cla.errors import ClaError
from cla.files import make_folder, replacing
from cla.models.classifier import ClassifierConfig, StreamClassifier
from cla.models.events import EventConfig
from cla.models.known import Known, KnownClass, ScoredClass
from cla.models.task import FixedLandmarks, TaskModel
from cla.resources import asset_path

TASKS = ("digits", "hands", "sounds", "key", "gestures")
WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "card.json"
MAX_SIZE = 65_536
UNFIT = (
    ArithmeticError, AttributeError, KeyError, RecursionError, RuntimeError, TypeError, ValueError,
    SafetensorError,
)  # fmt: skip
"""What a card raises that does not go with its weights."""


def tasks() -> tuple[str, ...]:
    """Names of the tasks that come with the package."""
    return TASKS


def load_task(name: str = "digits") -> TaskModel:
    """A task that comes with the package.

    Raises:
        ClaError: no such task, or its files are missing or damaged.
    """
    if name in TASKS:
        return read_task(asset_path("models") / name)
    raise ClaError("task_unknown", name=name, choices=", ".join(TASKS))


def read_task(folder: Path) -> TaskModel:
    """A task from its folder; the weights must match the checksum in the card.

    Raises:
        ClaError: files are missing or damaged.
    """
    try:
        card: dict[str, Any] = json.loads((folder / CARD_FILE).read_text("utf-8"))
        weights = (folder / WEIGHTS_FILE).read_bytes()
    except (OSError, ValueError) as error:
        raise ClaError("model_unreadable", folder=folder, reason=error) from error
    if not isinstance(card, dict):
        raise ClaError("model_card_no_object", folder=folder)
    if hashlib.sha256(weights).hexdigest() != card.get("sha256"):
        raise ClaError("model_checksum", folder=folder)
    try:
        tensors = load(weights)
        _check_sizes(ClassifierConfig(**card["classifier"]), len(weights))
        return assembled(card, tensors, card)
    except UNFIT as error:
        raise ClaError("model_unlike_card", folder=folder, reason=repr(error)[:200]) from error


def _check_sizes(config: ClassifierConfig, weight_bytes: int) -> None:
    """No card may have more memory reserved than its weights take, and a table of positions.

    Raises:
        ValueError: a size is beyond that.
    """
    for name, value in asdict(config).items():
        if not isinstance(value, str) and not 0 <= value <= MAX_SIZE:
            raise ValueError(f"{name}={value}")
    hidden = max(config.embed_dim, config.input_dim, config.feed_forward_dim, config.num_classes)
    if config.embed_dim * hidden * config.num_layers > weight_bytes:
        raise ValueError(f"embed_dim={config.embed_dim} is more than the weights hold")


def write_task(task: TaskModel, folder: Path, card: Mapping[str, Any]) -> None:
    """Write a task's weights, and a card that holds `card` beside what loading needs."""
    weights = save(tensors_of(task))
    needed = {**description_of(task), "sha256": hashlib.sha256(weights).hexdigest()}
    make_folder(folder)
    text = json.dumps({**card, **needed}, indent=2, ensure_ascii=False)
    with replacing(folder / WEIGHTS_FILE) as file, replacing(folder / CARD_FILE) as card_file:
        file.write(weights)
        card_file.write(f"{text}\n".encode())


def description_of(task: TaskModel) -> dict[str, Any]:
    """What is needed, beside the tensors, to make the task again."""
    return {
        "name": task.name,
        "features": task.features,
        "labels": list(task.labels),
        "hop_s": task.hop_s,
        "landmark_counts": list(task.landmark_counts),
        "classifier": asdict(task.classifier.config),
        "events": asdict(task.event_config),
        **_known(task.known),
    }


def _known(known: Known) -> dict[str, dict[str, float]]:
    """The least that each class must have, of those known by examples and by scores."""
    kinds = {"known": KnownClass, "scored": ScoredClass}
    found = {
        name: {str(place): one.least for place, one in known.classes.items() if type(one) is kind}
        for name, kind in kinds.items()
    }
    return {name: classes for name, classes in found.items() if classes}


def tensors_of(task: TaskModel) -> dict[str, Tensor]:
    """A task's weights and landmarks, by name."""
    tensors = {name: tensor.contiguous() for name, tensor in task.classifier.state_dict().items()}
    for count, layers in task.landmarks.items():
        for layer, fitted in enumerate(layers):
            tensors[f"landmarks.{count}.{layer}.queries"] = fitted.queries.contiguous()
            tensors[f"landmarks.{count}.{layer}.keys"] = fitted.keys.contiguous()
    for place, one in task.known.classes.items():
        if isinstance(one, KnownClass):
            tensors[f"known.{place}"] = torch.from_numpy(one.examples).contiguous()
        else:
            tensors[f"scored.{place}"] = torch.from_numpy(one.signs).contiguous()
    return tensors


def assembled(
    description: Mapping[str, Any], tensors: dict[str, Tensor], card: Mapping[str, Any]
) -> TaskModel:
    """A task from its description and its tensors."""
    config = ClassifierConfig(**description["classifier"])
    landmarks = {
        count: tuple(
            FixedLandmarks(
                tensors.pop(f"landmarks.{count}.{layer}.queries"),
                tensors.pop(f"landmarks.{count}.{layer}.keys"),
            )
            for layer in range(config.num_layers)
        )
        for count in description["landmark_counts"]
    }
    near = {
        int(place): KnownClass(tensors.pop(f"known.{place}").numpy(), least)
        for place, least in description.get("known", {}).items()
    }
    scored = {
        int(place): ScoredClass(tensors.pop(f"scored.{place}").numpy(), least)
        for place, least in description.get("scored", {}).items()
    }
    classifier = StreamClassifier(config)
    classifier.load_state_dict(tensors)
    classifier.eval().requires_grad_(False)
    return TaskModel(
        name=description["name"],
        labels=tuple(description["labels"]),
        classifier=classifier,
        landmarks=landmarks,
        event_config=EventConfig(**description["events"]),
        hop_s=description["hop_s"],
        card=card,
        features=description.get("features", "speech"),
        known=Known({**near, **scored}),
    )
