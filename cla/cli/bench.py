"""`cla bench`: step times of every attention kind and of its peers."""

import argparse
import json
import sys
from collections.abc import Sequence

import torch

from cla.benchmark import (
    Benchmark,
    Measurement,
    as_dict,
    markdown,
    print_report,
)
from cla.benchmark.timing import one_thread
from cla.cli.progress import BenchmarkProgress
from cla.cli.signals import Stopped
from cla.cli.terminal import Terminal
from cla.options import Options, positive
from cla.telemetry import device_name


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Raises:
        ClaError: a window is out of range.
        KeyboardInterrupt, Stopped: it was interrupted; what was measured has been reported.
    """
    options = _parser().parse_args(argv)
    if options.live:
        return _live(options)
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


def _live(options: argparse.Namespace) -> int:
    """Print each goal of live sessions once it is measured; 0 when all hold."""
    from cla.cli.bench_live import Goal, goals

    found: list[Goal] = []
    if options.markdown:
        print(f"{device_name()}\n\n| what | found | at most | |\n| --- | ---: | ---: | --- |")
    with one_thread(), torch.inference_mode(False):  # sessions have threads of their own
        for goal in goals(quick=options.quick):
            found.append(goal)
            verdict = "holds" if goal.met else "fails"
            numbers = f"{goal.found:.4g} {goal.unit}", f"{goal.most:.3g}"
            if options.markdown:
                print(f"| {goal.what} | {numbers[0]} | {numbers[1]} | {verdict} |", flush=True)
            elif not options.json:
                print(
                    f"{goal.what:55} {numbers[0]:>12}  at most {numbers[1]:6} {verdict}", flush=True
                )
    if options.json:
        told = [{**goal._asdict(), "met": goal.met} for goal in found]
        json.dump({"device": device_name(), "goals": told}, sys.stdout, allow_nan=False)
        sys.stdout.write("\n")
    return 0 if all(goal.met for goal in found) else 1


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
        examples=("cla bench --quick", "cla bench --windows 120 1024 --json", "cla bench --live"),
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    form.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument(
        "--live",
        action="store_true",
        help="measure what a live session's tokens cost instead, and say which goals hold: 4 min",
    )
    parser.add_argument(
        "--quick", action="store_true", help="few windows and steps: seconds instead of minutes"
    )
    parser.add_argument(
        "--windows",
        type=int,
        nargs="+",
        default=[],
        metavar="TOKENS",
        help="measure these windows alone",
    )
    parser.add_argument(
        "--minutes",
        type=positive,
        metavar="MINUTES",
        help="time for all of it once kernels are compiled (default: 7, if quick 0.67); "
        "what is too slow for it is left out, and named",
    )
    return parser
