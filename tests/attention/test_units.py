"""Configuration, pseudo-inverse, segments, counts and emits."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rows import assert_rows_close, condition_number, row_errors

from cla.attention import (
    AttentionConfig,
    attention_map,
    attention_row,
    make_attention,
    operation_count,
    step_operations,
)
from cla.attention.counted import product_counter
from cla.attention.cuts import blocks, segments
from cla.attention.landmarks import segment_means
from cla.attention.pseudo_inverse import (
    SINGULAR_VALUE_CUTOFF,
    exact,
    iterative,
)
from cla.attention.rings import column_stride
from cla.errors import ClaError


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"kind": "linear"}, "linear"),
        ({"embed_dim": 0}, "embed_dim=0"),
        ({"num_heads": 5}, "num_heads=5"),
        ({"window": -3}, "window=-3"),
        ({"window": 2.5}, "window=2.5"),
        ({"num_landmarks": None}, "num_landmarks=None"),
        ({"num_landmarks": 17}, "num_landmarks=17"),
        ({"landmark_mode": "moving"}, "moving"),
        ({"output_mode": "both"}, "both"),
        ({"kind": "nystrom", "landmark_mode": "fixed"}, "nystrom"),
        ({"pseudo_inverse": "none"}, "none"),
    ],
)
def test_config_names_the_bad_value(changes, named):
    good = {
        "kind": "continual_nystrom",
        "embed_dim": 12,
        "num_heads": 2,
        "window": 16,
        "num_landmarks": 4,
    }
    with pytest.raises(ClaError, match=named) as caught:
        AttentionConfig(**{**good, **changes})
    assert caught.value.remedy


def fixed_layer():
    return make_attention(AttentionConfig("continual_nystrom", 12, 2, 16, 4, landmark_mode="fixed"))


def test_landmarks_must_be_set_and_fit():
    layer = fixed_layer()
    with pytest.raises(ClaError, match="not been set"):
        layer.init_state(1)
    good = torch.zeros(2, 4, 6)
    with pytest.raises(ClaError, match="do not fit"):
        layer.set_landmarks(good[:, :3], good)
    with pytest.raises(ClaError, match="not finite"):
        layer.set_landmarks(good, good * torch.nan)
    layer.set_landmarks(good, good)
    assert layer.init_state(1).landmarks.gamma_inv.isfinite().all()


def test_wrong_lengths_are_refused():
    layer = make_attention(AttentionConfig("full", 12, 2, 16))
    with pytest.raises(ClaError, match="17 tokens"):
        layer(torch.zeros(1, 17, 12))
    with pytest.raises(ClaError, match="do not fit"):
        layer(torch.zeros(1, 3, 13))
    with pytest.raises(ClaError, match="stream of 40"):
        layer.state_from_window(torch.zeros(1, 9, 12), tokens_seen=40)


@pytest.mark.parametrize("condition", [1e1, 1e2, 1e3, 1e4])
def test_exact_inverse_is_as_good_as_the_condition_allows(condition):
    generator = torch.Generator().manual_seed(3)
    left, right = (
        torch.linalg.qr(torch.randn(16, 16, generator=generator).double())[0] for _ in "ab"
    )
    values = torch.logspace(0, -float(torch.tensor(condition).log10()), 16, dtype=torch.float64)
    gamma = left @ values.diag() @ right
    reference = torch.linalg.inv(gamma)
    error = (exact(gamma.float()).double() - reference).norm() / reference.norm()
    assert error < 4 * condition * torch.finfo(torch.float32).eps
    assert (exact(gamma) - reference).norm() / reference.norm() < 1e-11


def test_near_singular_gamma_is_bounded():
    gamma = torch.full((3, 8, 8), 1 / 8)
    gamma[1] += 1e-9 * torch.randn(8, 8, generator=torch.Generator().manual_seed(0))
    gamma[2, 0, 0] = torch.nan
    inverse = exact(gamma)
    assert inverse[:2].norm() <= 2 / SINGULAR_VALUE_CUTOFF
    assert inverse[:2].isfinite().all()
    assert inverse[2].isnan().all()


def test_iterative_inverse_converges_for_each_matrix_alone():
    generator = torch.Generator().manual_seed(5)
    gamma = (5 * torch.eye(8) + torch.randn(4, 8, 8, generator=generator)).softmax(-1)
    assert row_errors(iterative(gamma) @ gamma, torch.eye(8).expand(4, -1, -1)).max() < 1e-3
    assert torch.equal(iterative(gamma)[1], iterative(gamma[1:2])[0])


@pytest.mark.parametrize("mode", ["continual", "fixed"])
def test_silence_then_a_burst_stays_bounded(mode):
    layer = make_attention(AttentionConfig("continual_nystrom", 12, 2, 16, 4, landmark_mode=mode))
    if mode == "fixed":
        layer.set_landmarks(torch.ones(2, 4, 6), torch.ones(2, 4, 6))
    state = layer.init_state(1)
    for index in range(60):
        token = torch.zeros(1, 12) if index < 40 else torch.full((1, 12), 50.0 * (-1) ** index)
        output = layer.step(token, state).output
        assert output.isfinite().all()
        assert output.abs().max() < 1e5


@given(tokens=st.integers(1, 300), landmarks=st.integers(1, 80))
def test_segments_cover_the_tokens(tokens, landmarks):
    lengths = segments(tokens, landmarks).lengths
    assert sum(lengths) == tokens
    assert len(lengths) == min(tokens, landmarks)
    assert max(lengths) - min(lengths) <= 1
    assert lengths == sorted(lengths, reverse=True)
    means = segment_means(torch.arange(tokens, dtype=torch.float64)[:, None], landmarks)
    assert means[0, 0] == pytest.approx((lengths[0] - 1) / 2)


@given(window=st.integers(1, 3_000))
def test_blocks_leave_time_to_prepare_the_next(window):
    cuts = blocks(window)
    assert cuts.count % 2 == 0 or window == 1
    assert cuts.count - 2 <= cuts.shorter
    assert cuts.longest * cuts.longest <= 4 * window + 4
    places = torch.arange(window)
    part, place = cuts.locate(places)
    assert torch.equal(cuts.start(part) + place, places)
    assert (place < cuts.length(part)).all()


def counted_products(layer, state):
    with product_counter() as counter:
        layer.step(torch.randn(1, layer.config.embed_dim), state)
    rows = layer.config.window if layer.config.retroactive else 1
    projections = (3 + rows) * layer.config.embed_dim**2
    return counter.get_total_flops() // 2 - projections


def test_a_state_of_nothing_is_made_without_attending():
    def products(window):
        config = AttentionConfig("continual", 16, 4, window, output_mode="retroactive")
        with product_counter() as counter:
            state = make_attention(config).init_state(2)
        assert state.rows.shape == (2, 4, 6, column_stride(window))
        assert state.rows.isfinite().all()
        return counter.get_total_flops()

    assert products(256) == products(16)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("full", "continual"),
        ("continual", "continual"),
        ("nystrom", "continual"),
        ("continual_nystrom", "fixed"),
        ("continual_nystrom", "continual"),
    ],
)
@pytest.mark.parametrize("output_mode", ["single_output", "retroactive"])
@pytest.mark.parametrize("inverse", ["exact", "iterative"])
def test_matrix_products_agree_with_the_counter_of_torch(kind, mode, output_mode, inverse):
    marks = 16 if "nystrom" in kind else None
    config = AttentionConfig(kind, 96, 8, 120, marks, mode, output_mode, inverse)
    layer = make_attention(config)
    layer.use_fused = False
    if mode == "fixed":
        layer.set_landmarks(torch.randn(8, 16, 12), torch.randn(8, 16, 12))
    count = operation_count(config)
    state = layer.state_from_window(torch.randn(1, 129, 96), tokens_seen=129)
    assert counted_products(layer, state) == count.step_products
    if count.tick:
        state = layer.state_from_window(torch.randn(1, 127, 96), tokens_seen=127)
        assert counted_products(layer, state) == count.step_products + count.tick_products


def test_counts_of_the_paper():
    full = AttentionConfig("full", 12, 1, 120)
    fixed = AttentionConfig("continual_nystrom", 12, 1, 120, 2, landmark_mode="fixed")
    assert operation_count(full).published == 348_480
    assert operation_count(fixed).published == 208


def test_a_cycle_of_steps_costs_the_average():
    for mode in ("fixed", "continual"):
        config = AttentionConfig("continual_nystrom", 12, 2, 120, 16, landmark_mode=mode)
        spent = sum(step_operations(config, slot, 120) for slot in range(120))
        assert spent / 120 == pytest.approx(operation_count(config).average, rel=0.01)


@pytest.mark.parametrize(
    ("kind", "landmarks"),
    [("full", None), ("continual", None), ("nystrom", 4), ("continual_nystrom", 4)],
)
def test_emits_are_in_window_order_and_sum_to_one(kind, landmarks):
    layer = make_attention(AttentionConfig(kind, 12, 2, 16, landmarks))
    stream = torch.randn(1, 37, 12, generator=torch.Generator().manual_seed(0))
    state = layer.init_state(1)
    for index in range(37):
        emits = layer.step(stream[:, index], state, emit=True).emits
        row = attention_row(emits)
        assert row.shape == (1, 2, 16)
        assert (row[..., : max(16 - index - 1, 0)] == 0).all()
        ones = torch.ones(1, 2, 1)
        condition = condition_number(emits)
        assert_rows_close(row.sum(-1)[..., None], ones, condition=condition, sums=row.dtype)
    whole = layer.window_emits(stream, state)
    assert_rows_close(attention_row(whole), row, condition=condition, sums=row.dtype)
    assert attention_map(whole).shape == (1, 2, 16, 16)
