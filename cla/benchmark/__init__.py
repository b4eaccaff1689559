"""Step times of all attention kinds and of other implementations, measured in one run."""

from cla.benchmark.report import as_dict, markdown, print_report
from cla.benchmark.run import Benchmark, Measurement
from cla.benchmark.systems import affordable, measure_stacks
from cla.benchmark.timing import Timing

__all__ = [
    "Benchmark",
    "Measurement",
    "Timing",
    "affordable",
    "as_dict",
    "markdown",
    "measure_stacks",
    "print_report",
]
