"""Streams of sounds: what is heard is where it was put, and tokens are labeled by it."""

import io
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import soundfile
import torch

import cla.features.yamnet_tokenizer as tokenizer
from cla.evaluation.scoring import ENTERS, EventScore, sensitivity
from cla.evaluation.streams import Occurrence, TokenStream
from cla.features import SAMPLE_RATE_HZ, SCORED_DIM, SOUND_HOP_S, YAMNET_DIM
from cla.features.yamnet import Yamnet
from cla.models import EventConfig, read_task
from cla.models.landmarks import COUNTS, fit_landmarks
from cla.training.recipe import Run, build_streams, read_streams
from recipes.sounds import recipe
from recipes.sounds.effects import catalog
from recipes.sounds.labels import (
    FAMILIAR,
    FEW_TOKENS,
    HOLD_S,
    SURE_S,
    WEIGHTS,
    fit_known,
    labeled,
    token_labels,
)
from recipes.sounds.sets import FOLDS, _tokens, trained_folds
from recipes.sounds.streams import STREAM_S, Recording, make_alone, make_scene, make_short

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
    first, second = (make_scene(RECORDINGS, [[BARKS]], np.random.default_rng(5)) for _ in "ab")
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
    monkeypatch.setattr(network, "embed_scored", lambda patches: patches.mean(1))
    monkeypatch.setattr(tokenizer, "shared_yamnet", lambda: network)
    scenes = [make_scene(RECORDINGS, [], np.random.default_rng(seed)) for seed in range(2)]
    tokens = partial(_tokens, lambda number, _: scenes[number], (0, 0))
    build_streams(tmp_path, 2, tokens)
    (first, second) = read_streams(tmp_path, TokenStream)
    assert first.features.shape == (round(STREAM_S / SOUND_HOP_S), 64)
    assert not np.array_equal(first.features, second.features)
    written = [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())]
    build_streams(tmp_path, 2, tokens)
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())] == written
    (stream, _) = labeled([first, second])
    assert stream.weights.shape == stream.labels.shape
    assert set(stream.labels) == {0, *(one.label for one in first.occurrences)}
    assert list(scenes[0].heard) == first.occurrences


def test_short_pieces_are_no_longer_than_a_second():
    scenes = [
        make_scene(RECORDINGS, [], np.random.default_rng(seed), short_share=1.0)
        for seed in range(4)
    ]
    lengths = [one.end_s - one.onset_s for scene in scenes for one in scene.heard]
    assert lengths
    assert max(lengths) <= 1.0 + 1e-6


def stream_of(features):
    return TokenStream.of(features)


def tokens_led_by(place):
    """Tokens in which one class of AudioSet stands out, or none but nothing."""
    features = np.zeros((10, SCORED_DIM), np.float32)
    features[:, YAMNET_DIM + place] = 2.0
    return features


def test_where_a_foreign_class_leads_a_label_is_none():
    known = fit_known([(1, tokens_led_by(FAMILIAR[1][0]))] * 3)
    assert set(known.classes) == {1}
    foreign = next(place for place in range(494) if place not in FAMILIAR[1])
    nothing = SCORED_DIM - 1 - YAMNET_DIM
    streams = [stream_of(tokens_led_by(place)) for place in (FAMILIAR[1][-1], foreign, nothing)]
    rows = np.tile(np.array([0.2, 0.8], np.float32), (10, 1))
    kept, *refused = [known.held_along(rows, stream.features) for stream in streams]
    np.testing.assert_allclose(kept, rows)
    for stream, given in zip(streams[1:], refused, strict=True):
        np.testing.assert_allclose(given, np.tile([1.0, 0.0], (10, 1)))
        # As lanes do it, token by token.
        np.testing.assert_allclose(given[-1], known.held_against(rows[-1], stream.features))


def test_recordings_are_heard_alone_and_in_part():
    whole = make_alone(RECORDINGS[0])
    (barks,) = whole.heard
    assert barks.onset_s == pytest.approx(2.0, abs=0.05)
    assert barks.end_s == pytest.approx(4.75, abs=0.05)
    part = make_short(RECORDINGS[1], np.random.default_rng(0))
    (short,) = part.heard
    assert 0.3 <= short.end_s - short.onset_s <= 1.0
    assert np.abs(part.samples).max() <= 1


def test_short_sounds_count_nearly_as_much_as_long_ones():
    heard = np.array([[1, 5.0, 5.4], [2, 10.0, 15.0]])
    (stream,) = labeled([TokenStream(np.zeros((200, 4)), heard)])
    assert stream.weights[stream.labels == 1].sum() == FEW_TOKENS
    assert stream.weights[stream.labels == 2].max() == pytest.approx(WEIGHTS[0])
    assert stream.weights[60] < stream.weights[0] == 1


def test_no_fold_is_tested_that_was_heard():
    for fold in range(FOLDS):
        trained = trained_folds(fold)
        assert len({*trained, fold}) == FOLDS - 1


def test_a_catalog_of_samples_is_read():
    tones = [np.sin(np.arange(800) / pitch).astype(np.float32) for pitch in (5, 9)]
    entries = []
    for number, tone in enumerate(tones):
        file = io.BytesIO()
        soundfile.write(file, tone, SAMPLE_RATE_HZ, format="WAV", subtype="FLOAT")
        name = f"tone {number}".encode() + b"\0"
        entries.append((bytes([len(name)]) + name, file.getvalue()))
    table, at = b"", 8 * len(entries)
    for name, wave in entries:
        table += at.to_bytes(4, "little") + len(wave).to_bytes(4, "little")
        at += len(name) + len(wave)
    content = table + b"".join(name + wave for name, wave in entries)
    found = list(catalog(content))
    assert [one.name for one in found] == ["tone 0", "tone 1"]
    for one, tone in zip(found, tones, strict=True):
        np.testing.assert_allclose(one.samples, tone, atol=1e-6)


def test_the_surer_it_must_be_the_less_is_found():
    events = EventConfig(0.7, 0.3)
    points = sensitivity(
        events, lambda config: EventScore(10, round(10 * (1 - config.enter)), 2, 1.0)
    )
    assert [point["enter"] for point in points] == sorted({*ENTERS, 0.7}, reverse=True)
    assert [point["found"] for point in points] == sorted(point["found"] for point in points)
    assert points[0]["false_per_minute"] == 2


def tiny_stream(seed):
    """A stream of 20 s in which four sounds stand out on a feature each."""
    rng = np.random.default_rng(seed)
    tokens = rng.normal(0, 0.1, (200, SCORED_DIM)).astype(np.float16)
    heard = []
    for start in range(10, 170, 40):
        label = int(rng.integers(1, 11))
        tokens[start : start + 25, label] += 2
        heard.append(Occurrence(label, start * SOUND_HOP_S, (start + 25) * SOUND_HOP_S))
    return TokenStream.of(tokens, heard)


@pytest.mark.timeout(200)
def test_the_recipe_on_tiny_data(tmp_path, monkeypatch):
    asked = set()

    def read(_run, _kind, *names):
        pairs = [name.rsplit("-", 1) for name in names]
        asked.update((name, int(fold)) for name, fold in pairs)
        return [tiny_stream(seed) for _ in names for seed in range(2)]

    monkeypatch.setattr(Run, "read", read)
    monkeypatch.setattr(recipe, "fit_landmarks", partial(fit_landmarks, tokens=400))
    monkeypatch.setattr(recipe, "strangers_named", lambda *_: {"recordings": 0})
    config = recipe.train_config(20)
    sizes = replace(config.classifier, embed_dim=16, num_heads=2, feed_forward_dim=16)
    config = replace(config, classifier=sizes, scan_streams=2, scan_tokens=80, windows=4)
    run = Run(tmp_path, tmp_path / "model", tmp_path, config)
    recipe.make_weights(run)
    assert {fold for name, fold in asked if name == "train"} == {0, 1, 2}
    assert ("alone", recipe.TEST_FOLD) not in asked
    recipe.make_card(run)
    task = read_task(run.out)
    assert task.features == "scored sounds"
    assert set(task.known.classes) <= set(range(1, 11))
    assert task.landmark_counts == COUNTS
    figures = task.card["figures"]
    assert set(figures) == {"test", "test: ablation", "alone", "short", "strangers"}
    assert figures["test"]["full"]["agreement_with_full"] == 1
    assert "named right" in task.card["attention"]
