"""A whole clip as tokens, as fast as the machine can."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from cla.capture import SoundSource, VideoSource
from cla.engine.inputs import Source, sound_stream, video_stream
from cla.engine.records import FrameRecord
from cla.engine.stream import Arrival
from cla.errors import ClaError
from cla.features import SAMPLE_RATE_HZ, StreamResampler
from cla.models import TaskModel
from cla.texts.sentence import Sentence
from cla.types import Token

MOST_PICTURES = 900
"""Of a clip, which are looked at; a longer one has one for every other token, or fewer."""
Progress = Callable[[float], object]
"""Is told, now and then, which share of the work is done (0 to 1)."""


@dataclass(frozen=True)
class ClipTokens:
    """The tokens of a clip, and what there is to hear or to look at.

    Args:
        pictures: one for each token, at most `MOST_PICTURES`; none of a clip of sound.
        notices: of the file, as of a `MediaFile`.

    Shapes:
        samples: (S,) float32 at `SAMPLE_RATE_HZ`, none of a clip of pictures
    """

    samples: NDArray[np.float32]
    tokens: tuple[Token, ...]
    pictures: tuple[FrameRecord, ...] = ()
    notices: tuple[Sentence, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length of the sound, or time from the first picture to the last."""
        if self.pictures:
            return max(self.pictures[-1].time_s, self.tokens[-1].time_s)
        return len(self.samples) / SAMPLE_RATE_HZ

    @property
    def features(self) -> torch.Tensor:
        """All tokens, (T, F)."""
        return torch.stack([token.features for token in self.tokens])

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Media time of each token, (T,)."""
        return np.array([token.time_s for token in self.tokens])


def read_source(task: TaskModel, source: Source, progress: Progress = lambda _: None) -> ClipTokens:
    """Decode a file and turn it into tokens of a task, the same as a live session's.

    Raises:
        ClaError: as of `read_clip` and `read_video_clip`.
    """
    if isinstance(source, SoundSource):
        return read_clip(task, source, progress)
    return read_video_clip(task, source, progress)


def read_clip(
    task: TaskModel, audio: SoundSource, progress: Progress = lambda _: None
) -> ClipTokens:
    """Decode a sound file and turn it into tokens of a task, the same as a live session's.

    Raises:
        ClaError: it cannot be decoded, is shorter than a token, or the task takes no sound.
    """
    stream = sound_stream(task, audio.sample_rate_hz)
    resampler = StreamResampler(audio.sample_rate_hz, SAMPLE_RATE_HZ)
    samples: list[NDArray[np.float32]] = []
    tokens: list[Token] = []
    for chunk in audio:
        samples += resampler.push(chunk.samples)
        tokens += stream.take(Arrival(chunk.samples, 0.0)).tokens
        if audio.duration_s:
            progress(min(chunk.start_s / audio.duration_s, 1.0))
    samples += resampler.flush()
    tokens += stream.flush()
    _check_length(tokens, audio.name)
    progress(1.0)
    return ClipTokens(np.concatenate(samples), tuple(tokens), notices=tuple(audio.notices))


def read_video_clip(
    task: TaskModel, video: VideoSource, progress: Progress = lambda _: None
) -> ClipTokens:
    """Decode a video file and turn it into tokens of a task, the same as a live session's.

    Raises:
        ClaError: it cannot be decoded, is shorter than a token, or the task takes no pictures.
    """
    stream = video_stream(task, preview=True, joints=video.joints)
    tokens: list[Token] = []
    pictures: list[FrameRecord] = []
    every_s = task.hop_s
    for frame in video:
        taken = stream.take(Arrival(frame, 0.0))
        tokens += taken.tokens
        seen = taken.seen
        if isinstance(seen, FrameRecord):
            # The newest picture of each token is enough to look at.
            if pictures and pictures[-1].time_s // every_s == seen.time_s // every_s:
                pictures.pop()
            pictures.append(seen)
            if len(pictures) > MOST_PICTURES:
                pictures, every_s = pictures[::2], 2 * every_s
        if video.duration_s:
            progress(min(frame.time_s / video.duration_s, 1.0))
    _check_length(tokens, video.name)
    progress(1.0)
    numbered = (replace(token, index=index) for index, token in enumerate(tokens))
    notices = tuple(video.notices)
    return ClipTokens(np.zeros(0, np.float32), tuple(numbered), tuple(pictures), notices)


def _check_length(tokens: list[Token], name: str) -> None:
    if not tokens:
        raise ClaError("clip_shorter_than_token", file=name)
