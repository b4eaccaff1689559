"""The clip bank: every utterance synthesized once, trimmed, and kept at 16 kHz."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.audio_streams import Clip, trimmed_clip
from cla.features import SAMPLE_RATE_HZ, resampled
from cla.files import make_folder, replacing
from recipes.digits.engines import Engine
from recipes.digits.utterances import Utterance
from recipes.digits.vocabulary import label_index

SHARD_UTTERANCES = 200
INT16_SCALE = 32_767.0


def build_bank(
    utterances: Sequence[Utterance], engines: Mapping[str, Engine], folder: Path
) -> None:
    """Synthesize what is missing; shards already written are kept, so it can be interrupted."""
    from tqdm import tqdm

    make_folder(folder)
    for number, shard in enumerate(tqdm(_shards(utterances), desc="synthesis")):
        path = folder / f"{number:04d}.npz"
        if path.exists():
            continue
        clips = [_synthesize(utterance, engines) for utterance in shard]
        about = [
            {**asdict(utterance), "onset_s": clip.onset_s, "end_s": clip.end_s}
            for utterance, clip in zip(shard, clips, strict=True)
        ]
        with replacing(path) as file:
            np.savez(
                file,
                samples=np.concatenate([_as_int16(clip.samples) for clip in clips]),
                lengths=np.array([len(clip.samples) for clip in clips]),
                about=np.array(json.dumps(about)),
            )


def load_bank(folder: Path, utterances: Sequence[Utterance]) -> Iterator[Clip]:
    """The clips of `utterances`, as `build_bank` wrote them."""
    for number, shard in enumerate(_shards(utterances)):
        with np.load(folder / f"{number:04d}.npz") as archive:
            samples, lengths = archive["samples"], archive["lengths"]
            about = json.loads(str(archive["about"]))
        pieces = np.split(samples, np.cumsum(lengths)[:-1])
        for utterance, piece, entry in zip(shard, pieces, about, strict=True):
            yield Clip(
                piece.astype(np.float32) / INT16_SCALE,
                label=label_index(utterance.word),
                onset_s=entry["onset_s"],
                end_s=entry["end_s"],
                word=utterance.word,
                voice=utterance.voice,
                held_out=utterance.held_out,
            )


def _shards(utterances: Sequence[Utterance]) -> list[Sequence[Utterance]]:
    starts = range(0, len(utterances), SHARD_UTTERANCES)
    return [utterances[start : start + SHARD_UTTERANCES] for start in starts]


def _synthesize(utterance: Utterance, engines: Mapping[str, Engine]) -> Clip:
    engine = engines[utterance.engine]
    samples, rate_hz = engine.say(
        utterance.text, utterance.language, utterance.voice, utterance.manner
    )
    return trimmed_clip(
        resampled(samples, rate_hz, SAMPLE_RATE_HZ), label=label_index(utterance.word)
    )


def _as_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.round(samples * INT16_SCALE).astype(np.int16)
