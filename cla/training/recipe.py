"""What recipes have in common: stages that can be run one by one, folders, options, cards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cla.datasets import Package
from cla.errors import ClaError
from cla.options import Options
from cla.training.stream_files import S, read_streams
from cla.training.train import TrainConfig

EXTRA_MODULES = ("scipy", "sklearn", "soundfile", "tqdm")


@dataclass(frozen=True)
class Run:
    """One run of a recipe.

    Args:
        work: folder of what is made on the way.
        out: folder of the model.
        recordings: folder of the data sets that cannot be fetched.
        config: how the first phase trains.
    """

    work: Path
    out: Path
    recordings: Path
    config: TrainConfig

    @property
    def downloads(self) -> Path:
        """Packages, unpacked."""
        return self.work / "downloads"

    def streams(self, name: str) -> Path:
        """Folder of the streams of one purpose, as tokens."""
        return self.work / "features" / name

    def read(self, kind: type[S], *names: str) -> list[S]:
        """The streams of these purposes, one after the other.

        Raises:
            ClaError: one of them has not been made.
        """
        return [stream for name in names for stream in read_streams(self.streams(name), kind)]


@dataclass(frozen=True)
class Recipe:
    """How a task is made.

    Args:
        recordings: what the folder of recordings holds.
        config: how the first phase trains, by its number of steps.
        stages: in the order in which they are run; each can be run again alone.
    """

    task: str
    description: str
    recordings: str
    steps: int
    config: Callable[[int], TrainConfig]
    stages: Mapping[str, Callable[[Run], None]]

    def main(self, argv: Sequence[str]) -> int:
        """Run all stages, or one of them.

        Raises:
            ClaError: a module of the extra `train`, a package, recordings or an earlier stage is
                missing.
        """
        parser = Options(prog=f"cla train {self.task}", description=self.description)
        add = parser.add_argument
        add("--work-dir", type=Path, required=True, help="folder for data in progress")
        add("--out", type=Path, help="folder for the model (default: WORK_DIR/model)")
        add("--only", choices=list(self.stages), help="run one stage alone")
        add("--steps", type=int, default=self.steps, help="training steps")
        add("--recordings", type=Path, required=True, metavar="FOLDER",
            help=f"holds {self.recordings}")  # fmt: skip
        options = parser.parse_args(argv)
        missing = [name for name in EXTRA_MODULES if find_spec(name) is None]
        if missing:
            raise ClaError("modules_missing_for_training", modules=", ".join(missing))
        work = options.work_dir
        run = Run(work, options.out or work / "model", options.recordings,
                  self.config(options.steps))  # fmt: skip
        for stage in [options.only] if options.only else self.stages:
            self.stages[stage](run)
        return 0


def package_lines(packages: Sequence[Package]) -> list[str]:
    """What a card says of packages."""
    return [f"{p.name} {p.version} ({p.license}, sha256 {p.sha256})" for p in packages]


def training_lines(config: TrainConfig) -> dict[str, Any]:
    """What a card says of the training."""
    return {k: v for k, v in asdict(config).items() if k not in ("classifier", "noise")}
