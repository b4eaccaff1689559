"""The classifier keeps the streaming contract and shares its weights between lanes."""

import pytest
import torch
from rows import assert_rows_close

from cla.attention import clone_state
from cla.models import ClassifierConfig, FixedLandmarks, StreamClassifier, use_landmarks

LANES = [
    ("full", None, "continual"),
    ("continual_nystrom", 5, "continual"),
    ("continual_nystrom", 5, "fixed"),
]


def make_classifier():
    torch.manual_seed(0)
    config = ClassifierConfig(
        6, 4, embed_dim=16, num_heads=2, feed_forward_dim=8, window=12, position_period=25,
        position_harmonics=4, dropout=0.0,
    )  # fmt: skip
    return StreamClassifier(config).eval()


def make_lane(kind, landmarks, mode, window=None):
    lane = make_classifier().with_attention(kind, landmarks, mode, window)
    if mode == "fixed":
        generator = torch.Generator().manual_seed(2)
        pair = (torch.randn(2, 5, 8, generator=generator) for _ in "qk")
        use_landmarks(lane, [FixedLandmarks(*pair)])
    return lane


def run(lane, stream, state):
    return torch.stack([lane.step(token, state).output for token in stream.unbind(1)], 1)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("length", [1, 11, 12, 60])
def test_scan_and_window_equal_steps(lane, length):
    lane = make_lane(*lane)
    stream = torch.randn(2, length + 3, 6, generator=torch.Generator().manual_seed(1))
    past, future = stream[:, :length], stream[:, length:]
    state = lane.init_state(2)
    outputs = run(lane, past, state)
    with torch.no_grad():
        scanned, after = lane.scan(past, lane.init_state(2))
        kept = past[:, -lane.receptive_field :]
        rebuilt = lane.state_from_window(kept, tokens_seen=length)
        if length <= 12:
            assert_rows_close(lane(past), outputs[:, -1])
    assert_rows_close(scanned, outputs)
    assert state.valid_tokens.tolist() == [min(length, 12)] * 2
    expected = run(lane, future, clone_state(state))
    assert_rows_close(run(lane, future, after), expected)
    assert_rows_close(run(lane, future, rebuilt), expected)


def test_lanes_share_parameters():
    classifier = make_classifier()
    lane = classifier.with_attention("continual_nystrom", 3, window=6)
    assert [id(p) for p in lane.parameters()] == [id(p) for p in classifier.parameters()]
    assert lane.config.window == 6
    assert classifier.config.window == 12


def test_explain_ends_in_the_row_of_the_last_step():
    lane = make_lane("full", None, "continual")
    stream = torch.randn(1, 40, 6, generator=torch.Generator().manual_seed(1))
    state = lane.init_state(1)
    for index in range(40):
        emits = lane.step(stream[:, index], state, emit=True).emits
    whole = lane.explain(stream[:, -20:], state)
    assert_rows_close(whole[0].attention[:, :, -1:], emits[0].attention)


def test_step_operations_follow_the_stream():
    lane = make_lane("full", None, "continual")
    state = lane.init_state(1)
    assert lane.step_operations(state) == 2 * (2 * 8 + 3)
    run(lane, torch.zeros(1, 30, 6), state)
    assert lane.step_operations(state) == lane.operations.step


def test_another_attention_makes_no_weights(monkeypatch):
    classifier = make_classifier()
    before = torch.get_rng_state()
    monkeypatch.setattr(torch.nn.Linear, "reset_parameters", None)  # whoever makes one calls it
    twin = classifier.with_attention("continual_nystrom", 4, "fixed")
    assert torch.equal(torch.get_rng_state(), before)
    assert {id(part) for part in twin.parameters()} == {id(p) for p in classifier.parameters()}
