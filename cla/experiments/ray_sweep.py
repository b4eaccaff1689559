"""The runs of a sweep as tasks of a Ray cluster."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cla.errors import ClaError
from cla.experiments.config import ExperimentConfig
from cla.experiments.sweep import Rows, quiet_run, run_name

RETRIES = 5
"""Times a run is begun again whose worker or machine was lost; it goes on from its checkpoint."""


def sweep_on_ray(
    configs: Sequence[ExperimentConfig], folder: Path, cache: Path, address: str
) -> Iterator[Rows]:
    """Do the runs that are not done yet on a cluster; yields the rows of each as it ends.

    All machines need the data set, `folder` and `cache` at the same paths, a shared disk.

    Args:
        address: of the cluster, `auto` for the one this machine belongs to, `local` for a new one.

    Raises:
        ClaError: Ray is not installed, or there is no cluster.
    """
    try:
        import ray
    except ImportError as error:
        raise ClaError("ray_missing") from error
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False)
        except ConnectionError as error:
            raise ClaError("ray_cluster_missing", address=address) from error
    # Not what a run raises, but the loss of its worker makes Ray begin again.
    task: Any = ray.remote(num_cpus=1, max_retries=RETRIES)(quiet_run)
    # On one machine, Ray's working folder is another one.
    jobs = [(config, folder.resolve() / run_name(config), cache.resolve()) for config in configs]
    pending = [task.remote(job) for job in jobs]
    while pending:
        (done, *_), pending = ray.wait(pending)
        yield ray.get(done)
