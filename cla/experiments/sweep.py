"""Many runs, in parallel and again after an interruption, into one table."""

import hashlib
import json
import multiprocessing
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import torch

from cla.experiments.config import FLOORS, LANDMARK_COUNTS, ExperimentConfig, ModelConfig
from cla.experiments.lanes import all_lanes
from cla.experiments.run_one import do_run
from cla.experiments.training import Reporting
from cla.files import make_folder, replacing
from cla.models import LaneSpec, StackMode

RESULTS_FILE = "results.parquet"
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Grid:
    """What is varied.

    Args:
        kinds: attention that weights are trained with; `any` trains one set for all; classifiers
            of the newest token are trained once for all sizes.
        landmarks: numbers, for the kinds that have landmarks, and to judge weights of all kinds by.
        folds: of data sets that arrange them; data seeds of the split in others.
    """

    kinds: tuple[str, ...] = ("any",)
    layers: tuple[int, ...] = (1, 2)
    landmarks: tuple[int, ...] = LANDMARK_COUNTS
    seeds: tuple[int, ...] = (0, 1, 2)
    folds: tuple[int, ...] = (0,)
    windows: tuple[int | None, ...] = (None,)
    stacks: tuple[StackMode, ...] = ("retroactive",)

    def configs(self, base: ExperimentConfig) -> list[ExperimentConfig]:
        """The settings of every run."""
        return [
            replace(
                base,
                model=model,
                seed=seed,
                fold=fold,
                data_seed=fold,
                landmark_counts=self.landmarks,
            )
            for seed in self.seeds
            for model in self._models(base.model)
            for fold in self.folds
        ]

    def _models(self, base: ModelConfig) -> Iterator[ModelConfig]:
        lanes = [LaneSpec("any")] if "any" in self.kinds else []
        lanes += [lane for lane in all_lanes(self.landmarks) if lane.kind in self.kinds]
        yield from (replace(base, kind=kind) for kind in FLOORS if kind in self.kinds)
        for window, layers, stack in product(self.windows, self.layers, self.stacks):
            if layers == 1 and stack != self.stacks[0]:
                continue  # of one layer there is one stack
            for lane in lanes:
                yield replace(
                    base,
                    kind=lane.kind,
                    landmarks=lane.num_landmarks,
                    landmark_mode=lane.landmark_mode if lane.num_landmarks else base.landmark_mode,
                    layers=layers,
                    window=window or base.window,
                    stack_mode=stack,
                )


def run_name(config: ExperimentConfig) -> str:
    """Folder of a run: what it is, and a digest of all its settings."""
    text = json.dumps({**config.as_dict(), "data": None}, sort_keys=True)
    model = config.model
    lane = model.kind
    if model.landmarks:
        lane += f"-{model.landmark_mode}-{model.landmarks}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    lane += f"-window{model.window}" if model.window else ""
    return f"{lane}-layers{model.layers}-fold{config.fold}-seed{config.seed}-{digest}"


def sweep(
    configs: Sequence[ExperimentConfig], folder: Path, cache: Path, workers: int = 1
) -> Iterator[Rows]:
    """Do the runs that are not done yet on this machine; yields the rows of each as it ends."""
    jobs = [(config, folder / run_name(config), cache) for config in configs]
    if workers <= 1:
        yield from map(quiet_run, jobs)
        return
    # A fresh process each: a fork would take PyTorch's threads along half alive.
    spawn = multiprocessing.get_context("spawn")
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_leave_signals) as pool:
        try:
            yield from _completed(pool, jobs)
        except BaseException:  # nobody waits for what the workers are at
            for worker in multiprocessing.active_children():
                if worker not in others:
                    worker.terminate()
            raise


def _leave_signals() -> None:
    """Leave Ctrl-C, which a terminal sends to every process, to the one that shows the sweep."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


Job = tuple[ExperimentConfig, Path, Path]


def quiet_run(job: Job) -> Rows:
    """One run of many: one thread, nothing shown."""
    torch.set_num_threads(1)
    return do_run(*job, Reporting(progress=False, logs=False))


def _completed(pool: Executor, jobs: Iterable[Job]) -> Iterator[Rows]:
    pending = [pool.submit(quiet_run, job) for job in jobs]
    try:
        for done in as_completed(pending):
            yield done.result()
    finally:
        for one in pending:
            one.cancel()


def write_results(rows: Rows, path: Path) -> None:
    """Write rows as one Parquet table."""
    import pyarrow
    from pyarrow import parquet

    names = list(dict.fromkeys(name for row in rows for name in row))
    table = pyarrow.table({name: [row.get(name) for row in rows] for name in names})
    make_folder(path.parent)
    with replacing(path) as file:
        parquet.write_table(table, file)


def read_results(path: Path) -> Rows:
    """The rows of a Parquet table."""
    from pyarrow import parquet

    rows: Rows = parquet.read_table(path).to_pylist()
    return rows
