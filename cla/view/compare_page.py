"""The Compare page: how far low-rank attention is from full attention, and where it differs."""

from dataclasses import replace

import streamlit as st

from cla.engine import LaneScan, kernels, lane_at, scan_lane
from cla.models import LaneSpec, TaskModel
from cla.texts import Texts
from cla.view.cache import Cache
from cla.view.clip_choice import choose_clips, choose_lane, choose_task, choose_window
from cla.view.clip_source import Clip
from cla.view.compare_figures import MEASURES, attention_rows, over_landmarks, probabilities
from cla.view.figures import show
from cla.view.frame import page_head, plain
from cla.view.lane_scores import FULL, Difference, LaneScore, Scan, differences, score_lane
from cla.view.settings import choice
from cla.view.systems import (
    FULL_SYSTEM,
    System,
    low_rank_systems,
    system_title,
    systems,
    title_with_landmarks,
)

MOST_SCANS = 400
MOST_DIFFERENCES = 20
RECENT = 10
"""Newest tokens whose share of the weight is named."""


@st.cache_resource
def _sample_scans() -> Cache[LaneScan]:
    return Cache(MOST_SCANS)


@st.cache_resource(scope="session")
def _upload_scans() -> Cache[LaneScan]:
    return Cache(MOST_SCANS)


def compare_page() -> None:
    """Draw the page."""
    say = page_head("compare")
    task = choose_task(say)
    clips = choose_clips(say, task)
    if not clips:
        st.info(say("compare.empty"))
        return

    window = choose_window(say, task)

    def scan(config: LaneSpec, clip: Clip) -> LaneScan:
        config = replace(config, window=window)
        cache = _upload_scans() if clip.words is None else _sample_scans()
        return cache.get(
            (clip.name, config),
            lambda: scan_lane(task, config, clip.tokens, kernels=kernels().ready),
        )

    st.markdown(f"### {', '.join(plain(clip.title) for clip in clips)}")
    _scores(say, task, scan, clips)
    st.markdown(f"### {say('compare.which')}")
    system, config = choose_lane(say, task)
    _difference(say, task, scan, (clips, system, replace(config, window=window)))


def _scores(say: Texts, task: TaskModel, scan: Scan, clips: list[Clip]) -> None:
    lanes = [(key, count) for key in low_rank_systems() for count in task.landmark_counts]
    bar = st.progress(0.0, say("compare.scanning"))
    scores: dict[tuple[str, int], LaneScore] = {}
    for index, (key, count) in enumerate(lanes):
        scores[key, count] = score_lane(scan, systems()[key].lane(count), clips)
        bar.progress((index + 1) / len(lanes), say("compare.scanning"))
    bar.empty()
    full = score_lane(scan, FULL, clips)
    measures = MEASURES if full.words else MEASURES[:-1]
    measure = choice(
        st.segmented_control,
        say("compare.measure"),
        measures,
        default=measures[0],
        key="measure",
        format_func=lambda name: say(f"compare.{name}_short"),
        required=True,
        wrap=True,
    )
    show(over_landmarks(say, scores, full, measure), "scores", say("compare.scores_alt"))
    with st.expander(say("compare.numbers")):
        _table(say, scores, full)


def _table(say: Texts, scores: dict[tuple[str, int], LaneScore], full: LaneScore) -> None:
    rows = [(system_title(say, FULL_SYSTEM.key), full)]
    rows += [(title_with_landmarks(say, key, count), scores[key, count]) for key, count in scores]
    columns = {
        say("cost.system"): [name for name, _ in rows],
        say("compare.agreement"): [say.number(100 * one.agreement, 1) for _, one in rows],
        say("compare.error"): [say.number(one.error, 4) for _, one in rows],
    }
    if full.words:
        columns[say("compare.found_of", words=full.words)] = [str(one.found) for _, one in rows]
        columns[say("compare.false")] = [str(one.false_events) for _, one in rows]
    st.table(columns, hide_index=True)


def _difference(
    say: Texts, task: TaskModel, scan: Scan, lane: tuple[list[Clip], System, LaneSpec]
) -> None:
    clips, system, config = lane
    found = {one.name: one for one in differences(scan, config, clips, MOST_DIFFERENCES)}
    other = sum(one.full != one.lane for one in found.values())
    st.markdown(say("compare.others", count=other) if other else say("compare.none"))
    name = choice(
        st.selectbox,
        say("compare.token"),
        list(found),
        default=next(iter(found)),
        key="at",
        format_func=lambda name: _describe(say, task, found[name]),
    )
    at = found[name]
    full = replace(FULL, window=config.window)
    moments = [lane_at(task, each, at.clip.tokens, at.token) for each in (full, config)]
    scans = scan(full, at.clip), scan(config, at.clip)
    window = config.window or task.window
    seen = min(at.token + 1, window)
    left, right = st.columns(2)
    with left:
        show(
            probabilities(say, task, at, scans, system),
            "probabilities",
            say("compare.says_alt"),
        )
    with right:
        show(
            attention_rows(say, task, moments, system, seen), "attention", say("compare.looks_alt")
        )
    rows = [moment.attention.mean(0) for moment in moments]
    recent = [100 * float(row[-RECENT:].sum()) for row in rows]
    st.markdown(
        say(
            "compare.why",
            seen=seen,
            window=window,
            recent=RECENT,
            seconds=say.number(RECENT * task.hop_s, 1),
            full=say.number(recent[0]),
            lane=say.number(recent[1]),
            moved=say.number(50 * float(abs(rows[0] - rows[1]).sum())),
            negative=say.number(100 * abs(float(rows[1].clip(max=0).sum())), 1),
        )
    )


def _describe(say: Texts, task: TaskModel, one: Difference) -> str:
    return say(
        "compare.describe",
        clip=one.clip.title,
        time=say.number(one.time_s, 2),
        full=task.labels[one.full],
        full_p=say.number(one.full_probability, 2),
        lane=task.labels[one.lane],
        lane_p=say.number(one.lane_probability, 2),
    )
