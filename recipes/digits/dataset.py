"""Streams as features and words on disk, and back as arrays for training."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.datasets import SAMPLE_RATE_HZ
from cla.evaluation.clips import Clip, trimmed_clip
from cla.evaluation.digits import FeatureStream
from cla.features import embed_clip
from cla.files import make_folder, replacing
from recipes.digits.kinds import StreamConfig
from recipes.digits.sources import FOREIGN, LOOPS, held_out, recordings
from recipes.digits.streams import Material, make_stream
from recipes.digits.vocabulary import NONE

SHARD_STREAMS = 10
LONGEST_FOREIGN_S = 8.0


def gather_material(clips: Sequence[Clip], downloads: Path, *, for_tuning: bool) -> Material:
    """What training streams, or those that thresholds are tuned on, are made of."""
    loops = [samples for path, samples in recordings(LOOPS, downloads) if len(samples) > 800]
    foreign = [
        clip
        for package in FOREIGN
        for path, samples in recordings(package, downloads)
        if held_out(path) == for_tuning
        for clip in _pieces(samples)
    ]
    chosen = [clip for clip in clips if clip.held_out == for_tuning]
    return Material.of(chosen, foreign, loops)


def build_features(
    material: Material, config: StreamConfig, count: int, seed: int, folder: Path
) -> None:
    """Make what is missing of `count` streams; finished shards are kept."""
    from tqdm import tqdm

    make_folder(folder)
    for number in tqdm(range(-(-count // SHARD_STREAMS)), desc=f"features {folder.name}"):
        path = folder / f"{number:04d}.npz"
        if path.exists():
            continue
        rng = np.random.default_rng((seed, number))
        arrays: dict[str, NDArray[np.generic]] = {}
        for index in range(SHARD_STREAMS):
            samples, words = make_stream(material, config, rng)
            arrays[f"features{index}"] = embed_clip(samples).astype(np.float16)
            arrays[f"words{index}"] = np.array(words, np.float64).reshape(-1, 3)
        with replacing(path) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]


def load_features(folder: Path) -> Iterator[FeatureStream]:
    """The streams that `build_features` wrote."""
    for path in sorted(folder.glob("*.npz")):
        for index in range(SHARD_STREAMS):
            yield FeatureStream.load(path, str(index))


def _pieces(samples: NDArray[np.float32]) -> Iterator[Clip]:
    longest = round(LONGEST_FOREIGN_S * SAMPLE_RATE_HZ)
    for start in range(0, len(samples), longest):
        piece = samples[start : start + longest]
        if len(piece) > SAMPLE_RATE_HZ // 5 and np.abs(piece).max() > 0.01:
            yield trimmed_clip(piece, label=NONE)
