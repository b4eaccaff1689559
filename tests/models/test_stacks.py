"""Encoder layers on top of each other keep the streaming contract too."""

import pytest
import torch
from rows import assert_rows_close, condition_number

from cla.attention import AttentionConfig, attention_row, clone_state, make_attention
from cla.attention.counted import product_counter
from cla.attention.counts import refresh_count
from cla.errors import ClaError
from cla.models import ClassifierConfig, FixedLandmarks, StreamClassifier, use_landmarks

LANES = [
    ("full", None, "continual"),
    ("continual", None, "continual"),
    ("nystrom", 5, "continual"),
    ("continual_nystrom", 5, "continual"),
    ("continual_nystrom", 5, "fixed"),
]
MODES = ["retroactive", "cascaded"]
WINDOW = 12


def make_classifier(layers, stack_mode):
    torch.manual_seed(layers)
    config = ClassifierConfig(
        6, 4, embed_dim=16, num_heads=2, feed_forward_dim=8, window=WINDOW, position_period=25,
        position_harmonics=4, dropout=0.0, num_layers=layers, stack_mode=stack_mode,
    )  # fmt: skip
    return StreamClassifier(config).eval()


def make_lane(kind, landmarks, mode, layers, stack_mode):
    lane = make_classifier(layers, stack_mode).with_attention(kind, landmarks, mode)
    if mode == "fixed":
        generator = torch.Generator().manual_seed(2)
        pairs = torch.randn(layers, 2, 2, 5, 8, generator=generator)
        use_landmarks(lane, [FixedLandmarks(*pair) for pair in pairs])
    return lane


def make_stream(length, batch=2):
    return torch.randn(batch, length, 6, generator=torch.Generator().manual_seed(length))


def run(lane, stream, state):
    return torch.stack([lane.step(token, state).output for token in stream.unbind(1)], 1)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("stack_mode", MODES)
@pytest.mark.parametrize("layers", [2, 3])
@pytest.mark.parametrize("length", [1, 5, WINDOW, 61])
def test_contract(lane, stack_mode, layers, length):
    lane = make_lane(*lane, layers, stack_mode)
    stream = make_stream(length + 3)
    past, future = stream[:, :length], stream[:, length:]
    state = lane.init_state(2)
    outputs = run(lane, past, state)
    with torch.no_grad():
        scanned, after = lane.scan(past, lane.init_state(2))
        rebuilt = lane.state_from_window(past[:, -lane.receptive_field :], tokens_seen=length)
        if length <= WINDOW:
            assert_rows_close(lane(past), outputs[:, -1])
    assert_rows_close(scanned, outputs)
    assert state.valid_tokens.tolist() == [min(length, WINDOW)] * 2
    expected = run(lane, future, clone_state(state))
    assert_rows_close(run(lane, future, after), expected)
    assert_rows_close(run(lane, future, rebuilt), expected)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("layers", [2, 3])
def test_a_retroactive_stack_is_the_transformer_of_the_window(lane, layers):
    """At every token; with continual landmarks where their cycle ends."""
    follows = lane[0] == "continual_nystrom" and lane[2] == "continual"
    lane = make_lane(*lane, layers, "retroactive")
    stream = make_stream(40)
    state = lane.init_state(2)
    for index in range(40):
        output = lane.step(stream[:, index], state).output
        seen = index + 1
        if seen >= WINDOW and (not follows or seen % WINDOW == 0):
            with torch.no_grad():
                whole = lane(stream[:, seen - WINDOW : seen], tokens_seen=seen)
            assert_rows_close(output, whole)


@pytest.mark.parametrize("layers", [2, 3])
def test_kinds_that_are_exact_agree(layers):
    stream = make_stream(40)
    full, continual = (make_lane(*lane, layers, "retroactive") for lane in LANES[:2])
    assert_rows_close(
        run(continual, stream, continual.init_state(2)), run(full, stream, full.init_state(2))
    )


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("stack_mode", MODES)
def test_streams_start_stop_and_reset_alone(lane, stack_mode):
    lane = make_lane(*lane, 2, stack_mode)
    stream = make_stream(50, batch=2)
    state, alone = lane.init_state(2), lane.init_state(1)
    for index, token in enumerate(stream.unbind(1)):
        active = torch.tensor([True, index % 3 > 0])
        if index == 30:
            lane.reset(state, torch.tensor([False, True]))
            alone = lane.init_state(1)
        outputs = lane.step(token, state, active=active).output
        if active[1]:
            assert_rows_close(outputs[1:], lane.step(token[1:], alone).output)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("stack_mode", MODES)
@pytest.mark.parametrize("length", [3, 40])
def test_explain_ends_in_the_rows_of_the_last_step(lane, stack_mode, length):
    exact = "nystrom" not in lane[0]
    lane = make_lane(*lane, 3, stack_mode)
    stream = make_stream(length, batch=1)
    state = lane.init_state(1)
    for index in range(length):
        emits = lane.step(stream[:, index], state, emit=True).emits
    whole = lane.explain(stream, state)
    assert len(whole) == len(emits) == 3
    for layer, newest in zip(whole, emits, strict=True):
        # The inverse of gamma enlarges how the layers below were rounded, and is made of them.
        assert_rows_close(
            attention_row(layer),
            attention_row(newest),
            condition=condition_number(newest)[:, None] ** 2,
            sums=torch.float32,
        )
        if exact:
            assert_rows_close(attention_row(newest).sum(-1), torch.ones(1, 2))


@pytest.mark.parametrize("stack_mode", MODES)
def test_a_kind_is_swapped_while_the_stream_runs(stack_mode):
    stream = make_stream(90)
    lanes = [make_lane(*lane, 2, stack_mode) for lane in LANES]
    for before, after in zip(lanes, [*lanes[1:], lanes[0]], strict=True):
        run(before, stream[:, :70], before.init_state(2))
        whole = after.init_state(2)
        run(after, stream[:, :70], whole)
        with torch.no_grad():
            taken = after.state_from_window(
                stream[:, 70 - after.receptive_field : 70], tokens_seen=70
            )
        assert_rows_close(run(after, stream[:, 70:], taken), run(after, stream[:, 70:], whole))


@pytest.mark.parametrize(("kind", "landmarks", "mode"), LANES)
@pytest.mark.parametrize("output_mode", ["single_output", "retroactive"])
def test_products_of_a_refreshed_layer_agree_with_the_counter_of_torch(
    kind, landmarks, mode, output_mode
):
    config = AttentionConfig(kind, 16, 2, WINDOW, landmarks, mode, output_mode, "iterative")
    layer = make_attention(config)
    if mode == "fixed":
        layer.set_landmarks(torch.randn(2, 5, 8), torch.randn(2, 5, 8))
        layer.init_state(1)
    with product_counter() as counter, torch.no_grad():
        layer.refresh(torch.randn(1, WINDOW, 16), torch.tensor([WINDOW]))
    rows = WINDOW if config.retroactive else 1
    products = counter.get_total_flops() // 2 - (3 * WINDOW + rows) * 16**2
    assert refresh_count(config).step_products == products


def test_step_operations_follow_the_stream():
    for stack_mode in MODES:
        lane = make_lane(*LANES[0], 2, stack_mode)
        state = lane.init_state(1)
        first = lane.step_operations(state)
        run(lane, make_stream(30, batch=1), state)
        assert first < lane.step_operations(state) == lane.operations.step


@pytest.mark.parametrize(
    ("changes", "named"), [({"num_layers": 0}, "num_layers=0"), ({"stack_mode": "up"}, "up")]
)
def test_config_names_the_bad_value(changes, named):
    with pytest.raises(ClaError, match=named):
        ClassifierConfig(6, 4, 48, **changes)
