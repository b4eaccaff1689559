"""The commands, and how each of them ends.

Nothing that takes time is imported here: a signal meanwhile ends the program in one line.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from cla import __version__
from cla.cli.signals import STOPPED, Stopped, Stopping, stopping
from cla.files import DISK_FULL
from cla.options import Options

USER_ERROR = 2
INTERRUPTED = 130
READER_LEFT = 141
KINDS_VARIABLE = "CLA_KINDS"
"""Files with kinds of one's own."""
EXAMPLES = """examples:
  cla app
  cla run clip.wav
  cla COMMAND --help

"""
STATUSES = """exit status:
  0    done
  1    cla replay --compare: the session is not as it was recorded;
       cla bench --live: a goal fails
  2    something that you can put right, said on standard error; a full disk
  129, 130, 143
       stopped by a hangup, by Ctrl-C, by SIGTERM; what was written is kept
  141  whoever read the output has left
"""

COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("cla.cli.run:main", "run the lanes on a file, a microphone or a camera"),
    "app": ("cla.cli.app:main", "start the app in the browser"),
    "serve": ("cla.cli.serve:main", "serve live sessions to programs"),
    "bench": ("cla.cli.bench:main", "measure step times here"),
    "export": ("cla.cli.export:main", "write a classifier as ONNX"),
    "fetch": ("cla.cli.fetch:main", "bring what is not shipped"),
    "replay": ("cla.cli.replay:main", "run a recorded session again"),
    "teach": ("cla.cli.teach:main", "teach classes of your own"),
    "train": ("cla.cli.train:main", "train a task, or a run on a data set"),
    "evaluate": ("cla.cli.evaluate:main", "the table of runs"),
    "sweep": ("cla.cli.sweep:main", "a grid of runs"),
}
"""By name: what runs it, and what it does. Each brings its own options."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status, as in `STATUSES`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    with stopping() as signals:
        signals.loading = True
        from cla.cli import terminal
        from cla.errors import ClaError
        from cla.texts.sentence import Sentence

        signals.loading = False
        terminal.prepare_streams()
        try:
            try:
                status = _run(arguments, signals)
            except SystemExit as end:  # argparse has said why
                status = end.code if isinstance(end.code, int) else USER_ERROR
            sys.stdout.flush()
        except ClaError as error:
            terminal.complain(error)
            status = USER_ERROR
        except Stopped as stop:
            terminal.warn(STOPPED)
            status = stop.status
        except KeyboardInterrupt:
            terminal.warn(STOPPED)
            status = INTERRUPTED
        except OSError as error:
            if isinstance(error, BrokenPipeError) and terminal.reader_left():
                status = READER_LEFT
            elif error.errno in DISK_FULL:
                # Of what writes without the library's help: a log, or standard output.
                path = error.filename or Sentence("words.output")
                terminal.complain(ClaError("disk_full_at", path=path))
                status = USER_ERROR
            else:
                raise
        terminal.flush_or_silence()
        return status


def _run(arguments: list[str], signals: Stopping) -> int:
    options = _parser().parse_args(arguments[:1])
    module, function = COMMANDS[options.command][0].split(":")
    signals.loading = True
    try:
        if os.environ.get(KINDS_VARIABLE):  # else what needs no torch starts without
            import_module("cla.attention").load_kinds(os.environ)
        command = getattr(import_module(module), function)
    finally:
        signals.loading = False
    status: int = command(arguments[1:])
    return status


def _parser() -> argparse.ArgumentParser:
    parser = Options(
        prog="cla",
        description="Continual low-rank attention on sound and video.",
        epilog=EXAMPLES + STATUSES,
    )
    parser.add_argument("--version", action="version", version=f"cla {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, (_, text) in COMMANDS.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser
