"""Every token at once gives what steps give."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import assert_rows_close

from cla.models import ClassifierConfig, FixedLandmarks, StreamClassifier, use_landmarks
from cla.training.batches import FeatureNoise, LabeledStream, Pieces
from cla.training.dense import fixed_logits, full_logits
from cla.training.train import TrainConfig, train

START = torch.tensor([0, 7, 40])
CONFIG = ClassifierConfig(
    16, 4, embed_dim=32, num_heads=2, feed_forward_dim=32, window=24, position_period=48,
    position_harmonics=8,
)  # fmt: skip


def a_model(seed):
    torch.manual_seed(seed)
    return StreamClassifier(CONFIG).eval()


def scanned(lane, features):
    """Logits of streams that begin at some phases, as the library gives them."""
    state = lane.init_state(len(features))._replace(position=START.clone())
    return lane.scan(features, state)[0]


@settings(max_examples=15)
@given(window=st.integers(1, 60), tokens=st.integers(1, 70), seed=st.integers(0, 100))
def test_full_attention_gives_what_steps_give(window, tokens, seed):
    lane = a_model(seed).with_attention("full", window=window)
    features = torch.randn(3, tokens, 16)
    assert_rows_close(full_logits(lane, features, START), scanned(lane, features))


@settings(max_examples=15)
@given(
    count=st.sampled_from((1, 2, 5, 16)), window=st.integers(16, 60), tokens=st.integers(1, 70),
    seed=st.integers(0, 100),
)  # fmt: skip
def test_fixed_landmarks_give_what_steps_give(count, window, tokens, seed):
    model = a_model(seed)
    lane = model.with_attention("continual_nystrom", count, "fixed", window)
    use_landmarks(lane, [FixedLandmarks(torch.randn(2, count, 16), torch.randn(2, count, 16))])
    features = torch.randn(3, tokens, 16)
    found = fixed_logits(lane, features, START)
    assert_rows_close(found, scanned(lane, features))
    found.sum().backward()
    assert float(model.attentions[0].value_proj.weight.grad.abs().sum()) > 0


def test_several_layers_are_trained_on_too():
    torch.manual_seed(0)
    features = torch.randn(60, 16).numpy()
    stream = LabeledStream(features, np.arange(60) % 4, np.ones(60, np.float32))
    config = TrainConfig(
        replace(CONFIG, num_layers=2), steps=3, full_share=1.0, scan_streams=2, scan_tokens=40
    )
    assert train([stream], config).config.num_layers == 2


def test_thinned_pieces_end_with_the_token_that_counts():
    tokens = np.arange(40)
    stream = LabeledStream(tokens[:, None].astype(np.float32), tokens, np.ones(40, np.float32))
    for length, every in ((10, 1), (10, 3), (11, 5), (1, 4)):
        rng = np.random.default_rng(length)
        drawn = Pieces([stream]).draw(5, length, FeatureNoise(), rng, every)
        assert drawn.labels.shape == (5, -(-length // every))
        assert (drawn.labels.diff() == every).all()
        assert (drawn.features[..., 0].long() == drawn.labels).all()
        assert (drawn.labels[:, -1] >= length - 1).all()


def test_windows_of_all_lengths_are_learned_from_by_their_newest_tokens(monkeypatch):
    shapes = []
    draw = Pieces.draw

    def seen(*given):
        batch = draw(*given)
        shapes.append(tuple(batch.features.shape[:2]))
        return batch

    monkeypatch.setattr(Pieces, "draw", seen)
    stream = LabeledStream(torch.randn(60, 16).numpy(), np.arange(60) % 4, np.ones(60, np.float32))
    config = TrainConfig(
        CONFIG, steps=12, full_share=1.0, newest_share=1.0, newest_tokens=6, windows=3,
        blind_tokens=1,
    )  # fmt: skip
    train([stream], config)
    assert {count for count, _ in shapes} == {3}
    lengths = {tokens for _, tokens in shapes}
    assert len(lengths) > 3
    assert max(lengths) < 2 * 6
