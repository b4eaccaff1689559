"""`cla bench`: step times of every attention kind and of its peers."""

import argparse
import json
import sys
from collections.abc import Sequence

from cla.benchmark import (
    Benchmark,
    Measurement,
    as_dict,
    markdown,
    print_report,
)
from cla.cli.progress import BenchmarkProgress
from cla.cli.signals import Stopped
from cla.cli.terminal import Terminal
from cla.options import Options, positive


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Raises:
        ClaError: a window is out of range.
        KeyboardInterrupt, Stopped: it was interrupted; what was measured has been reported.
    """
    options = _parser().parse_args(argv)
    budget_s = options.minutes and 60 * options.minutes
    benchmark = Benchmark(options.windows, quick=options.quick, budget_s=budget_s)
    try:
        with BenchmarkProgress() as progress:
            benchmark.run(progress.show)
    except (KeyboardInterrupt, Stopped):
        _report(benchmark.measurement, options)
        raise
    _report(benchmark.measurement, options)
    return 0


def _report(measurement: Measurement, options: argparse.Namespace) -> None:
    if options.json:
        json.dump(as_dict(measurement), sys.stdout, allow_nan=False)
        sys.stdout.write("\n")
    elif options.markdown:
        sys.stdout.write(markdown(measurement))
    else:
        print_report(measurement, Terminal())


def _parser() -> argparse.ArgumentParser:
    parser = Options(
        prog="cla bench",
        description="Measure step times of every attention kind and of its peers, in one thread.",
        examples=("cla bench --quick", "cla bench --windows 120 1024 --json"),
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    form.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument(
        "--quick", action="store_true", help="few windows and steps: seconds instead of minutes"
    )
    parser.add_argument(
        "--windows",
        type=int,
        nargs="+",
        default=[],
        metavar="N",
        help="measure these windows alone",
    )
    parser.add_argument(
        "--minutes",
        type=positive,
        metavar="M",
        help="time for all of it once kernels are compiled (default: 7, if quick 0.67); "
        "what is too slow for it is left out, and named",
    )
    return parser
