"""A running sum that adds and subtracts exponentials, beside ours, on the same stream."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cla.attention import LOW_RANK, AttentionConfig, make_attention

WINDOW, HEAD_DIM, STEPS = 120, 64, 20_000
POINTS = 40
"""Steps at which both are compared with float64."""


@dataclass(frozen=True)
class Drift:
    """Errors against float64, relative to the size of the output.

    Shapes:
        steps: (P,), when they were taken
        subtracting, ours: (P,)
    """

    steps: NDArray[np.int64]
    subtracting: NDArray[np.float64]
    ours: NDArray[np.float64]


@torch.inference_mode()
def drift(logit_std: float) -> Drift:
    """Let one landmark attend to a stream in float32, both ways.

    With a single landmark the output is softmax(q~ K^T) V over the window alone.
    """
    generator = torch.Generator().manual_seed(1)
    stream = torch.randn(STEPS, HEAD_DIM, generator=generator)
    direction = torch.randn(HEAD_DIM, generator=generator)
    landmark = direction * logit_std / direction.norm() * HEAD_DIM**0.25
    points = np.unique(np.geomspace(WINDOW, STEPS, POINTS).astype(np.int64))
    logits = stream @ landmark * HEAD_DIM**-0.25
    exact = torch.stack([_window(logits, stream, int(end)) for end in points])
    size = exact.norm(dim=-1)
    subtracting = _subtracting(logits, stream)[points - 1]
    ours = _ours(stream, landmark)[points - 1]
    errors = [
        ((found.double() - exact).norm(dim=-1) / size).numpy() for found in (subtracting, ours)
    ]
    return Drift(points, *errors)


def _window(logits: torch.Tensor, values: torch.Tensor, end: int) -> torch.Tensor:
    start = end - WINDOW
    return logits[start:end].double().softmax(0) @ values[start:end].double()


def _subtracting(logits: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """What not to do: add the new token's exponential, subtract the one that leaves."""
    weights = logits.exp()[:, None] * torch.cat((values, torch.ones(STEPS, 1)), 1)
    leaving = torch.cat((torch.zeros(WINDOW, HEAD_DIM + 1), -weights[:-WINDOW]))
    # Step by step: numpy adds along the first axis in this order, in float32.
    sums = np.cumsum(torch.stack((weights, leaving), 1).flatten(0, 1).numpy(), 0)[1::2]
    return torch.from_numpy(sums[:, :-1] / sums[:, -1:])


def _ours(stream: torch.Tensor, landmark: torch.Tensor) -> torch.Tensor:
    """A layer of this library whose projections change nothing, stepped token by token."""
    config = AttentionConfig(LOW_RANK, HEAD_DIM, 1, WINDOW, 1, landmark_mode="fixed")
    layer = make_attention(config).eval()
    for projection in (layer.query_proj, layer.key_proj, layer.value_proj, layer.output_proj):
        projection.weight.copy_(torch.eye(HEAD_DIM))
        projection.bias.zero_()
    layer.set_landmarks(landmark[None, None], landmark[None, None])
    state = layer.init_state(1)
    outputs = torch.empty(STEPS, HEAD_DIM)
    for index, token in enumerate(stream):
        outputs[index] = layer.step(token[None], state).output[0]
    return outputs
