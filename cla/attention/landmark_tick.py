"""A landmark tick: landmarks, sums, gamma's inverse and betas follow the stream."""

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.cuts import segments
from cla.attention.landmarks import make_landmarks
from cla.attention.nystrom_state import NystromState, ring_of_betas
from cla.attention.projected import pick
from cla.attention.rings import selected
from cla.attention.window_sums import build_table


def renew_landmarks(
    state: NystromState, config: AttentionConfig, before: Tensor, steady: Tensor
) -> None:
    """Let a landmark enter where a segment has been completed; all where a window became full."""
    cuts = segments(config.window, config.landmarks)
    _, place = cuts.locate(state.slot)
    ticking = steady & (place == 0)
    filled = ticking & (before < config.window)
    every = torch.arange(config.landmarks, device=place.device)
    newest, _ = cuts.locate((state.slot - 1) % config.window)
    for mask, rows in (
        (ticking & ~filled, newest[:, None]),
        (filled, every.expand(len(place), -1)),
    ):
        streams = selected(mask)
        if streams is not None:
            _enter(state, config, mask[streams], (streams, rows[streams]))


def _enter(
    state: NystromState, config: AttentionConfig, mask: Tensor, place: tuple[Tensor, Tensor]
) -> None:
    """Replace some landmarks by the means of their segments, and what depends on them.

    Args:
        mask: (S,) which of the streams do; the others keep what they have.
        place: streams (S,) and landmarks (S, R).
    """
    streams, rows = place
    where = (streams[:, None], slice(None), rows)
    queries, keys, values = (ring[streams] for ring in state[2:5])
    held = _segment_rows(config, rows)[:, None]
    weights = held.to(keys.dtype) / held.sum(-1, keepdim=True)
    wide = mask[:, None, None, None]
    for landmarks, ring in ((state.landmarks.queries, queries), (state.landmarks.keys, keys)):
        # Advanced indices around a slice put the picked axes first: (S, R, H, D).
        means = pick(weights, held, ring).transpose(1, 2)
        landmarks[where] = torch.where(wide, means, landmarks[where])
    new_queries, new_keys = (part[streams] for part in state.landmarks[:2])
    gamma_inv = make_landmarks(new_queries, new_keys, config.pseudo_inverse).gamma_inv
    state.landmarks.gamma_inv[streams] = torch.where(
        wide, gamma_inv, state.landmarks.gamma_inv[streams]
    )
    picked = rows[:, None, :, None].expand(-1, new_queries.shape[1], -1, new_queries.shape[3])
    table = build_table(new_queries.gather(2, picked), keys, values, state.slot[streams])
    inside = (streams[:, None], slice(None), slice(None), slice(None), rows)
    kept = state.sums[inside]
    state.sums[inside] = torch.where(wide[..., None], table.movedim(-1, 1), kept)
    if config.retroactive:
        betas = ring_of_betas(new_keys, queries)
        state.betas[streams] = torch.where(wide, betas, state.betas[streams])


def _segment_rows(config: AttentionConfig, rows: Tensor) -> Tensor:
    """Which places the segments of some landmarks hold: (S, R) to (S, R, N)."""
    cuts = segments(config.window, config.landmarks)
    part, _ = cuts.locate(torch.arange(config.window, device=rows.device))
    return part == rows[..., None]
