"""Charts that set lanes against full attention."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from cla.engine import LaneMoment, LaneScan
from cla.models import TaskModel
from cla.texts import Texts
from cla.view.figures import MARK, figure, log_axis
from cla.view.lane_scores import Difference, LaneScore
from cla.view.systems import FULL_SYSTEM, System, system_title, systems

MEASURES = ("agreement", "error", "found")


def measure_of(score: LaneScore, measure: str) -> float:
    """One of `MEASURES`: percent of tokens, a distance, or percent of the digits."""
    if measure == "agreement":
        return 100 * score.agreement
    return score.error if measure == "error" else 100 * score.found / max(1, score.words)


def over_landmarks(
    say: Texts, scores: Mapping[tuple[str, int], LaneScore], full: LaneScore, measure: str
) -> go.Figure:
    """One of `MEASURES` over M, a curve for each low-rank system; full attention as a line."""
    chart = figure(
        say, say(f"compare.{measure}_title"), say("compare.landmarks"), say(f"compare.{measure}")
    )
    counts = sorted({count for _, count in scores})
    for key in dict.fromkeys(key for key, _ in scores):
        system = systems()[key]
        chart.add_scatter(
            x=counts,
            y=[measure_of(scores[key, count], measure) for count in counts],
            name=system_title(say, key),
            mode="lines+markers",
            line={"color": system.color, "dash": system.dash, "width": 2},
            marker={"symbol": system.symbol, "size": 9},
            hovertemplate=f"%{{x}} {say('learn.marks')}: %{{y:.4~g}}",
        )
    if measure == "found":
        chart.add_scatter(
            x=[counts[0], counts[-1]], y=[measure_of(full, measure)] * 2, mode="lines",
            name=system_title(say, FULL_SYSTEM.key), line={"color": FULL_SYSTEM.color, "width": 2},
        )  # fmt: skip
    chart.update_xaxes(type="log", tickvals=counts, ticktext=[str(count) for count in counts])
    if measure == "error":
        log_axis(chart.layout.yaxis)
    return chart


def probabilities(
    say: Texts, task: TaskModel, at: Difference, scans: tuple[LaneScan, LaneScan], system: System
) -> go.Figure:
    """What full attention and the lane say at one token."""
    chart = figure(say, say("compare.says"), say("compare.label"), say("compare.probability"))
    for each, scan in zip((FULL_SYSTEM, system), scans, strict=True):
        chart.add_bar(
            x=task.labels,
            y=scan.probabilities[at.token],
            name=system_title(say, each.key),
            marker={"color": each.color, "pattern": {"shape": "" if each == FULL_SYSTEM else "/"}},
            hovertemplate="%{x}: %{y:.3f}",
        )
    chart.update_yaxes(range=[0, 1])
    return chart


def attention_rows(
    say: Texts, task: TaskModel, moments: Sequence[LaneMoment], system: System, seen: int
) -> go.Figure:
    """Where both lanes look at one token: mean over heads, on the time axis of the window.

    Args:
        seen: tokens that the window holds; the others are left out.
    """
    chart = figure(say, say("compare.looks"), say("compare.before"), say("compare.weight"))
    times = np.arange(1 - seen, 1) * task.hop_s
    for each, moment in zip((FULL_SYSTEM, system), moments, strict=True):
        chart.add_scatter(
            x=times,
            y=moment.attention.mean(0)[-seen:],
            name=system_title(say, each.key),
            mode="lines",
            line={"color": each.color, "dash": each.dash, "width": 2, "shape": "hvh"},
            hovertemplate="%{x:.2f} s: %{y:.4f}",
        )
    chart.add_hline(y=0, line={"color": MARK, "width": 1})
    return chart
