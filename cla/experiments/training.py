"""A run, from settings to trained weights and landmarks; one that was killed can be resumed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from torch.utils.data import DataLoader

from cla.datasets import TokenSequence, TokenSet
from cla.experiments.config import ExperimentConfig
from cla.experiments.data import EpochSampler, Split, Windows, class_weights
from cla.experiments.lanes import partly_fixed
from cla.experiments.module import StreamModule, lane_maker
from cla.experiments.runs import Run, read_phase, write_phase
from cla.files import make_folder
from cla.models import FixedLandmarks, StreamClassifier
from cla.models.landmarks import fit_landmarks

FITTED_TOKENS = 3_000


@dataclass(frozen=True)
class Reporting:
    """Progress and logs of a run."""

    progress: bool = True
    logs: bool = True


def train_run(
    data: TokenSet,
    parts: Split,
    config: ExperimentConfig,
    folder: Path,
    reporting: Reporting | None = None,
) -> Run:
    """Train the weights of a run; phases that are done already in `folder` are not done again.

    Source: arXiv 2412.03214, sections 3.3 and 4 (train, fit a layer's landmarks, train on).
    """
    reporting = reporting or Reporting()
    model = config.model
    sizes = model.classifier(parts.train[0].features.shape[1], len(data.labels), data.window)
    torch.manual_seed(config.seed)
    classifier = StreamClassifier(sizes)
    fitted: list[FixedLandmarks] = []
    phases = {"train": config.training.epochs}
    for layer in range(1, 1 + (model.layers if model.fixed else 0)):
        phases[f"fit-layer-{layer}"] = config.training.fit_epochs
    for phase, epochs in phases.items():
        done = folder / f"{phase}.safetensors"
        if not done.exists():
            if phase.startswith("fit"):
                fitted.append(_fit_layer(classifier, parts.train, config, fitted))
            trainer = _trainer(config, epochs, folder / phase, reporting)
            _train_phase(classifier, data, parts, config, fitted, trainer, folder / phase)
            write_phase(done, classifier, fitted)
        fitted = read_phase(done, classifier)
    classifier.eval().requires_grad_(False)
    landmarks = _all_landmarks(classifier, parts.train, config, fitted)
    return Run(config, data.labels, classifier, landmarks)


def _train_phase(
    classifier: StreamClassifier,
    data: TokenSet,
    parts: Split,
    config: ExperimentConfig,
    fitted: Sequence[FixedLandmarks],
    trainer: lightning.Trainer,
    folder: Path,
) -> None:
    settings = config.training
    window = classifier.config.window
    classifier.train()
    _freeze(classifier, len(fitted) if settings.freeze else 0)
    module = StreamModule(
        classifier,
        settings,
        lane_maker(config.model, fitted, window),
        seed=config.seed,
        whole_clips=all(len(sequence.labels) <= window for sequence in parts.train),
        weights=class_weights(parts.train, len(data.labels), settings.balance),
    )
    piece = max(settings.piece, window) if settings.loss == "every" else window
    windows = Windows(parts.train, piece, settings.stride, data.ignored)
    sampler = EpochSampler(len(windows), config.seed)
    batches = DataLoader(windows, min(settings.batch_size, len(windows)), sampler=sampler,
                         drop_last=True)  # fmt: skip
    last = folder / "last.ckpt"
    trainer.fit(
        module,
        batches,
        ckpt_path=str(last) if last.exists() else None,
        weights_only=True,  # nothing else is unpickled
    )
    if settings.average:
        classifier.load_state_dict(module.trained.state_dict())


def _trainer(
    config: ExperimentConfig, epochs: int, folder: Path, reporting: Reporting
) -> lightning.Trainer:
    settings = config.training
    make_folder(folder)
    callbacks: list[Any] = [ModelCheckpoint(folder, save_last=True, save_top_k=0)]
    if reporting.progress:
        callbacks.append(TQDMProgressBar())
    loggers: list[Logger] = []
    if reporting.logs:
        loggers = [CSVLogger(folder, name="csv", version=0)]
        loggers.append(TensorBoardLogger(folder, name="tensorboard", version=0))
    return lightning.Trainer(
        # Not `auto`, which would choose Apple's GPUs, which have no float64.
        accelerator="cuda" if torch.cuda.is_available() else "cpu",
        devices=settings.devices,
        precision=settings.precision,  # type: ignore[arg-type]  # a name, checked by the trainer
        max_epochs=epochs,
        gradient_clip_val=settings.clip_norm or None,
        callbacks=callbacks,
        logger=loggers,
        log_every_n_steps=1,
        enable_progress_bar=reporting.progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=True,
    )


def _freeze(classifier: StreamClassifier, layers: int) -> None:
    classifier.requires_grad_(True)
    if layers:
        classifier.input_norm.requires_grad_(False)
        classifier.input_proj.requires_grad_(False)
        for layer in list(classifier.encoder)[:layers]:
            layer.requires_grad_(False)


def _fit_layer(
    classifier: StreamClassifier,
    sequences: Sequence[TokenSequence],
    config: ExperimentConfig,
    fitted: Sequence[FixedLandmarks],
) -> FixedLandmarks:
    """Landmarks of the lowest layer that has none yet."""
    count = config.model.landmarks or 0
    lane = partly_fixed(classifier, count, fitted).eval()
    features = [sequence.features for sequence in sequences]
    found = fit_landmarks(lane, features, config.seed, FITTED_TOKENS, (count,))
    return found[count][len(fitted)]


def _all_landmarks(
    classifier: StreamClassifier,
    sequences: Sequence[TokenSequence],
    config: ExperimentConfig,
    fitted: Sequence[FixedLandmarks],
) -> Mapping[int, Sequence[FixedLandmarks]]:
    """The landmarks trained with; for weights trained without, those of every number."""
    if config.model.fixed:
        return {config.model.landmarks or 0: tuple(fitted)}
    counts = [count for count in config.landmark_counts if count <= classifier.config.window]
    features = [sequence.features for sequence in sequences]
    return fit_landmarks(classifier, features, config.seed, FITTED_TOKENS, counts)
