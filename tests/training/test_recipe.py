"""Labels, scores, landmarks and the whole training on tiny data."""

from dataclasses import replace
from functools import partial
from types import MappingProxyType

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import assert_rows_close

from cla.errors import ClaError
from cla.evaluation import lanes
from cla.evaluation.audio_streams import Clip
from cla.evaluation.digits import LABELS, SCORER
from cla.evaluation.lanes import LANES, probabilities, row_name
from cla.evaluation.scoring import agreement
from cla.evaluation.streams import Expected, Occurrence, TokenStream
from cla.features import HOP_S
from cla.models import (
    ClassifierConfig,
    EventConfig,
    StreamClassifier,
    TaskModel,
    read_task,
    write_task,
)
from cla.models.landmarks import COUNTS, fit_landmarks
from cla.training.dense import lagging_logits
from cla.training.recipe import Run, read_streams
from cla.training.train import Start, TrainConfig, low_rank_phase, train
from cla.types import Event
from recipes.digits import dataset, main, recipe, voices, windows
from recipes.digits.bank import build_bank
from recipes.digits.engines import Manner
from recipes.digits.evaluate import evaluate
from recipes.digits.kinds import GLIDING, HARD, Made
from recipes.digits.labels import labeled, token_labels
from recipes.digits.left_out import LeftOut
from recipes.digits.phases import lagging_phase, voices_phase
from recipes.digits.sources import TEST_PACKAGES
from recipes.digits.streams import Material
from recipes.digits.utterances import Utterance
from recipes.hands.recipe import refining_phase

fit_quickly = partial(fit_landmarks, tokens=600)


def test_a_label_holds_after_its_word_until_the_next_begins():
    words = [Occurrence(3, 0.5, 1.0), Occurrence(0, 1.4, 1.8), Occurrence(4, 3.0, 3.4)]
    labels = token_labels(words, 60)
    times = (np.arange(60) + 1) * HOP_S
    np.testing.assert_array_equal(labels == 3, (times >= 0.96) & (times <= 1.4))
    np.testing.assert_array_equal(labels == 4, (times >= 3.36) & (times <= 4.0))


def test_a_label_is_long_enough_to_be_seen_when_words_follow_at_once():
    words = [Occurrence(3, 0.5, 1.0), Occurrence(4, 1.01, 1.5), Occurrence(5, 1.52, 1.7)]
    labels = token_labels(words, 40)
    times = (np.arange(40) + 1) * HOP_S
    np.testing.assert_array_equal(labels == 3, (times >= 0.96) & (times <= 1.25))
    # Where two labels would last, the later word has its own.
    np.testing.assert_array_equal(labels == 4, (times >= 1.46) & (times < 1.66))


def test_events_are_matched_once_and_in_time():
    words = [Occurrence(2, 0.5, 1.0), Occurrence(2, 2.0, 2.5), Occurrence(3, 4.0, 4.5)]
    events = [Event("one", t, 0.9) for t in (1.1, 1.3, 2.6)] + [Event("two", 5.6, 0.9)]
    score = SCORER.count(events, Expected(words), tokens=750)
    assert (score.present, score.found, score.false_events) == (3, 2, 2)
    assert score.false_per_minute == pytest.approx(2)


def test_agreement_counts_labels():
    first, second = (
        np.eye(3, dtype=np.float32)[[0, 1, 2, 1]],
        np.eye(3, dtype=np.float32)[[0, 1, 1, 1]],
    )
    assert agreement(first, second) == 0.75


def make_streams(count=6, tokens=420):
    """Streams in which a digit is a burst on one feature."""
    rng = np.random.default_rng(0)
    streams = []
    for _ in range(count):
        features = rng.normal(0, 1, (tokens, 96)).astype(np.float16)
        words = []
        for start in range(10, tokens - 20, 30):
            label = int(rng.integers(1, 11))
            features[start : start + 5, label] += 30
            words.append(Occurrence(label, start * HOP_S, (start + 5) * HOP_S))
        streams.append(TokenStream.of(features, words))
    return streams


def tiny_classifier(**changes):
    return ClassifierConfig(
        96, 11, embed_dim=32, num_heads=2, feed_forward_dim=32, position_harmonics=8, **changes
    )


@settings(max_examples=15)
@given(count=st.sampled_from((2, 4, 8)), tokens=st.integers(24, 70), seed=st.integers(0, 100))
def test_lagging_landmarks_give_what_a_step_gives(count, tokens, seed):
    torch.manual_seed(seed)
    window = 24
    model = StreamClassifier(tiny_classifier(window=window, position_period=48)).eval()
    lane = model.with_attention("continual_nystrom", count)
    features = torch.randn(2, tokens, 96)
    state = lane.init_state(2)
    for token in features.unbind(1):
        step = lane.step(token, state)
        state = step.state
    lag = tokens % (window // count)
    first = tokens - window - lag
    found = lagging_logits(lane, features[:, first:], torch.full((2,), first), lag)
    assert_rows_close(found, step.output)


def test_landmarks_lie_where_tokens_count():
    torch.manual_seed(0)
    model = StreamClassifier(tiny_classifier(window=24)).eval()
    way = np.random.default_rng(0).normal(0, 1, 96).astype(np.float32)
    streams = [np.tile(way, (60, 1)), np.tile(-way, (60, 1))]

    def spread(weights):
        """Distance of the two landmarks of each head."""
        landmarks = fit_landmarks(model, streams, tokens=960, counts=(2,), weights=weights)
        return (landmarks[2][0].keys[:, 0] - landmarks[2][0].keys[:, 1]).norm(dim=-1)

    one_kind = spread([np.ones(60), np.zeros(60)])
    assert (one_kind < 0.7 * spread(None)).all()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("phase", [low_rank_phase, lagging_phase, voices_phase, refining_phase])
def test_a_phase_goes_on_from_the_weights_of_the_last(phase):
    streams = labeled(make_streams())
    config = TrainConfig(
        tiny_classifier(), steps=160, scan_streams=4, windows=8, landmark_counts=(2, 4)
    )
    first = train(streams, replace(config, steps=20, warmup_steps=5, average=0.8))
    landmarks = fit_quickly(first, [stream.features for stream in streams])
    later = replace(phase(config), steps=10, average=0.5)
    second = train(streams, later, Start(first, landmarks))
    far = [
        (a - b).abs().max() for a, b in zip(first.parameters(), second.parameters(), strict=True)
    ]
    assert 0 < max(far) < 0.1


@pytest.mark.timeout(120)
def test_training_to_figures_on_tiny_data(tmp_path):
    streams = make_streams()
    config = TrainConfig(
        tiny_classifier(), steps=40, scan_streams=4, windows=8, warmup_steps=5, average=0.8
    )
    model = train(labeled(streams), config)
    landmarks = fit_quickly(model, [stream.features for stream in streams])
    assert sorted(landmarks) == list(COUNTS)
    assert landmarks[8][0].queries.shape == (2, 8, 16)
    task = TaskModel("digits", LABELS, model, landmarks, EventConfig(), HOP_S, MappingProxyType({}))
    figures = evaluate(task, {"tiny": streams[:2]}, ())
    assert figures["tiny"]["full"]["agreement_with_full"] == 1
    assert set(figures["tiny: ablation"]) == {"full", "attention zeroed", "window 1"}
    write_task(task, tmp_path, {"figures": figures})
    assert read_task(tmp_path).card["figures"] == figures


@pytest.mark.parametrize("lane", [one for one in LANES if one.num_landmarks in (None, 4)], ids=str)
def test_outputs_of_a_lane_are_those_of_its_steps(lane, monkeypatch):
    monkeypatch.setattr(lanes, "SCANNED_TOKENS", 17)
    torch.manual_seed(3)
    model = StreamClassifier(tiny_classifier(window=24, position_period=48)).eval()
    rng = np.random.default_rng(0)
    streams = [rng.normal(0, 1, (tokens, 96)).astype(np.float32) for tokens in (30, 71)]
    landmarks = fit_quickly(model, streams)
    task = TaskModel("any", LABELS, model, landmarks, EventConfig(), HOP_S, MappingProxyType({}))
    found = probabilities(task.lane(lane), streams)
    for stream, outputs in zip(streams, found, strict=True):
        state = task.lane(lane).init_state(1)
        with torch.no_grad():
            for token, output in zip(stream, outputs, strict=True):
                step = task.lane(lane).step(torch.from_numpy(token)[None], state)
                state = step.state
                assert_rows_close(step.output.softmax(-1)[0], output)


class Whistle:
    """A synthesizer that whistles."""

    def say(self, text, *_):
        time_s = np.arange(8_000) / 16_000
        return np.sin(2 * np.pi * (300 + 40 * len(text)) * time_s).astype(np.float32), 16_000


def test_refining_makes_its_streams_and_trains_on_with_them(tmp_path, monkeypatch):
    texts = ("one", "two", "three", "four", "door")
    utterances = [Utterance("whistle", text, "en", "any", Manner()) for text in texts]
    build_bank(utterances, {"whistle": Whistle()}, tmp_path / "bank")
    monkeypatch.setattr(recipe, "plan", lambda _: utterances)
    monkeypatch.setattr(
        recipe, "gather_material", lambda clips, *_, **__: Material.of(clips, [], [])
    )
    monkeypatch.setattr(dataset, "FILE_STREAMS", 1)
    short = {"hard": replace(HARD, duration_s=18.0), "gliding": replace(GLIDING, duration_s=18.0)}
    made = {name: Made(kind, 1, 3) for name, kind in short.items()}
    config = TrainConfig(
        tiny_classifier(), steps=120, scan_streams=2, scan_tokens=80, windows=8, warmup_steps=40
    )
    run = Run(tmp_path, tmp_path / "model", tmp_path, config)
    before = StreamClassifier(config.classifier)
    events = EventConfig(enter=0.7)
    task = TaskModel("digits", LABELS, before, {}, events, HOP_S, MappingProxyType({}))
    write_task(task, run.out, {})
    recipe.refine_weights(run, made)
    for name in short:
        assert [len(one.features) for one in read_streams(run.streams(name), TokenStream)]
    refined = read_task(run.out)
    assert refined.event_config == events
    weights = zip(before.parameters(), refined.classifier.parameters(), strict=True)
    assert 0 < max((a - b).abs().max() for a, b in weights) < 0.1


def test_voices_are_trained_on_without_one_speaker(tmp_path, monkeypatch):
    asked = []

    def read(_run, _kind, *names):
        asked.extend(names)
        return make_streams(1)

    monkeypatch.setattr(Run, "read", read)
    config = TrainConfig(
        tiny_classifier(), steps=200, warmup_steps=30, scan_streams=2, scan_tokens=60, windows=8
    )
    before = TaskModel(
        "digits", LABELS, StreamClassifier(config.classifier), {}, EventConfig(), HOP_S,
        MappingProxyType({}),
    )  # fmt: skip
    monkeypatch.setattr(voices, "fit_landmarks", fit_quickly)
    landmarks = fit_quickly(before.classifier, [one.features for one in make_streams(1)])
    run = Run(tmp_path, tmp_path / "model", tmp_path, config)
    for folder in (recipe.REFINED, recipe.IN_ROOMS):
        write_task(replace(before, landmarks=landmarks), tmp_path / folder, {})
    after = recipe.with_voices(run, "george")
    assert {"voices jackson", "voices lucas", "rooms", "no digits"} <= set(asked)
    assert "voices george" not in asked
    assert sorted(after.landmarks) == list(COUNTS)
    assert (after.landmarks[4][0].keys - landmarks[4][0].keys).abs().max() > 0


def test_figures_over_windows_are_of_every_lane_that_fits(monkeypatch):
    monkeypatch.setattr(windows, "WINDOWS", (8, 200))
    model = StreamClassifier(tiny_classifier()).eval()
    streams = make_streams(2, tokens=300)
    landmarks = fit_quickly(model, [one.features for one in streams])
    task = TaskModel("any", LABELS, model, landmarks, EventConfig(), HOP_S, MappingProxyType({}))
    left_out = LeftOut(task, "ann", dict.fromkeys(windows.CONDITIONS, streams[:1]))
    events = EventConfig(0.4)
    figures = windows.over_windows([left_out], {"ann": events}, task, streams[1:], events)
    assert list(figures) == ["8", "200"]
    assert set(figures["8"]) == {
        row_name(one) for one in windows.LANES if one.num_landmarks in (None, 4)
    }
    assert set(figures["200"]) == {row_name(one) for one in windows.LANES}
    words = len(windows.CONDITIONS) * len(streams[0].occurrences)
    assert figures["8"]["full"]["words"] == words
    whole = windows.joined(streams)
    last = streams[1].occurrences[-1]
    assert whole.occurrences[-1].onset_s == pytest.approx(last.onset_s + 300 * HOP_S)
    assert len(whole.features) == 600


def test_nothing_that_is_tested_on_is_trained_on(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(dataset, "recordings", lambda package, _: drawn.append(package) or [])
    clips = [Clip(np.zeros(800, np.float32), 1, 0.0, 0.05)]
    for tuning in (True, False):
        dataset.gather_material(clips, tmp_path, for_tuning=tuning)
    assert drawn
    assert not set(drawn) & set(TEST_PACKAGES)


@pytest.mark.parametrize(
    ("stage", "missing"),
    [("train", "no streams"), ("refine", "no speech"), ("voices", "no speech")],
)
def test_a_stage_without_its_data_is_explained(tmp_path, stage, missing):
    with pytest.raises(ClaError, match=missing):
        main(["--work-dir", str(tmp_path), "--only", stage, "--recordings", str(tmp_path)])
