"""Labels, scores, landmarks and the whole training on tiny data."""

import numpy as np
import pytest

from cla.errors import ClaError
from cla.features import HOP_S
from cla.models import ClassifierConfig, EventConfig
from cla.training.digits import main
from cla.training.digits.dataset import FeatureStream
from cla.training.digits.evaluate import evaluate, tuned
from cla.training.digits.labels import labeled, token_labels
from cla.training.digits.vocabulary import LABELS
from cla.training.landmarks import fit_landmarks
from cla.training.lanes import COUNTS
from cla.training.scoring import EventScorer, Occurrence, agreement
from cla.training.train import TrainConfig, train
from cla.types import Event


def test_a_label_holds_after_its_word_until_the_next_begins():
    words = [Occurrence(3, 0.5, 1.0), Occurrence(0, 1.4, 1.8), Occurrence(4, 3.0, 3.4)]
    labels = token_labels(words, 60)
    times = (np.arange(60) + 1) * HOP_S
    np.testing.assert_array_equal(labels == 3, (times >= 0.96) & (times <= 1.4))
    np.testing.assert_array_equal(labels == 4, (times >= 3.36) & (times <= 4.0))


def test_events_are_matched_once_and_in_time():
    words = [Occurrence(2, 0.5, 1.0), Occurrence(2, 2.0, 2.5), Occurrence(3, 4.0, 4.5)]
    events = [Event("one", t, 0.9) for t in (1.1, 1.3, 2.6)] + [Event("two", 5.6, 0.9)]
    score = EventScorer(LABELS, HOP_S).score(events, words, tokens=750)
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
        streams.append(FeatureStream(features, tuple(words)))
    return streams


@pytest.mark.timeout(120)
def test_training_to_figures_on_tiny_data(tmp_path):
    from types import MappingProxyType

    from cla.models import TaskModel, read_task, write_task

    streams = make_streams()
    classifier = ClassifierConfig(
        96, 11, embed_dim=32, num_heads=2, feed_forward_dim=32, position_harmonics=8
    )
    config = TrainConfig(
        classifier, steps=40, scan_streams=4, windows=8, warmup_steps=5, average=0.8
    )
    model = train(labeled(streams), config)
    landmarks = fit_landmarks(model, [stream.features for stream in streams])
    assert sorted(landmarks) == list(COUNTS)
    assert landmarks[8][0].queries.shape == (2, 8, 16)
    task = TaskModel("digits", LABELS, model, landmarks, EventConfig(), HOP_S, MappingProxyType({}))
    assert isinstance(tuned(task, streams[:1]), EventConfig)
    figures = evaluate(task, {"tiny": streams[:2]})
    assert figures["tiny"]["full"]["agreement_with_full"] == 1
    assert set(figures["tiny: ablation"]) == {"full", "attention zeroed", "window 1"}
    write_task(task, tmp_path, {"figures": figures})
    assert read_task(tmp_path).card["figures"] == figures


def test_a_stage_without_its_data_is_explained(tmp_path):
    with pytest.raises(ClaError, match="no streams"):
        main(["--work-dir", str(tmp_path), "--only", "train"])
