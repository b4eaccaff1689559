"""The Learn page: how the method works, in five minutes, with figures that can be dragged."""

import json
from functools import cache, lru_cache
from typing import Any

import numpy as np
import streamlit as st

from cla.attention import LOW_RANK, REFERENCE
from cla.attention.cuts import stretches
from cla.engine import LaneMoment, lane_at
from cla.models import LaneSpec
from cla.resources import asset_path
from cla.texts import Texts
from cla.view.clip_source import Clip, sample
from cla.view.drift import STEPS, Drift, drift
from cla.view.figures import show
from cla.view.frame import page_head
from cla.view.learn_figures import (
    drift_figure,
    factor_figures,
    landmarks_figure,
    window_figure,
    worth_figure,
)
from cla.view.live_app import speech_task
from cla.view.settings import choice, number

CLIP = "count"
WORTH_LANE = "low rank, fixed, M = 16"
LOGIT_STDS = (1, 2, 3, 4, 5, 6, 7, 8, 9)


def learn_page() -> None:
    """Draw the page."""
    say = page_head("learn")
    clip = sample(say, speech_task(), CLIP)
    seen = _window(say, clip)
    marks = _landmarks(say, clip, seen)
    _factors(say, clip, (seen, marks))
    _drift(say)
    _worth(say)
    st.markdown(say("learn.sources"))


def _window(say: Texts, clip: Clip) -> int:
    task = speech_task()
    st.markdown(say("learn.window_text"))
    with st.container(horizontal=True):
        seen = number(
            say("learn.now"), 1, len(clip.tokens.tokens), default=133, key="now", width=420
        )
        window = number(say("cost.window"), 2, task.window, default=60, key="n", width=300)
    moment = lane_at(task, LaneSpec(REFERENCE, window=window), clip.tokens, seen - 1)
    show(window_figure(say, clip.tokens, seen, window, moment), "window", say("learn.window_alt"))
    return seen


def _landmarks(say: Texts, clip: Clip, seen: int) -> int:
    task = speech_task()
    st.markdown(say("learn.landmarks_text"))
    marks = choice(
        st.select_slider,
        say("cost.landmarks"),
        task.landmark_counts,
        default=8,
        key="marks",
        width=420,
    )
    show(
        landmarks_figure(say, clip.tokens, seen, task.window, marks),
        "landmarks",
        say("learn.landmarks_alt"),
    )
    pending = seen - stretches(seen, task.window, marks)[-1][1]
    kept = min(marks, seen)
    st.markdown(
        say("learn.landmarks_now", marks=kept, tokens=min(seen, task.window), pending=pending)
    )
    return marks


def _factors(say: Texts, clip: Clip, at: tuple[int, int]) -> None:
    seen, marks = at
    task = speech_task()
    st.markdown(say("learn.factors_text"))
    head = number(
        say("learn.head"), 1, task.classifier.config.num_heads, default=1, key="head", width=420
    )
    low, full = (
        _newest(lane_at(task, config, clip.tokens, seen - 1), min(seen, task.window))
        for config in (LaneSpec(LOW_RANK, marks, "continual"), LaneSpec(REFERENCE))
    )
    charts = factor_figures(say, low, full, head - 1)
    for names in (("beta", "gamma", "delta"), ("product", "full")):
        for column, name in zip(st.columns(len(names)), names, strict=True):
            with column:
                show(charts[name], name, say("learn.factors_alt"))
    product = low.factors["beta"] @ low.factors["gamma_inv"] @ low.factors["delta"]
    moved = np.abs(product - full.factors["attention"])[head - 1].sum(-1).mean() / 2
    tokens = len(product[0])
    st.markdown(
        say(
            "learn.factors_now",
            moved=say.number(100 * float(moved), 1),
            low=say.number(2 * tokens * marks + marks**2),
            full=say.number(tokens**2),
        )
    )


def _newest(moment: LaneMoment, valid: int) -> LaneMoment:
    """The moment without the rows and columns of tokens that were never seen."""
    return LaneMoment(
        moment.attention[:, -valid:],
        {
            name: factor[:, -valid:, -valid:] if name == "attention"
            else factor[:, -valid:] if name == "beta"
            else factor[:, :, -valid:] if name == "delta" else factor
            for name, factor in moment.factors.items()
        },
    )  # fmt: skip


def _drift(say: Texts) -> None:
    st.markdown(say("learn.drift_text", steps=say.number(STEPS)))
    std = choice(st.select_slider, say("learn.std"), LOGIT_STDS, default=4, key="std", width=420)
    with st.spinner(say("learn.running")):
        found = _drifted(std)
    show(drift_figure(say, found), "drift", say("learn.drift_alt"))
    st.markdown(
        say(
            "learn.drift_now",
            subtracting=f"{found.subtracting[-1]:.0e}",
            ours=f"{found.ours.max():.0e}",
        )
    )


def _worth(say: Texts) -> None:
    found = _measured()
    st.markdown(say("learn.worth_text"))
    for column, measure in zip(st.columns(2), ("us", "score"), strict=True):
        with column:
            chart = worth_figure(say, found["tasks"]["digits"]["rows"], measure)
            show(chart, f"worth-{measure}", say("learn.worth_alt"))
    crossings = found["tasks"]["digits"]["crossings"]
    (own,) = (one for one in crossings if one["lane"] == WORTH_LANE)
    st.markdown(
        say(
            "learn.worth_now",
            counts=say.number(own["counts"]),
            after=say.number(own["clock_after"] or 0),
            before=say.number(own["clock_before"]),
            times=say.number(own["times_faster"], 1),
            machine=found["machine"],
        )
    )


@cache
def _measured() -> dict[str, Any]:
    """What `benchmarks/where_low_rank.py` wrote."""
    text = asset_path("where_low_rank.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@lru_cache(len(LOGIT_STDS))
def _drifted(std: int) -> Drift:
    return drift(std)
