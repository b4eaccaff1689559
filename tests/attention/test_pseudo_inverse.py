"""The default inverse is safe: nowhere much worse than the better of the others."""

from dataclasses import replace

import pytest
import torch
from rows import row_errors

from cla.attention import AttentionConfig, make_attention
from cla.attention.config import PseudoInverse
from cla.attention.pseudo_inverse import pseudo_inverse

WINDOW, SIZE, HEADS, SEEDS = 24, 48, 4, 20
FULL = AttentionConfig("full", SIZE, HEADS, WINDOW, output_mode="retroactive")
RANDOM = "random"
NEAR = "nearly the same"


def windows(kind):
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randn(SEEDS, WINDOW, SIZE, generator=generator)
    if kind == NEAR:
        return tokens[:, :1] + 0.01 * tokens
    return tokens


@torch.no_grad()
def errors(marks, inverse, tokens):
    """Error of low rank against full attention, the median of `SEEDS` layers as they are made."""
    found = []
    for seed, window in enumerate(tokens.split(1)):
        torch.manual_seed(seed)
        full = make_attention(FULL).double()
        low = make_attention(
            replace(FULL, kind="nystrom", num_landmarks=marks, pseudo_inverse=inverse)
        ).double()
        low.load_state_dict(full.state_dict())
        pair = (layer(window.double()).flatten() for layer in (low, full))
        found.append(row_errors(*pair))
    return float(torch.stack(found).median())


@pytest.mark.parametrize("kind", [RANDOM, NEAR])
@pytest.mark.parametrize("marks", [1, 2, 3, 4, 6, 8, 11, 12, 16, 20, 22, 23])
def test_the_default_is_nowhere_much_worse_than_the_better_of_the_others(kind, marks):
    tokens = windows(kind)
    best = min(errors(marks, inverse, tokens) for inverse in ("exact", "iterative"))
    assert errors(marks, FULL.pseudo_inverse, tokens) <= 1.2 * max(best, 1e-5)


@pytest.mark.parametrize("kind", [RANDOM, NEAR])
def test_as_many_landmarks_as_tokens_are_full_attention(kind):
    assert errors(WINDOW, FULL.pseudo_inverse, windows(kind)) < 1e-5


def gammas(marks):
    generator = torch.Generator().manual_seed(marks)
    return torch.randn(2, 3, marks, marks, generator=generator).softmax(-1)


@pytest.mark.parametrize("marks", [1, 2, 16])
def test_the_attention_that_the_default_implies_sums_to_one(marks):
    inverse = pseudo_inverse(gammas(marks), "ridge")
    assert torch.allclose(inverse.sum(-1), torch.ones(2, 3, marks), atol=1e-5)


@pytest.mark.parametrize("method", PseudoInverse.__args__)
def test_what_is_no_number_stays_in_its_matrix(method):
    gamma = gammas(5)
    expected = pseudo_inverse(gamma, method)
    gamma[0, 1, 3, 2] = torch.nan
    found = pseudo_inverse(gamma, method)
    assert found[0, 1].isnan().all()
    found[0, 1] = expected[0, 1]
    assert torch.allclose(found, expected, rtol=1e-4)


def test_the_default_has_gradients_where_landmarks_coincide():
    gamma = torch.full((4, 4), 0.25, requires_grad=True)
    pseudo_inverse(gamma, "ridge").square().sum().backward()
    assert gamma.grad.isfinite().all()
