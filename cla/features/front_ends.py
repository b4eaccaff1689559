"""Front ends: what the tokens of a task are made of, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cla.errors import ClaError
from cla.features.body import BODY_DIM, BODY_HOP_S, BodyTokenizer
from cla.features.hand_features import HAND_FEATURE_DIM, Hand
from cla.features.hand_stream import HAND_HOP_S
from cla.features.hand_tokenizer import HandTokenizer
from cla.features.picture_tokenizer import PICTURE_DIM, PICTURE_HOP_S, PictureTokenizer
from cla.features.pitch_bins import PITCH_DIM, PITCH_HOP_S, PitchTokenizer
from cla.features.speech_embedding import FEATURE_DIM, HOP_S
from cla.features.tokenizer import SPECTRUM_DIM, SpectrumTokenizer, SpeechTokenizer
from cla.features.yamnet import SCORED_DIM, YAMNET_DIM
from cla.features.yamnet_tokenizer import SOUND_HOP_S, YamnetTokenizer
from cla.stages import Stage
from cla.types import InputKind, Token, VideoFrame


class ImageTokenizer(Stage[VideoFrame, Token], Protocol):
    """What turns one stream of pictures into tokens; `hands` are those of the newest picture."""

    @property
    def hands(self) -> tuple[Hand, ...]: ...


@dataclass(frozen=True)
class Cost:
    """Multiply-adds of a token with weights of networks; Fourier transforms are not counted.

    Args:
        anew: what they would be if nothing that earlier tokens have computed were kept.
    """

    token: int
    anew: int


@dataclass(frozen=True)
class SoundFrontEnd:
    """A front end for sound.

    Args:
        open: is given the sample rate in Hz.
        fetched: what `cla fetch` has to bring first, where that is not shipped.
        cost: None where it is not counted.
    """

    name: str
    feature_dim: int
    hop_s: float
    open: Callable[[int], Stage[NDArray[np.float32], Token]]
    fetched: str | None = None
    cost: Cost | None = None
    input: InputKind = "sound"


@dataclass(frozen=True)
class ImageFrontEnd:
    """A front end for pictures.

    Args:
        joints: it reads joints that pictures carry, which no camera's do.
    """

    name: str
    feature_dim: int
    hop_s: float
    open: Callable[[], ImageTokenizer]
    fetched: str | None = None
    cost: Cost | None = None
    input: InputKind = "video"
    joints: bool = False


FrontEnd = SoundFrontEnd | ImageFrontEnd

SPEECH = Cost(7_783_680, 62_581_632)
YAMNET = Cost(69_328_896, 70_737_920)
"""Each token rests on a patch of 96 frames. Padded at its edges, and shifted by 10 frames where
strides multiply to 32, the network computes none of the numbers of the patch before."""

FRONT_ENDS: Mapping[str, FrontEnd] = MappingProxyType(
    {
        one.name: one
        for one in (
            SoundFrontEnd("speech", FEATURE_DIM, HOP_S, SpeechTokenizer, cost=SPEECH),
            SoundFrontEnd("sounds", YAMNET_DIM, SOUND_HOP_S, YamnetTokenizer, "yamnet", YAMNET),
            SoundFrontEnd(
                "scored sounds",
                SCORED_DIM,
                SOUND_HOP_S,
                partial(YamnetTokenizer, scored=True),
                "yamnet",
                YAMNET,
            ),
            SoundFrontEnd("spectrum", SPECTRUM_DIM, HOP_S, SpectrumTokenizer, cost=SPEECH),
            SoundFrontEnd("pitches", PITCH_DIM, PITCH_HOP_S, PitchTokenizer),
            ImageFrontEnd("hands", HAND_FEATURE_DIM, HAND_HOP_S, HandTokenizer),
            ImageFrontEnd("pictures", PICTURE_DIM, PICTURE_HOP_S, PictureTokenizer),
            ImageFrontEnd("joints", BODY_DIM, BODY_HOP_S, BodyTokenizer, joints=True),
        )
    }
)


def front_end(name: str) -> FrontEnd:
    """The front end of this name.

    Raises:
        ClaError: there is none of this name.
    """
    if name not in FRONT_ENDS:
        raise ClaError("features_unknown", name=name, choices=", ".join(FRONT_ENDS))
    return FRONT_ENDS[name]
