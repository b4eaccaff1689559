"""Sweeps: what a grid holds, what is done once, on processes and on a cluster that loses one."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_arrays import SMALL, write_arrays

pytest.importorskip("lightning", reason="the extra `paper` is not installed")

from cla.experiments import sweep as module
from cla.experiments.config import ExperimentConfig, with_settings
from cla.experiments.presets import preset
from cla.experiments.sweep import Grid, read_results, run_name, sweep, write_results


def base_of(folder: Path) -> ExperimentConfig:
    return with_settings(preset("arrays", write_arrays(folder / "data")), SMALL)


def test_the_papers_grid_has_its_runs(tmp_path: Path):
    base = preset("gtzan", tmp_path)
    kinds = ("full", "continual", "nystrom", "continual_nystrom")
    grid = Grid(kinds, (1, 2), (2, 4, 8, 16, 32, 64), tuple(range(5)), tuple(range(5)))
    configs = grid.configs(base)
    assert len(configs) == 2 * (2 + 3 * 6) * 25
    assert len({run_name(config) for config in configs}) == len(configs)
    sizes = Grid(
        ("full", "mlp"), (1, 2), (4,), (0,), (0, 1), (64, 256), ("retroactive", "cascaded")
    )
    found = [config.model for config in sizes.configs(base) if config.fold == 0]
    assert [(one.kind, one.window, one.layers, one.stack_mode) for one in found] == [
        ("mlp", None, 1, "retroactive"),
        ("full", 64, 1, "retroactive"),
        ("full", 64, 2, "retroactive"),
        ("full", 64, 2, "cascaded"),
        ("full", 256, 1, "retroactive"),
        ("full", 256, 2, "retroactive"),
        ("full", 256, 2, "cascaded"),
    ]
    assert {config.landmark_counts for config in sizes.configs(base)} == {(4,)}
    moved = replace(configs[0], data=tmp_path / "moved")
    assert run_name(moved) == run_name(configs[0])


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    configs = Grid(("full",), (1,), (), (0, 1)).configs(base_of(tmp_path))
    done = []
    run = module.quiet_run

    def once(job):
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(job)
        return run(job)

    monkeypatch.setattr(module, "quiet_run", once)
    with pytest.raises(KeyboardInterrupt):
        list(sweep(configs, tmp_path / "runs", tmp_path / "tokens"))
    monkeypatch.setattr(module, "quiet_run", run)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("model.safetensors")}
    rows = [row for found in sweep(configs, tmp_path / "runs", tmp_path / "tokens")
            for row in found]  # fmt: skip
    assert {row["seed"] for row in rows} == {0, 1}
    assert len(written) == 1
    assert all(path.stat().st_mtime_ns == time for path, time in written.items())
    write_results(rows, tmp_path / "results.parquet")
    assert read_results(tmp_path / "results.parquet")[0]["system"] == "attention zeroed"


@pytest.mark.slow
def test_processes_of_this_machine_give_the_rows_of_one(tmp_path: Path):
    configs = Grid(("full",), (1,), (), (0, 1)).configs(base_of(tmp_path))
    scores = []
    for workers in (1, 2):
        runs = sweep(configs, tmp_path / f"runs{workers}", tmp_path / "tokens", workers)
        found = [(row["seed"], row["system"], row["stream_clips"]) for rows in runs for row in rows]
        scores.append(sorted(found))
    assert scores[0] == scores[1]


CLUSTER = """
import sys, ray
from pathlib import Path
from ray.cluster_utils import Cluster
from cla.experiments.sweep import Grid
from cla.experiments.ray_sweep import sweep_on_ray
sys.path.insert(0, {tests!r})
from test_sweeps import base_of
folder = Path({folder!r})
cluster = Cluster(initialize_head=True, head_node_args={{"num_cpus": 0}})
workers = [cluster.add_node(num_cpus=1) for _ in range(2)]
configs = Grid(("full",), (1, 2), (), (0, 1)).configs(base_of(folder))
rows = []
for found in sweep_on_ray(configs, folder / "runs", folder / "tokens", cluster.address):
    rows += found
    if workers:
        cluster.remove_node(workers.pop(), allow_graceful=False)
        workers.clear()
print(len(rows), sorted({{(row["layers"], row["seed"]) for row in rows}}))
ray.shutdown()
cluster.shutdown()
"""


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_a_cluster_that_loses_a_worker_does_every_run(tmp_path: Path):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    tests = Path(__file__).parent
    paths = os.pathsep.join([str(tests.parent.parent), str(tests.parent), str(tests)])
    script = CLUSTER.format(tests=str(tests), folder=str(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=1_100)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert output.splitlines()[-1] == "52 [(1, 0), (1, 1), (2, 0), (2, 1)]"
