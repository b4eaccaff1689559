"""Where is low rank worth it? Time, memory and score of live lanes over the window, on one thread.

What a live session does with a token is measured, of the shipped weights, by the thread's own
clock, which stands still while other programs have the core; lanes take their steps in turn. Of
continual landmarks it is the mean, ticks included, else the median. Scores are those of the cards.
Writes `assets/where_low_rank.json`, which the page Learn draws, and `docs/where_low_rank.md`
between its marks with its figure, within 6 minutes.

Run: python benchmarks/where_low_rank.py
"""

import json
import platform
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cla.attention import LOW_RANK, REFERENCE, STREAMED
from cla.attention.crossing import crossing
from cla.engine.stepper import Stepper
from cla.evaluation.lanes import row_name
from cla.models import LaneSpec, TaskModel, load_task

ROOT = Path(__file__).parents[1]
PAGE, DATA = ROOT / "docs" / "where_low_rank.md", ROOT / "assets" / "where_low_rank.json"
FIGURE = ROOT / "docs" / "results" / "where_low_rank.svg"
START, END = "<!-- measured -->", "<!-- end measured -->"
WINDOWS = (30, 60, 120, 240, 480, 960, 1_920, 4_096)
LANES = {
    "full": LaneSpec(REFERENCE),
    "exact continual": LaneSpec(STREAMED),
    "batch Nyström, M = 16": LaneSpec("nystrom", 16),
    **{
        f"low rank, {mode}, M = {count}": LaneSpec(LOW_RANK, count, mode)
        for mode in ("fixed", "continual")
        for count in (4, 16, 64)
    },
}
TASKS = {"digits": ("recall", "words found, %"), "key": ("alone", "tokens right, %")}
"""What of each card's windows is the score."""
ROUNDS, STEPS, SLOW_S = 12, 40, 1.5
"""Turns of each lane, steps in a turn, and processor time of one lane and window at most."""
Row = dict[str, Any]


def measured(task: TaskModel, window: int, score: str) -> list[Row]:
    """A row for each lane that there is in this window."""
    torch.manual_seed(0)
    found: list[tuple[str, LaneSpec, Stepper]] = []
    for name, lane in LANES.items():
        if (lane.num_landmarks or 0) >= window:
            continue
        spec = LaneSpec(lane.kind, lane.num_landmarks, lane.landmark_mode, window)
        stepper = Stepper(task, spec, torch.device("cpu"), kernels=True)
        size = task.classifier.config.input_dim
        heard = torch.randn(stepper.classifier.receptive_field, size)
        stepper.state = stepper.state_after(heard, 2 * window)
        for token in heard[:3]:  # the first steps load what is compiled
            stepper.step(token, emit=False)
        found.append((name, lane, stepper))
    times: dict[str, list[float]] = {name: [] for name, _, _ in found}
    tokens = torch.randn(256, task.classifier.config.input_dim)
    for turn in range(ROUNDS):
        for name, lane, stepper in found:
            # Ticks are rare where the window is long: the steps of a turn hold one at least.
            ticks = lane.landmark_mode == "continual" and lane.num_landmarks
            steps = max(STEPS, window // lane.num_landmarks + 1) if ticks else STEPS
            for step in range(steps):
                if sum(times[name]) < 1e3 * SLOW_S or len(times[name]) < 3:
                    answer = stepper.step(tokens[(turn + step) % 256], emit=False)
                    times[name].append(answer.compute_ms)
    return [_row(task, window, score, *one, times[one[0]]) for one in found]


def _row(
    task: TaskModel,
    window: int,
    score: str,
    name: str,
    lane: LaneSpec,
    stepper: Stepper,
    times_ms: list[float],
) -> Row:
    count = stepper.classifier.operations
    ticks = lane.landmark_mode == "continual" and lane.kind == LOW_RANK
    middle = statistics.fmean if ticks else statistics.median
    same = REFERENCE if lane.kind == STREAMED else row_name(lane)  # of the same numbers
    scored = task.card["windows"].get(str(window), {}).get(same, {}).get(score)
    return {
        "lane": name,
        "window": window,
        "us": round(1e3 * middle(times_ms), 1),
        "operations": round(count.average) if count else None,
        "state_bytes": stepper.state_bytes,
        "score": None if scored is None else round(100 * scored, 1),
    }


def crossings(task: TaskModel, rows: list[Row]) -> list[Row]:
    """From which window on a lane costs less than exact continual attention."""
    exact = {row["window"]: row["us"] for row in rows if row["lane"] == "exact continual"}
    found = []
    for name, lane in LANES.items():
        if lane.kind != LOW_RANK:
            continue
        own = {row["window"]: row["us"] for row in rows if row["lane"] == name}
        (attention, *_) = task.lane(LaneSpec(LOW_RANK, lane.num_landmarks, lane.landmark_mode,
                                             4_096)).attentions  # fmt: skip
        dearer = [window for window in own if own[window] >= exact[window]]
        after = [window for window in own if window > max(dearer, default=0)]
        found.append(
            {
                "lane": name,
                "counts": crossing(attention.config),
                "clock_after": max(dearer, default=None),
                "clock_before": min(after, default=None),
                "times_faster": round(exact[4_096] / own[4_096], 1),
            }
        )
    return found


def report(data: Mapping[str, Any]) -> str:
    """The tables in Markdown."""
    parts = [f"{data['machine']}; one thread, processor time.\n"]
    for name, task in data["tasks"].items():
        windows = sorted({row["window"] for row in task["rows"]})
        by = {(row["lane"], row["window"]): row for row in task["rows"]}
        for title, column, scale, digits in (
            ("µs a token", "us", 1, 0),
            (task["score"], "score", 1, 1),
            ("state, KB", "state_bytes", 1e-3, 0),
            ("multiply-adds of the attention a token", "operations", 1, 0),
        ):
            head = "| " + " | ".join([f"{name}: {title}", *(f"N = {n:,}" for n in windows)]) + " |"
            lines = [head, "|" + " --- |" * (len(windows) + 1)]
            for lane in LANES:
                found = [by.get((lane, n), {}).get(column) for n in windows]
                cells = ["" if x is None else f"{scale * x:,.{digits}f}" for x in found]
                if any(cells):
                    lines.append("| " + " | ".join([lane, *cells]) + " |")
            parts.append("\n".join(lines) + "\n")
        lines = [
            f"| {name}: cheaper than exact continual attention | by counts, from N = | by the "
            "clock, from N = | times faster at N = 4,096 |",
            "| --- | ---: | ---: | ---: |",
        ]
        for one in task["crossings"]:
            counts = f"{one['counts']:,}" if one["counts"] else "never"
            clock = _between(one["clock_after"], one["clock_before"])
            lines.append(f"| {one['lane']} | {counts} | {clock} | {one['times_faster']} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _between(after: int | None, before: int | None) -> str:
    if before is None:
        return f"not up to {WINDOWS[-1]:,}"
    return f"{before:,} or less" if after is None else f"{after:,} to {before:,}"


def draw(data: Mapping[str, Any]) -> None:
    """Time over the window, and the score of the same lanes, of the digits."""
    from matplotlib import pyplot

    rows = data["tasks"]["digits"]["rows"]
    figure, (time, score) = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    shown = ("full", "exact continual", "low rank, fixed, M = 4", "low rank, fixed, M = 16",
             "low rank, fixed, M = 64", "low rank, continual, M = 16")  # fmt: skip
    for name in shown:
        own = [row for row in rows if row["lane"] == name]
        (line,) = time.plot([row["window"] for row in own], [row["us"] for row in own], ".-",
                            label=name)  # fmt: skip
        judged = [(row["window"], row["score"]) for row in own if row["score"] is not None]
        score.plot(*zip(*judged, strict=True), ".-", color=line.get_color())
    time.set(xscale="log", yscale="log", ylabel="µs a token, one CPU thread")
    score.set(xscale="log", ylabel=data["tasks"]["digits"]["score"])
    for axes in (time, score):
        axes.grid(alpha=0.3)
        axes.set_xlabel("window, tokens")
        axes.set_xticks(WINDOWS[::2], [f"{n:,}" for n in WINDOWS[::2]])
        axes.minorticks_off()
    time.legend(frameon=False, fontsize=8)
    figure.savefig(FIGURE, metadata={"Date": None})


def main() -> None:
    """Measure, then write."""
    torch.set_num_threads(1)
    tasks = {}
    for name, (score, title) in TASKS.items():
        task = load_task(name)
        rows = [row for window in WINDOWS for row in measured(task, window, score)]
        tasks[name] = {"score": title, "rows": rows, "crossings": crossings(task, rows)}
    machine = f"{_processor()}, torch {torch.__version__}, numpy {np.__version__}"
    data = {"machine": machine, "tasks": tasks}
    DATA.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    before, rest = PAGE.read_text("utf-8").split(START)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{START}\n{report(data)}{END}{after}", "utf-8")
    draw(data)


def _processor() -> str:
    try:
        about = Path("/proc/cpuinfo").read_text()
        return next(line.split(": ")[1] for line in about.splitlines() if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    main()
