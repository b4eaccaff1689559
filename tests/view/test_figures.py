"""The numbers that the Clips, Compare and Learn pages draw."""

import base64
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import assert_rows_close

from cla.attention.cuts import stretches
from cla.attention.naive import continual_landmarks
from cla.capture import open_audio, open_video, sample_clips
from cla.engine import clip_tokens, lane_at, read_clip, read_video_clip, scan_lane, video_stream
from cla.engine.stream import Arrival
from cla.models import LaneSpec, Span, load_task
from cla.texts import Texts
from cla.view.cache import Cache
from cla.view.clip_analysis import analyze_clip, player_message
from cla.view.clip_figures import DrawnLane, predictions
from cla.view.clip_source import Clip
from cla.view.compare_figures import attention_rows, measure_of, over_landmarks, probabilities
from cla.view.drift import drift
from cla.view.lane_scores import FULL, differences, distances, score_lane
from cla.view.learn_figures import factor_figures, landmarks_figure, window_figure
from cla.view.systems import SYSTEMS

SAY = Texts("en")
LOW = LaneSpec("continual_nystrom", 4, "fixed")


class FramesAsVideo(list):
    """Pictures that were decoded before, as an open file."""

    name, duration_s, notices, joints = "frames", 1.5, (), False


@pytest.fixture(scope="module")
def task():
    return load_task()


@pytest.fixture(scope="module")
def clip():
    sample = sample_clips()[0]
    with open_audio(sample.path) as audio:
        tokens = read_clip(load_task("digits"), audio)
    words = tuple(Span(word.label, word.start_s, word.end_s) for word in sample.words)
    return Clip(sample.name, sample.title, tokens, words)


@pytest.fixture(scope="module")
def scan(task):
    cache = Cache(100)
    return lambda config, clip: cache.get(config, lambda: scan_lane(task, config, clip.tokens))


def test_the_player_gets_every_token_of_both_lanes(task, clip):
    analysis = analyze_clip(task, [FULL, LOW], clip, lambda _: None)
    message = player_message(SAY, analysis, task, ["a", "b"])
    length = struct.unpack_from("<I", message)[0]
    header = json.loads(message[4 : 4 + length])
    shapes = dict(header["arrays"])
    tokens = len(clip.tokens.tokens)
    assert shapes["1/attention"] == [tokens, task.window]
    assert shapes["0/probabilities"] == [tokens, 11]
    assert not {"0/stretches", "1/stretches"} & set(shapes)
    assert [label for label, _ in header["lanes"][0]["events"]] == [w.label for w in clip.words]
    rows = np.frombuffer(message, "<f4", tokens * 11, 4 + length + 4 * len(clip.tokens.samples))
    np.testing.assert_array_equal(rows[:11], analysis.lanes[0][0].probabilities)
    rows = np.stack([r.probabilities for r in analysis.lanes[0]])
    lane = DrawnLane("a", "red", clip.tokens.times_s, rows, [])
    chart = predictions(SAY, "", task.labels, [lane, lane], words=clip.words)
    np.testing.assert_array_equal(chart.data[0].z, rows[:, 1:].T)
    assert "seconds" in chart.layout.xaxis2.title.text


def test_the_player_gets_no_more_of_a_long_window_than_the_clip_has(task, clip):
    lanes = [LaneSpec("continual", window=4096), LaneSpec("continual_nystrom", 16, window=60)]
    message = player_message(SAY, analyze_clip(task, lanes, clip, lambda _: None), task, ["a", "b"])
    length = struct.unpack_from("<I", message)[0]
    header = json.loads(message[4 : 4 + length])
    tokens = len(clip.tokens.tokens)
    assert header["window"] == tokens == 149
    assert [shape for name, shape in header["arrays"] if "attention" in name] == [[149, 149]] * 2


def test_the_player_gets_what_continual_landmarks_stand_for(task, clip):
    config = LaneSpec("continual_nystrom", 4, "continual")
    analysis = analyze_clip(task, [FULL, config], clip, lambda _: None)
    message = player_message(SAY, analysis, task, ["a", "b"])
    length = struct.unpack_from("<I", message)[0]
    shapes = dict(json.loads(message[4 : 4 + length])["arrays"])
    size = 4 * int(np.prod(shapes["1/stretches"]))
    ages = np.frombuffer(message[-size:], "<f4").reshape(shapes["1/stretches"])
    assert list(shapes)[-1] == "1/stretches"
    assert (ages[0] == [[1, 0], [0, 0], [0, 0], [0, 0]]).all()
    np.testing.assert_array_equal(ages[-1], analysis.lanes[1][-1].stretches)


def test_a_long_clip_of_pictures_keeps_some_of_them(monkeypatch):
    monkeypatch.setattr(clip_tokens, "MOST_PICTURES", 4)
    task = load_task("hands")
    sample = next(clip for clip in sample_clips("hands") if clip.name == "hand-photographs")
    with open_video(sample.path) as video:
        first = next(iter(video))
    frames = [first._replace(time_s=at * task.hop_s) for at in range(20)]
    tokens = read_video_clip(task, FramesAsVideo(frames))
    times_s = [picture.time_s for picture in tokens.pictures]
    assert 2 <= len(times_s) <= 4
    assert len(tokens.tokens) > 2 * len(times_s)
    assert times_s == sorted(times_s)
    assert times_s[-1] > tokens.duration_s / 2


def test_a_clip_of_pictures_is_read_as_a_live_session_reads_it():
    task = load_task("hands")
    sample = next(clip for clip in sample_clips("hands") if clip.name == "hand-photographs")
    with open_video(sample.path) as video:
        frames = [frame for frame in video if frame.time_s < 1.5]
    stream, seen = video_stream(task, preview=True), []
    for frame in frames:
        seen += stream.take(Arrival(frame, 0.0)).tokens
    tokens = read_video_clip(task, FramesAsVideo(frames))
    assert len(tokens.tokens) == len(seen) == pytest.approx(1.5 / task.hop_s, abs=2)
    for found, expected in zip(tokens.tokens, seen, strict=True):
        np.testing.assert_array_equal(found.features, expected.features)
    assert 0 <= len(tokens.tokens) - len(tokens.pictures) <= 2
    assert tokens.duration_s == pytest.approx(1.5, abs=0.1)
    clip = Clip(sample.name, sample.title, tokens, ())
    message = player_message(
        SAY, analyze_clip(task, [FULL, LOW], clip, lambda _: None), task, ["a", "b"]
    )
    header = json.loads(message[4 : 4 + struct.unpack_from("<I", message)[0]])
    picture = header["pictures"][-1]
    assert base64.b64decode(picture["jpeg"])[:2] == bytes([0xFF, 0xD8])
    assert all(len(hand["points"]) == 42 for hand in picture["hands"])
    assert dict(header["arrays"])["sound"] == [0]


def test_scores_are_counted_from_the_scans(clip, scan):
    same = score_lane(scan, FULL, [clip])
    assert (same.agreement, same.error, same.found, same.words) == (1.0, 0.0, 10, 10)
    score = score_lane(scan, LOW, [clip])
    full, lane = scan(FULL, clip), scan(LOW, clip)
    assert score.agreement == np.mean(full.leaders == lane.leaders)
    assert score.error == pytest.approx(
        np.abs(full.probabilities - lane.probabilities).sum(-1).mean() / 2
    )
    scores = {("fixed", 4): score, ("fixed", 8): same}
    for measure in ("agreement", "error", "found"):
        chart = over_landmarks(SAY, scores, same, measure)
        assert list(chart.data[0].x) == [4, 8]
        assert list(chart.data[0].y) == [measure_of(score, measure), measure_of(same, measure)]


def test_the_tokens_that_differ_come_first(task, clip, scan):
    listed = differences(scan, LOW, [clip], 12)
    assert len(listed) == len({one.name for one in listed}) == 12
    gaps = distances(scan(FULL, clip), scan(LOW, clip))
    other = int((scan(FULL, clip).leaders != scan(LOW, clip).leaders).sum())
    assert [one.full != one.lane for one in listed] == [i < other for i in range(12)]
    assert max(one.distance for one in listed) == pytest.approx(gaps.max())
    at = listed[0]
    chart = probabilities(SAY, task, at, (scan(FULL, clip), scan(LOW, clip)), SYSTEMS["fixed"])
    np.testing.assert_array_equal(chart.data[1].y, scan(LOW, clip).probabilities[at.token])
    moments = [lane_at(task, config, clip.tokens, at.token) for config in (FULL, LOW)]
    seen = min(at.token + 1, task.window)
    rows = attention_rows(SAY, task, moments, SYSTEMS["fixed"], seen)
    assert sum(rows.data[0].y) == pytest.approx(1, abs=1e-4)
    assert rows.data[0].x[-1] == 0


@given(seen=st.integers(1, 200), window=st.integers(1, 60), marks=st.integers(1, 60))
def test_landmarks_are_shown_where_they_come_from(seen, window, marks):
    import torch

    parts = stretches(seen, window, min(marks, window))
    times = torch.arange(seen, dtype=torch.float64)[:, None]
    means = continual_landmarks(times, window, min(marks, window))[:, 0].sort().values
    np.testing.assert_allclose([(start + end - 1) / 2 for start, end in parts], means)


def test_figures_of_the_learn_page_hold_what_they_show(task, clip):
    moment = lane_at(task, LaneSpec("full", window=30), clip.tokens, 99)
    chart = window_figure(SAY, clip.tokens, 100, 30, moment)
    assert len(chart.data[1].x) == 30
    assert max(chart.data[1].y) == 1
    marks = landmarks_figure(SAY, clip.tokens, 133, task.window, 8)
    assert len(marks.data[1].x) == 3 * 8
    low = lane_at(task, LaneSpec("continual_nystrom", 8, "continual"), clip.tokens, 148)
    full = lane_at(task, FULL, clip.tokens, 148)
    maps = factor_figures(SAY, low, full, 2)
    beta, inverse, delta, product, whole = (chart.data[0].z for chart in maps.values())
    assert_rows_close(beta @ inverse @ delta, product)
    np.testing.assert_allclose(np.sum(whole, -1), 1, rtol=1e-5)


def test_subtracting_drifts_and_this_code_does_not():
    found = drift(4)
    assert found.subtracting[-5:].min() > 10 * found.ours.max()
    assert found.ours.max() < 1e-5
