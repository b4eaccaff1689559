"""What recipes have in common: their folders, their stages and options, what they need."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cla.datasets import Package
from cla.errors import ClaError
from cla.options import Options
from cla.training.train import TrainConfig

EXTRA_MODULES = ("scipy", "sklearn", "soundfile", "tqdm")


@dataclass(frozen=True)
class Folders:
    """Where a recipe keeps what it makes."""

    work: Path
    out: Path

    @property
    def downloads(self) -> Path:
        """Packages, unpacked."""
        return self.work / "downloads"

    def features(self, name: str) -> Path:
        """Feature streams of one purpose."""
        return self.work / "features" / name


def recipe_parser(task: str, description: str, stages: Sequence[str]) -> argparse.ArgumentParser:
    """The options that every recipe has."""
    parser = Options(prog=f"cla train {task}", description=description)
    parser.add_argument("--work-dir", type=Path, required=True, help="folder for data in progress")
    parser.add_argument("--out", type=Path, help="folder for the model (default: WORK_DIR/model)")
    parser.add_argument("--only", choices=stages, help="run one stage alone")
    return parser


def folders_of(options: argparse.Namespace) -> Folders:
    """The folders that the options name."""
    return Folders(options.work_dir, options.out or options.work_dir / "model")


def run_stages(stages: Mapping[str, Callable[[], None]], only: str | None) -> None:
    """Run all stages in order, or one of them.

    Raises:
        ClaError: a module of the extra is not installed.
    """
    missing = [name for name in EXTRA_MODULES if find_spec(name) is None]
    if missing:
        raise ClaError(
            f"Training needs modules that are not installed: {', '.join(missing)}.",
            'Install the extra: pip install ".[train]"',
        )
    for stage in [only] if only else stages:
        stages[stage]()


def package_lines(packages: Sequence[Package]) -> list[str]:
    """What a card says of packages."""
    return [f"{p.name} {p.version} ({p.license}, sha256 {p.sha256})" for p in packages]


def training_lines(config: TrainConfig) -> dict[str, Any]:
    """What a card says of the training."""
    return {k: v for k, v in asdict(config).items() if k not in ("classifier", "noise")}
