"""Options that training, evaluation and sweeps share."""

import argparse
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from cla.attention import KINDS
from cla.datasets import DATASETS
from cla.errors import ClaError
from cla.experiments.config import FLOORS, ExperimentConfig, read_config, with_settings
from cla.experiments.presets import preset
from cla.models import StackMode

EXTRA_MODULES = ("lightning", "sklearn", "tensorboard", "yaml")
MODEL = ("kind", "landmarks", "landmark_mode", "layers", "stack_mode", "positions", "window")
TRAINING = ("epochs", "fit_epochs", "batch_size", "learning_rate", "precision", "devices")
RUN = ("features", "components", "fold", "data_seed", "seed")


def require_extra() -> None:
    """Raise `ClaError` where modules of the extra are missing."""
    missing = [name for name in EXTRA_MODULES if find_spec(name) is None]
    if missing:
        raise ClaError("modules_missing_for_paper", modules=", ".join(missing))


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Which data set, and where."""
    parser.add_argument("dataset", choices=tuple(DATASETS), metavar="DATASET",
                        help=", ".join(DATASETS))  # fmt: skip
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--work-dir", type=Path, required=True,
                        help="folder for tokens, runs and results")  # fmt: skip


def add_settings(parser: argparse.ArgumentParser) -> None:
    """What a run is; whatever is not given is the data set's preset."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as YAML")
    parser.add_argument("--features", help="what makes tokens of recordings")
    parser.add_argument("--components", type=int, metavar="K",
                        help="principal components of the tokens to keep")  # fmt: skip
    parser.add_argument("--positions", choices=["recycling", "learned"])
    parser.add_argument("--window", type=int, metavar="TOKENS")
    for name in ("--epochs", "--fit-epochs", "--batch-size", "--fold", "--data-seed", "--seed"):
        parser.add_argument(name, type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--precision", help="as Lightning names it: 32-true, bf16-mixed, ...")
    parser.add_argument("--devices", type=int, help="how many devices train one run")


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """The one attention of a run."""
    parser.add_argument("--kind", choices=(*KINDS, "any", *FLOORS), default=None,
                        metavar="KIND", help=f"attention: {', '.join(KINDS)}; "
                        "any: one set of weights for all; "
                        f"{', '.join(FLOORS)}: of the newest token alone")  # fmt: skip
    parser.add_argument("--stack-mode", choices=get_args(StackMode),
                        help="how upper layers see the past")  # fmt: skip
    parser.add_argument("--landmarks", type=int, metavar="COUNT")
    parser.add_argument("--landmark-mode", choices=["continual", "fixed"])
    parser.add_argument("--layers", type=int, metavar="COUNT")


def config_of(options: argparse.Namespace) -> ExperimentConfig:
    """Settings from preset, file and options, the later ones first.

    Raises:
        ClaError: a setting is out of range.
    """
    config = preset(options.dataset, options.data)
    if options.config:
        config = read_config(options.config, config)
    given = _given(options, RUN)
    for part, names in (("model", MODEL), ("training", TRAINING)):
        if values := _given(options, names):
            given[part] = values
    return with_settings(config, given)


def _given(options: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    values = {name: getattr(options, name, None) for name in names}
    return {name: value for name, value in values.items() if value is not None}
