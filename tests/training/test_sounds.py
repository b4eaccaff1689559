"""Streams of sounds: what is heard is where it was put, and tokens are labeled by it."""

from unittest.mock import Mock

import numpy as np
import pytest
import torch

import cla.features.yamnet_tokenizer as tokenizer
from cla.features import SAMPLE_RATE_HZ, SOUND_HOP_S, Yamnet
from cla.models import EventConfig, Known, KnownClass
from cla.training.scoring import EventScore, Occurrence
from cla.training.sensitivity import ENTERS, sensitivity
from cla.training.sounds import familiar
from cla.training.sounds.dataset import (
    HOLD_S,
    SURE_S,
    SoundStream,
    StreamSet,
    build_streams,
    labeled,
    load_streams,
    token_labels,
)
from cla.training.sounds.familiar import fit_known, held, strange_tokens
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
    build_streams(RECORDINGS, [], StreamSet(2, 0), tmp_path)
    (first, second) = load_streams(tmp_path)
    assert first.features.shape == (round(STREAM_S / SOUND_HOP_S), 64)
    assert not np.array_equal(first.features, second.features)
    written = [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())]
    build_streams(RECORDINGS, [], StreamSet(2, 0), tmp_path)
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())] == written
    (stream, _) = labeled([first, second])
    assert stream.weights.shape == stream.labels.shape
    for one in first.occurrences:
        assert isinstance(one, Occurrence)


def test_short_pieces_are_no_longer_than_a_second():
    scenes = [
        make_scene(RECORDINGS, [], np.random.default_rng(seed), short_share=1.0)
        for seed in range(4)
    ]
    lengths = [one.end_s - one.onset_s for scene in scenes for one in scene.heard]
    assert lengths
    assert max(lengths) <= 1.0 + 1e-6


def stream_of(features):
    return SoundStream(features, np.zeros(len(features), np.int64), np.zeros((0, 3)))


def test_what_no_center_resembles_is_none():
    known = Known({1: KnownClass(np.eye(4, dtype=np.float32)[:1], 0.9)})
    alike, unlike = np.eye(4, dtype=np.float32)[[0, 0]], np.eye(4, dtype=np.float32)[[3, 3]]
    strange = strange_tokens(known, [stream_of(alike), stream_of(unlike)])
    rows = np.array([[0.2, 0.8], [0.4, 0.6]], np.float32)
    kept, refused = held([rows, rows], strange)
    np.testing.assert_allclose(kept, rows)
    np.testing.assert_allclose(refused, [[1, 0], [1, 0]])
    # As lanes do it, token by token.
    np.testing.assert_allclose(refused[1], known.held_against(rows[1], unlike))


def test_known_classes_are_learned_of_tokens_that_are_named(monkeypatch):
    rng = np.random.default_rng(0)
    sounds = {1: np.eye(8, dtype=np.float32)[0], 2: np.eye(8, dtype=np.float32)[1]}
    heard = [
        (label, (sound + rng.normal(0, 0.05, (40, 8))).astype(np.float32))
        for label, sound in sounds.items()
        for _ in range(3)
    ]
    named = [np.eye(3, dtype=np.float32)[[label] * 40] for label, _ in heard]
    monkeypatch.setattr(familiar, "probabilities", lambda *_: named)
    known = fit_known(Mock(), heard, heard)
    assert set(known.classes) == {1, 2}
    assert known.strange(np.tile(sounds[1], (5, 1))) == [2]
    assert known.strange(np.tile(np.eye(8, dtype=np.float32)[5], (5, 1))) == [1, 2]


def test_the_surer_it_must_be_the_less_is_found():
    events = EventConfig(0.7, 0.3)
    points = sensitivity(
        events, lambda config: EventScore(10, round(10 * (1 - config.enter)), 2, 1.0)
    )
    assert [point["enter"] for point in points] == sorted({*ENTERS, 0.7}, reverse=True)
    assert [point["found"] for point in points] == sorted(point["found"] for point in points)
    assert points[0]["false_per_minute"] == 2
