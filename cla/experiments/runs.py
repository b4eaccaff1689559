"""Runs on disk: settings as YAML beside weights and landmarks as safetensors."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from cla.errors import ClaError
from cla.experiments.config import ExperimentConfig, with_settings
from cla.files import make_folder, replacing, write_file
from cla.models import ClassifierConfig, FixedLandmarks, StreamClassifier

SETTINGS_FILE = "run.yaml"
WEIGHTS_FILE = "model.safetensors"


@dataclass(frozen=True)
class Run:
    """Trained weights, and landmarks of each layer by their number."""

    config: ExperimentConfig
    labels: tuple[str, ...]
    classifier: StreamClassifier
    landmarks: Mapping[int, Sequence[FixedLandmarks]] = field(default_factory=dict)


def write_run(run: Run, folder: Path) -> None:
    """Write a run."""
    make_folder(folder)
    tensors = dict(run.classifier.state_dict())
    for count, layers in run.landmarks.items():
        tensors |= _landmark_tensors(f"landmarks.{count}", layers)
    settings = {
        "experiment": run.config.as_dict(),
        "labels": list(run.labels),
        "classifier": asdict(run.classifier.config),
        "landmark_counts": list(run.landmarks),
    }
    with replacing(folder / WEIGHTS_FILE) as weights, replacing(folder / SETTINGS_FILE) as about:
        weights.write(save({name: one.contiguous() for name, one in tensors.items()}))
        about.write(yaml.safe_dump(settings, sort_keys=False).encode())


def read_run(folder: Path) -> Run:
    """A run from its folder.

    Raises:
        ClaError: it is not there, or damaged.
    """
    try:
        settings = yaml.safe_load((folder / SETTINGS_FILE).read_text("utf-8"))
        tensors = load_file(folder / WEIGHTS_FILE)
        given = settings["experiment"]
        base = ExperimentConfig(given["dataset"], Path(given["data"]))
        sizes = ClassifierConfig(**settings["classifier"])
        landmarks = {
            count: _landmarks(tensors, f"landmarks.{count}", sizes.num_layers)
            for count in settings["landmark_counts"]
        }
        classifier = StreamClassifier(sizes)
        classifier.load_state_dict(tensors)
    except (OSError, KeyError, TypeError, RuntimeError, SafetensorError, yaml.YAMLError) as error:
        raise ClaError("run_incomplete", folder=folder, reason=error) from error
    classifier.eval().requires_grad_(False)
    config = with_settings(base, given)
    return Run(config, tuple(settings["labels"]), classifier, landmarks)


def write_phase(path: Path, classifier: StreamClassifier, fitted: Sequence[FixedLandmarks]) -> None:
    """Write what a phase ends with; the file is there only when it is whole."""
    tensors = {**classifier.state_dict(), **_landmark_tensors("fitted", fitted)}
    write_file(path, save({name: one.contiguous() for name, one in tensors.items()}))


def read_phase(path: Path, classifier: StreamClassifier) -> list[FixedLandmarks]:
    """Load the weights a phase ended with; returns the landmarks of the layers that have some."""
    tensors = load_file(path)
    layers = sum(name.startswith("fitted.") for name in tensors) // 2
    fitted = list(_landmarks(tensors, "fitted", layers))
    classifier.load_state_dict(tensors)
    return fitted


def _landmark_tensors(prefix: str, layers: Sequence[FixedLandmarks]) -> dict[str, Tensor]:
    return {
        f"{prefix}.{layer}.{part}": getattr(fitted, part)
        for layer, fitted in enumerate(layers)
        for part in ("queries", "keys")
    }


def _landmarks(tensors: dict[str, Tensor], prefix: str, layers: int) -> tuple[FixedLandmarks, ...]:
    return tuple(
        FixedLandmarks(
            tensors.pop(f"{prefix}.{layer}.queries"), tensors.pop(f"{prefix}.{layer}.keys")
        )
        for layer in range(layers)
    )
