"""`cla teach`: classes of your own, from folders of clips to a file that `cla run --task` takes."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from cla.capture import open_file
from cla.cli.tables import print_rows
from cla.cli.terminal import Terminal, progress_bar, say, warn
from cla.errors import ClaError
from cla.features import FRONT_ENDS, FrontEnd, front_end
from cla.models import lane_title, write_task_file
from cla.options import Options
from cla.teaching import (
    MAX_CLASS_S,
    Material,
    Taught,
    TaughtClass,
    TaughtClip,
    check_names,
    read_taught_clip,
    teach,
)

DEFAULT_NAME = "my classes"


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Raises:
        ClaError: classes, clips or features that cannot be used.
    """
    options = _parser().parse_args(argv)
    # Several small products at a time are no faster on more threads.
    torch.set_num_threads(1)
    named = _named(options.classes)
    check_names(list(named))
    end = front_end(options.features)
    with progress_bar() as bar:
        files = sum(map(len, named.values())) + len(options.background)
        reading = bar.add_task("reading", total=files)

        def read(paths: Sequence[Path]) -> tuple[TaughtClip, ...]:
            return _read(end, paths, lambda: bar.advance(reading))

        material = Material(
            end.name,
            tuple(TaughtClass(name, read(paths)) for name, paths in named.items()),
            read([path for each in options.background for path in _files(each)]),
        )
        fitting = bar.add_task("fitting", total=1.0)
        taught = teach(material, options.name, lambda share: bar.update(fitting, completed=share))
    write_task_file(taught.task, options.out)
    _report(taught, Terminal())
    say(f"{options.out}: run it with: cla run --task {options.out} INPUT")
    return 0


def _named(classes: Sequence[str]) -> dict[str, list[Path]]:
    named: dict[str, list[Path]] = {}
    for entry in classes:
        name, equals, path = entry.partition("=")
        if not equals or not path:
            raise ClaError("class_option_unnamed", entry=entry)
        named.setdefault(name.strip(), []).extend(_files(Path(path)))
    return named


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(each for each in path.iterdir() if each.is_file() and each.name[0] != ".")
    if not files:
        raise ClaError("class_folder_empty", path=path)
    return files


def _read(
    end: FrontEnd, paths: Sequence[Path], advance: Callable[[], object]
) -> tuple[TaughtClip, ...]:
    """The clips of a class, in all no more of them than is used."""
    clips: list[TaughtClip] = []
    left_s = MAX_CLASS_S
    for path in paths:
        if left_s > end.hop_s:
            with open_file(end.input, path) as file:
                clips.append(read_taught_clip(end, file, left_s))
                for notice in file.notices:
                    warn(notice)
            left_s -= len(clips[-1].features) * end.hop_s
        advance()
    return tuple(clips)


def _report(taught: Taught, console: Console) -> None:
    full = taught.scores[0]
    labels = taught.task.labels
    rows = [
        [label, "-" if np.isnan(recall) else f"{recall:.0%}", *map(str, row)]
        for label, row, recall in zip(labels, full.confusion, full.recalls, strict=True)
    ]
    title = "Held out: tokens of each class (rows) by what full attention says"
    print_rows(console, ["class", "right", *labels], rows, title=title)
    lanes = [
        [lane_title(score.lane), f"{score.accuracy:.1%}", f"{score.agreement:.1%}"]
        for score in taught.scores
    ]
    headings = ["attention", "mean of classes right", "same label as full"]
    print_rows(console, headings, lanes, title="Every kind of attention on what was held out")
    card = taught.task.card
    console.print(f"Fitted: {card['fitted']}, in {card['seconds']} s.")


def _parser() -> argparse.ArgumentParser:
    parser = Options(
        prog="cla teach",
        description="Teach two to eight classes of your own, from 10 to 30 s of clips of each.",
        examples=(
            "cla teach --features speech --class yes=yes.wav --class no=no.wav \\\\",
            "          --out words.safetensors",
            "cla run --task words.safetensors clip.wav",
        ),
    )
    parser.add_argument(
        "--features",
        required=True,
        choices=[one for one in FRONT_ENDS if one != "joints"],
        help="what is looked at: speech (words; begins with the digits' encoder), spectrum (any "
        "sound), sounds (any sound, better: needs `cla fetch yamnet` once), hands, pictures",
    )
    parser.add_argument(
        "--class",
        dest="classes",
        action="append",
        required=True,
        metavar="NAME=PATH",
        help="a class and a clip of it, or a folder of clips; may be given again and again",
    )
    parser.add_argument(
        "--background",
        action="append",
        type=Path,
        default=[],
        metavar="PATH",
        help="a clip, or a folder of clips, in which nothing of the classes happens",
    )
    parser.add_argument("--name", default=DEFAULT_NAME, help="default: %(default)s")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="a file .safetensors"
    )
    return parser
