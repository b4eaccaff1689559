"""Streams of sounds: what is heard is where it was put, and tokens are labeled by it."""

import numpy as np
import pytest
import torch

import cla.features.yamnet_tokenizer as tokenizer
from cla.features import SAMPLE_RATE_HZ, SOUND_HOP_S, Yamnet
from cla.training.scoring import Occurrence
from cla.training.sounds.dataset import (
    HOLD_S,
    SURE_S,
    build_streams,
    labeled,
    load_streams,
    token_labels,
)
from cla.training.sounds.streams import STREAM_S, Recording, make_scene

BARKS = np.zeros(5 * SAMPLE_RATE_HZ, np.float32)
for start_s in (1.0, 3.5):
    begin = round(start_s * SAMPLE_RATE_HZ)
    burst = np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ // 4)
    BARKS[begin : begin + len(burst)] = burst
RECORDINGS = [Recording(BARKS, 1), Recording(np.sin(np.arange(64_000) / 5).astype(np.float32), 2)]


def test_what_is_heard_is_louder_than_what_is_not():
    scenes = [make_scene(RECORDINGS, [], np.random.default_rng(seed)) for seed in range(8)]
    assert {one.label for scene in scenes for one in scene.heard} == {1, 2}
    for scene in scenes:
        assert len(scene.samples) == STREAM_S * SAMPLE_RATE_HZ
        assert np.abs(scene.samples).max() <= 1
        for one in scene.heard:
            assert 0 <= one.onset_s < one.end_s <= STREAM_S
            if one.label == 1:  # barks lie 2.5 s apart: their silence belongs to none
                assert one.end_s - one.onset_s < 0.5


def test_the_same_seed_gives_the_same_stream():
    first, second = (make_scene(RECORDINGS, [BARKS], np.random.default_rng(5)) for _ in "ab")
    np.testing.assert_array_equal(first.samples, second.samples)
    assert first.heard == second.heard


def test_tokens_are_labeled_from_when_a_sound_can_be_told():
    labels = token_labels([Occurrence(2, 1.0, 2.0)], 40)
    time_s = (np.flatnonzero(labels == 2) + 1) * SOUND_HOP_S
    assert time_s[0] == pytest.approx(1.0 + SURE_S)
    assert time_s[-1] == pytest.approx(2.0 + HOLD_S)


def test_streams_on_disk_are_made_once(tmp_path, monkeypatch):
    torch.manual_seed(0)
    network = Yamnet().eval().requires_grad_(False)
    monkeypatch.setattr(network, "embed", lambda patches: patches.mean(1))
    monkeypatch.setattr(tokenizer, "shared_yamnet", lambda: network)
    build_streams(RECORDINGS, [], 2, 0, tmp_path)
    (first, second) = load_streams(tmp_path)
    assert first.features.shape == (round(STREAM_S / SOUND_HOP_S), 64)
    assert not np.array_equal(first.features, second.features)
    written = [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())]
    build_streams(RECORDINGS, [], 2, 0, tmp_path)
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())] == written
    (stream, _) = labeled([first, second])
    assert stream.weights.shape == stream.labels.shape
    for one in first.occurrences:
        assert isinstance(one, Occurrence)
