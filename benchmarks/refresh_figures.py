"""Put the figures of the digits' card into docs/accuracy.md.

Run: python benchmarks/refresh_figures.py
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cla.evaluation.lanes import FULL, row_name
from cla.models import LaneSpec, load_task

ROOT = Path(__file__).parents[1]
START, END = "<!-- digits -->", "<!-- end digits -->"
LANES = {
    "full": FULL,
    "low rank, fixed, M = 16": LaneSpec("continual_nystrom", 16),
    "low rank, fixed, M = 4": LaneSpec("continual_nystrom", 4),
    "low rank, continual, M = 16": LaneSpec("continual_nystrom", 16, "continual"),
    "low rank, continual, M = 4": LaneSpec("continual_nystrom", 4, "continual"),
}
WITHOUT = (
    "Italian speech", "Spanish speech", "near-miss words", "music", "sounds", "room noise",
)  # fmt: skip
OVER_WINDOWS = {
    "full": FULL,
    **{
        f"low rank, {mode}, M = {count}": LaneSpec("continual_nystrom", count, mode)
        for mode in ("fixed", "continual")
        for count in (4, 16, 64)
    },
}
Row = Mapping[str, Any]


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def table(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_left_out(rows: Mapping[str, Mapping[str, Row]]) -> str:
    """Words found of speakers that were left out of the training, by condition."""
    lanes = {name: row_name(lane) for name, lane in LANES.items() if "4" not in name}
    headings = ["condition", "words", *lanes, "wrong in 100 words: full", "M = 16"]
    body = []
    for condition, row in rows.items():
        full, fixed = row[row_name(FULL)], row[lanes["low rank, fixed, M = 16"]]
        low, high = full["interval"]
        found = [percent(row[lane]["recall"]) for lane in lanes.values()]
        found[0] += f" ({100 * low:.0f} to {100 * high:.0f})"
        wrong = [f"{one['wrong_in_100_words']:.1f}" for one in (full, fixed)]
        body.append([condition, str(full["words"]), *found, *wrong])
    return table(headings, body)


def of_tests(figures: Mapping[str, Mapping[str, Row]]) -> str:
    """One real voice, and false events a minute on what holds no digits, by lane."""
    headings = ["lane", "digits found", "by telephone (8 kHz)", *WITHOUT, "same label as full"]
    voice = figures["real voice"]
    body = [
        [
            name,
            percent(voice[row_name(lane)]["recall"]),
            percent(figures["real voice, telephone"][row_name(lane)]["recall"]),
            *(f"{figures[one][row_name(lane)]['false_events_per_minute']:.2f}" for one in WITHOUT),
            percent(voice[row_name(lane)]["agreement_with_full"]),
        ]
        for name, lane in LANES.items()
    ]
    return table(headings, body)


def of_windows(windows: Mapping[str, Mapping[str, Row]]) -> str:
    """Words found of left-out speakers, and false events a minute, by lane and window."""
    headings = ["lane", *(f"N = {int(window):,}" for window in windows)]
    body = []
    for name, lane in OVER_WINDOWS.items():
        found = [rows.get(row_name(lane)) for rows in windows.values()]
        cells = (
            f"{percent(row['recall'])}, {row['wrong_in_100_words']:.1f}, "
            f"{row['false_events_per_minute']:.2f}"
            if row
            else ""
            for row in found
        )
        body.append([name, *cells])
    return table(headings, body)


def main() -> None:
    """Write both tables between their marks."""
    card = load_task("digits").card
    page = ROOT / "docs" / "accuracy.md"
    before, rest = page.read_text("utf-8").split(START)
    _, after = rest.split(END)
    ablation = card["figures"]["real voice: ablation"]
    right = {name: percent(row["token_accuracy"]) for name, row in ablation.items()}
    tables = (
        f"{of_left_out(card['left out']['all'])}\n\nOne more voice that was never trained on (120 "
        f"words), and false events a minute on what holds no digits:\n\n"
        f"{of_tests(card['figures'])}\n\nDoes the attention matter? Share of tokens named right: "
        f"{right['full']} with it, {right['attention zeroed']} with its output set to zero,\n"
        f"{right['window 1']} with a window of one token.\n\n"
        "What a window earns, by the same weights: words found of left-out speakers (900, clean "
        "and at 8 kHz,\none after the other), wrong events in 100 words, and false events a minute "
        "on Italian speech; empty\nwhere there are more landmarks than tokens.\n\n"
        f"{of_windows(card['windows'])}"
    )
    page.write_text(f"{before}{START}\n{tables}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
