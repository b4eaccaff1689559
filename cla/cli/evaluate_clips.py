"""`cla evaluate digits --clips FOLDER`: a task judged on anybody's labeled recordings."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cla.cli.tables import print_rows
from cla.cli.terminal import Terminal, progress_bar, share_text
from cla.errors import ClaError
from cla.evaluation.audio_streams import Gaps
from cla.evaluation.conditions import PEAK_DB, Condition, load_noise
from cla.evaluation.digits import judge
from cla.evaluation.recorded import labeled_streams
from cla.evaluation.streams import TokenStream
from cla.features import embed_clip
from cla.files import write_file
from cla.models import TaskModel, lane_title
from cla.options import Options, positive

LEVELS = {
    "snr": "mean power of the words over that of the noise (default: 10)",
    "room": "rooms, by the power of direct sound over the tail's",
}
SILENCES = {
    "gap": (Gaps.between_s, "shortest and longest silence between words"),
    "within": (Gaps.within_s, "silence within a run"),
}


def main(task: TaskModel, argv: Sequence[str]) -> int:
    """Judge, print the table, and write it where that is asked for.

    Raises:
        ClaError: nothing is labeled there, a file cannot be read, or options do not go together.
    """
    options = _parser().parse_args(argv)
    gaps = Gaps(tuple(options.gap), options.run, tuple(options.within))
    streams = labeled_streams(options.clips, gaps)
    conditions = _conditions(options)
    sets: dict[str, list[TokenStream]] = {}
    with progress_bar(Terminal(stderr=True)) as progress:
        work = progress.add_task("listening", total=len(conditions) * len(streams))
        for condition in conditions:
            heard = sets.setdefault(str(condition), [])
            for seed, stream in enumerate(streams):
                distorted = condition.apply(stream, seed)
                heard.append(TokenStream.of(embed_clip(distorted.samples), distorted.words))
                progress.advance(work)
    figures = judge(task, sets)
    _print(figures, Terminal())
    if options.json:
        write_file(options.json, f"{json.dumps(figures, indent=2)}\n".encode())
    return 0


def _conditions(options: argparse.Namespace) -> list[Condition]:
    """The recordings as they are, and every mixture that the options name."""
    if options.snr and not options.noise:
        raise ClaError("noise_level_without_noise")
    found = [Condition(narrow=options.narrow, peak_db=options.level)]
    for direct_db in options.room:
        found.append(Condition(direct_db=direct_db, decay_s=options.decay, narrow=options.narrow,
                               peak_db=options.level))  # fmt: skip
    for path in options.noise:
        noise = load_noise(path)
        for snr_db in options.snr or (10.0,):
            found.append(Condition(noise, path.stem, snr_db, narrow=options.narrow,
                                   peak_db=options.level))  # fmt: skip
    return found


def _print(figures: Mapping[str, Mapping[str, Mapping[str, Any]]], console: Terminal) -> None:
    rows = [
        [
            f"{condition}, {lane_title(lane)}",
            str(one["words"]),
            share_text(one["recall"], one["interval"]),
            f"{one['wrong_in_100_words']:.1f}",
        ]
        for condition, row in figures.items()
        for lane, one in row.items()
    ]
    headings = ["condition and attention", "words", "found, % (95 % interval)", "wrong in 100"]
    print_rows(console, headings, rows)


def _parser() -> argparse.ArgumentParser:
    parser = Options(
        prog="cla evaluate digits",
        description="Judge spoken digits on labeled recordings: files named DIGIT_*.wav "
        "(DIGIT_SPEAKER_TAKE where there are several speakers), which are said one after the "
        "other, or CSV tables of file, digit, start_s and, if known, end_s. Each noise and each "
        "room is a condition of its own, beside the recordings as they are.",
    )
    add = parser.add_argument
    add("--clips", type=Path, required=True, metavar="FOLDER", help="the recordings")
    add("--noise", type=Path, action="append", default=[], metavar="PATH",
        help="a sound file, or a folder of some, to lie under the words")  # fmt: skip
    for name, text in LEVELS.items():
        add(f"--{name}", type=float, nargs="+", default=[], metavar="DB", help=text)
    add("--decay", type=positive, default=0.5, metavar="S",
        help="time in which a room's tail falls by 60 dB (default: 0.5)")  # fmt: skip
    add("--level", type=float, default=PEAK_DB, metavar="DB",
        help=f"peak of what is heard, of full scale (default: {PEAK_DB:g})")  # fmt: skip
    add("--narrow", action="store_true", help="as if recorded at 8 kHz")
    for name, (default, text) in SILENCES.items():
        add(f"--{name}", type=float, nargs=2, default=default, metavar="S",
            help=f"{text} (default: {default[0]:g} {default[1]:g})")  # fmt: skip
    add("--run", type=int, default=1, metavar="WORDS",
        help="say so many words closely, then pause (default: 1)")  # fmt: skip
    add("--json", type=Path, metavar="FILE", help="write the figures too")
    return parser
