"""What streams are made of, and streams as tokens on disk."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.datasets import SAMPLE_RATE_HZ
from cla.evaluation.audio_streams import AudioStream, Clip, trimmed_clip
from cla.evaluation.streams import TokenStream
from cla.features import embed_clip
from cla.training.recipe import Run, build_streams
from recipes.audio.packages import FOREIGN, LOOPS, recordings
from recipes.digits.kinds import Made
from recipes.digits.sources import held_out
from recipes.digits.streams import Material, make_stream
from recipes.digits.vocabulary import NONE

FILE_STREAMS = 10
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


def make_streams(run: Run, made_of: Mapping[str, Made], material: Material) -> None:
    """Make what is missing of some streams."""
    for name, made in made_of.items():
        files = -(-made.count // FILE_STREAMS)
        build_streams(run.streams(name), files, partial(_made, material, made))


def _made(material: Material, made: Made, number: int) -> Iterator[TokenStream]:
    rng = np.random.default_rng((made.seed, number))
    for _ in range(FILE_STREAMS):
        samples, words = make_stream(material, made.kind, rng)
        yield TokenStream.of(embed_clip(samples).astype(np.float16), words)


def embedded(stream: AudioStream) -> TokenStream:
    """A stream as tokens."""
    return TokenStream.of(embed_clip(stream.samples), stream.words)


def _pieces(samples: NDArray[np.float32]) -> Iterator[Clip]:
    longest = round(LONGEST_FOREIGN_S * SAMPLE_RATE_HZ)
    for start in range(0, len(samples), longest):
        piece = samples[start : start + longest]
        if len(piece) > SAMPLE_RATE_HZ // 5 and np.abs(piece).max() > 0.01:
            yield trimmed_clip(piece, label=NONE)
