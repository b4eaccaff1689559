"""The last stage: real voices in rooms, and what each of them loses when nobody trained on it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cla.datasets import find_audio, load_audio
from cla.errors import ClaError
from cla.evaluation.audio_streams import Clip, Gaps, streams_of
from cla.evaluation.conditions import Condition
from cla.evaluation.recorded import single_digits
from cla.evaluation.streams import TokenStream
from cla.features import SAMPLE_RATE_HZ
from cla.models import StreamClassifier, TaskModel
from cla.models.landmarks import fit_landmarks
from cla.training.recipe import Run
from recipes.audio.packages import ITALIAN, recordings
from recipes.digits.augment import retimed
from recipes.digits.dataset import embedded, make_streams
from recipes.digits.kinds import APART, ROOMS, Made
from recipes.digits.streams import Material

Samples = NDArray[np.float32]
SPEAKERS = ("george", "jackson", "lucas")
"""Of the Free Spoken Digit Dataset, as far as they may be trained on here."""
TEST_FOLD = 5
"""Of ESC-10: its sounds are not trained on."""
ROOM_STREAMS = {"rooms": Made(ROOMS, 150, 105), "no digits": Made(APART, 200, 104)}
"""Synthetic voices in rooms, and what holds no digits."""
VOICE_STREAMS = {
    f"voices {name}": Made(ROOMS, 100, 101 + place) for place, name in enumerate(SPEAKERS)
}
"""Real ones; each has a folder, so that it can be left out."""
NEW_SHARE = 0.65
"""So far the weights go from those before the rooms to those after all phases."""
LEFT_OUT_TAKES = range(15)
"""The takes of a left-out speaker that are judged."""
RUNS = "runs of three, 0.03 to 0.2 s apart"
SAID = {
    "1.3 times as fast": (1.3, 0.0),
    "0.75 times as fast": (0.75, 0.0),
    "first 60 ms cut off": (1.0, 0.06),
}
"""Tempo, and how much of a word's beginning is lost."""


def make_voice_streams(run: Run, synthetic: Material) -> None:
    """Make the streams of real voices, those of each speaker apart.

    Raises:
        ClaError: recordings are missing.
    """
    for speaker, (name, made) in zip(SPEAKERS, VOICE_STREAMS.items(), strict=True):
        material = replace(synthetic, digits=(tuple(spoken(run.recordings, speaker)),))
        make_streams(run, {name: made}, material)


def spoken(data: Path, speaker: str, takes: range | None = None) -> list[Clip]:
    """A speaker's digits.

    Raises:
        ClaError: there are none.
    """
    clips = [clip for clip in single_digits(data / "fsdd", takes) if clip.voice == speaker]
    if not clips:
        raise ClaError("speaker_missing", folder=data / "fsdd", speaker=speaker)
    return clips


def sounds(data: Path, *, train: bool, kind: str = "") -> list[Samples]:
    """Sounds of ESC-10 to train on, or those of its last fold.

    Raises:
        ClaError: a file cannot be read.
    """
    return [
        load_audio(path)
        for path in find_audio(data / "esc10")
        if (path.name[0] != str(TEST_FOLD)) == train and kind in path.parent.name
    ]


def kept_in_part(before: TaskModel, after: TaskModel, streams: Sequence[TokenStream]) -> TaskModel:
    """Weights between those before and after some phases, with landmarks of their own.

    Source: Wortsman et al., "Robust fine-tuning of zero-shot models", 2022.
    """
    model = StreamClassifier(after.classifier.config).eval().requires_grad_(False)
    ends = before.classifier.state_dict(), after.classifier.state_dict()
    model.load_state_dict(
        {name: torch.lerp(first, ends[1][name], NEW_SHARE) for name, first in ends[0].items()}
    )
    landmarks = fit_landmarks(model, [stream.features for stream in streams])
    return replace(after, classifier=model, landmarks=landmarks)


def judged_conditions(data: Path, downloads: Path) -> list[Condition]:
    """What left-out speakers are judged under; none of the noise was trained on."""
    rain = np.concatenate(sounds(data, train=False, kind="Rain"))
    prompts = [samples for _, samples in recordings(ITALIAN, downloads)]
    voices = np.concatenate([one / max(1e-6, float(np.std(one))) for one in prompts])
    return [
        Condition(),
        Condition(narrow=True),
        *(Condition(rain, "rain", ratio_db) for ratio_db in (20.0, 10.0, 5.0)),
        *(Condition(voices, "voices", ratio_db) for ratio_db in (20.0, 10.0, 5.0)),
        *(Condition(direct_db=direct_db) for direct_db in (10.0, 5.0, 0.0)),
        Condition(peak_db=-30.0),
    ]


def left_out_streams(
    data: Path, speaker: str, conditions: Sequence[Condition]
) -> dict[str, list[TokenStream]]:
    """A speaker's words under each condition, said closely, in haste, slowly, and cut."""
    clips = spoken(data, speaker, LEFT_OUT_TAKES)
    apart = list(streams_of(clips, Gaps(), seed=0))
    heard = {
        str(one): [one.apply(stream, seed) for seed, stream in enumerate(apart)]
        for one in conditions
    }
    heard[RUNS] = list(streams_of(clips, Gaps(run=3), seed=0))
    for name, (tempo, cut_s) in SAID.items():
        heard[name] = list(streams_of([_said(one, tempo, cut_s) for one in clips], Gaps(), seed=0))
    return {name: [embedded(stream) for stream in streams] for name, streams in heard.items()}


def _said(clip: Clip, tempo: float, cut_s: float) -> Clip:
    first = round((clip.onset_s + cut_s) * SAMPLE_RATE_HZ) if cut_s else 0
    samples = clip.samples[first:]
    onset_s = max(0.0, clip.onset_s - first / SAMPLE_RATE_HZ) / tempo
    end_s = (clip.end_s - first / SAMPLE_RATE_HZ) / tempo
    samples = samples if tempo == 1.0 else retimed(samples, tempo)
    return replace(clip, samples=samples, onset_s=onset_s, end_s=end_s)
