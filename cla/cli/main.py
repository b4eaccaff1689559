"""Arguments and exit codes of the command line."""

import argparse
import os
import sys
from collections.abc import Sequence

from cla import __version__
from cla.attention import load_kinds
from cla.cli.lanes import DEFAULT_LANES, add_lane_arguments
from cla.cli.sources import add_source_arguments
from cla.errors import ClaError

USER_ERROR = 2
INTERRUPTED = 130
READER_GONE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 2 a user's error, 130 interrupted)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        load_kinds(os.environ)
        if arguments and arguments[0] in COMMANDS:
            return COMMANDS[arguments[0]](arguments[1:])
        options = _parser().parse_args(arguments)
        from cla.cli.run import run

        code = run(options)
        sys.stdout.flush()
        return code
    except ClaError as error:
        print(f"cla: {error.message}\n     {error.remedy}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("cla: interrupted; what was written so far is kept.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # As in `cla run ... | head`; Python would complain again when it flushes on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _app(arguments: list[str]) -> int:
    from cla.cli.app import main as app

    return app(arguments)


def _bench(arguments: list[str]) -> int:
    from cla.cli.bench import main as bench

    return bench(arguments)


def _export(arguments: list[str]) -> int:
    from cla.cli.export import main as export

    return export(arguments)


def _fetch(arguments: list[str]) -> int:
    from cla.cli.fetch import main as fetch

    return fetch(arguments)


def _replay(arguments: list[str]) -> int:
    from cla.cli.replay import main as replay

    return replay(arguments)


def _teach(arguments: list[str]) -> int:
    from cla.cli.teach import main as teach

    return teach(arguments)


def _train(arguments: list[str]) -> int:
    named = arguments[0] if arguments else "nothing"
    if named == "digits":
        from cla.training.digits import main as train
    elif named == "hands":
        from cla.training.hands import main as train
    elif named == "sounds":
        from cla.training.sounds import main as train
    else:
        from cla.cli.train import main as train_on_data
        from cla.datasets import DATASETS

        if named not in DATASETS and not named.startswith("-"):
            known = ", ".join(("digits", "hands", "sounds", *DATASETS))
            raise ClaError(f"There is no recipe for {named!r}.", f"Run: cla train with {known}")
        return train_on_data(arguments)
    return train(arguments[1:])


def _fit_landmarks(arguments: list[str]) -> int:
    from cla.cli.train import fit_main

    return fit_main(arguments)


def _evaluate(arguments: list[str]) -> int:
    from cla.cli.evaluate import main as evaluate

    return evaluate(arguments)


def _sweep(arguments: list[str]) -> int:
    from cla.cli.sweep import main as sweep

    return sweep(arguments)


COMMANDS = {
    "app": _app,
    "bench": _bench,
    "evaluate": _evaluate,
    "export": _export,
    "fetch": _fetch,
    "fit-landmarks": _fit_landmarks,
    "replay": _replay,
    "sweep": _sweep,
    "teach": _teach,
    "train": _train,
}
"""Commands that bring their own options and heavy imports."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cla", description="Continual low-rank attention on sound and video."
    )
    parser.add_argument("--version", action="version", version=f"cla {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="run the lanes on a file, a microphone or a camera",
        description="Run the lanes on a sound or video file, a microphone or a camera.",
    )
    add_source_arguments(run)
    run.add_argument(
        "--task",
        help="what to recognize: digits, hands, sounds, or a file that `cla teach` has written "
        "(default: hands for a camera, else digits)",
    )
    run.add_argument(
        "--seconds",
        type=float,
        metavar="S",
        help="stop after so much media time (default: the end)",
    )
    add_lane_arguments(run, DEFAULT_LANES)
    run.add_argument(
        "--device",
        default="cpu",
        metavar="NAME",
        help="where lanes step: cpu, the faster for one stream, cuda or mps (default: cpu)",
    )
    run.add_argument(
        "--record", metavar="FOLDER", help="record the session to a new folder, for cla replay"
    )
    run.add_argument("--out", metavar="FILE", help="write rows to FILE (.parquet, .csv or .jsonl)")
    run.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    commands.add_parser("app", help="start the app in the browser: cla app --server.port 8501")
    commands.add_parser("bench", help="measure step times here: cla bench --help")
    commands.add_parser("export", help="write a classifier as ONNX: cla export --help")
    commands.add_parser("fetch", help="bring what is not shipped: cla fetch --help")
    commands.add_parser("replay", help="run a recorded session again: cla replay --help")
    commands.add_parser("teach", help="teach classes of your own: cla teach --help")
    commands.add_parser("train", help="train a task, or a run on a data set: cla train --help")
    commands.add_parser("fit-landmarks", help="fit landmarks to a run: cla fit-landmarks --help")
    commands.add_parser("evaluate", help="the table of runs: cla evaluate --help")
    commands.add_parser("sweep", help="a grid of runs: cla sweep --help")
    return parser
