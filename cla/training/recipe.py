"""What recipes share: stages that can be run one by one, folders, streams, options, cards."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from cla.attention import REFERENCE
from cla.datasets import Package
from cla.errors import ClaError
from cla.files import make_folder, replacing
from cla.options import Options
from cla.training.train import TrainConfig

S = TypeVar("S", bound=NamedTuple)

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


def need_of_attention(
    rows: Mapping[str, Mapping[str, float]], share: str, of: str, decimals: int = 1
) -> str:
    """What a card says of the tokens that are named right with attention, and without.

    Args:
        rows: the ablations of a set, by name.
        share: the name of the share that is right.
        of: what the tokens are of.
    """
    right = {name: f"{100 * row[share]:.{decimals}f} %" for name, row in rows.items()}
    return (
        f"Of the tokens of {of} {right[REFERENCE]} are named right; {right['attention zeroed']} "
        f"with attention's output set to zero, {right['window 1']} with a window of one token."
    )


def build_streams(folder: Path, files: int, make: Callable[[int], Iterable[NamedTuple]]) -> None:
    """Write the files that are missing; those that are there are kept."""
    from tqdm import trange

    make_folder(folder)
    for number in trange(files, desc=f"streams {folder.name}"):
        path = folder / f"{number:04d}.npz"
        if not path.exists():
            arrays: dict[str, Any] = {
                f"{name}{index}": array
                for index, stream in enumerate(make(number))
                for name, array in stream._asdict().items()
            }
            with replacing(path) as file:
                np.savez(file, **arrays)


def read_streams(folder: Path, kind: type[S]) -> list[S]:
    """The streams that `build_streams` wrote.

    Raises:
        ClaError: there are none.
    """
    streams: list[S] = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as archive:
            streams += (
                kind._make(archive[f"{name}{index}"] for name in kind._fields)
                for index in range(len(archive.files) // len(kind._fields))
            )
    if not streams:
        raise ClaError("streams_missing", folder=folder)
    return streams
