"""Something else: what a model is shown, beside the classes, so that it need not choose one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cla.capture import open_audio, open_video, sample_clips
from cla.features import FrontEnd, SoundFrontEnd
from cla.resources import asset_path
from cla.teaching.material import Material, TaughtClip, read_taught_clip

BLOCK_TOKENS = 12
"""About a second: so much is compared, and left out or kept, at once."""
NEAR = 1.5
"""Blocks this many times as far apart as those of a class may still be of that class."""
EMPTY_TOKENS = 60


def other_clips(front_end: FrontEnd) -> list[TaughtClip]:
    """Clips that come with the package, as tokens: speech and noises, pictures, or no hands."""
    if isinstance(front_end, SoundFrontEnd):
        paths = [clip.path for clip in sample_clips()]
        return [read_taught_clip(front_end, open_audio(path), 20.0) for path in paths]
    if front_end.name == "hands":
        empty = np.zeros((EMPTY_TOKENS, front_end.feature_dim), np.float32)
        return [TaughtClip(empty, np.ones(EMPTY_TOKENS, bool))]
    return [read_taught_clip(front_end, open_video(asset_path("clips/others.webm")))]


def unlike_classes(clips: Sequence[TaughtClip], material: Material) -> list[TaughtClip]:
    """The blocks of some clips that resemble no class: they may be taken for something else.

    A block is left out where it is hardly further from one of a class than those are apart.
    """
    taught = [_blocks(each.features) for one in material.classes for each in one.clips]
    spread = np.concatenate(taught).std(0) + 1e-3
    known = [
        np.concatenate([_blocks(clip.features) / spread for clip in one.clips])
        for one in material.classes
    ]
    near = [_nearness(blocks) for blocks in known]
    kept = []
    for clip in clips:
        blocks = _blocks(clip.features) / spread
        unlike = np.ones(len(blocks), bool)
        for each, limit in zip(known, near, strict=True):
            unlike &= _distances(blocks, each).min(1) > limit
        chosen = unlike.repeat(BLOCK_TOKENS)[: len(clip.features)]
        chosen = np.pad(chosen, (0, len(clip.features) - len(chosen)), mode="edge")
        if chosen.any():
            kept.append(TaughtClip(clip.features[chosen], clip.quiet[chosen]))
    return kept


def _blocks(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of blocks of tokens; a clip shorter than one is a block."""
    count = max(len(features) // BLOCK_TOKENS, 1)
    return np.stack([part.mean(0) for part in np.array_split(features, count)])


def _nearness(blocks: NDArray[np.float32]) -> float:
    """How far the blocks of a class typically are from the nearest other one."""
    if len(blocks) < 2:
        return 0.0
    distances = _distances(blocks, blocks)
    np.fill_diagonal(distances, np.inf)
    return NEAR * float(np.median(distances.min(1)))


def _distances(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    squares = np.square(first).sum(1)[:, None] + np.square(second).sum(1) - 2 * first @ second.T
    distances: NDArray[np.float64] = np.sqrt(np.maximum(squares, 0)).astype(np.float64)
    return distances
