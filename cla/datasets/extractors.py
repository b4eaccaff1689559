"""What can turn the recordings of a data set into tokens."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from cla.capture import open_video
from cla.datasets.clips import load_audio
from cla.datasets.token_sets import Extractor
from cla.errors import ClaError
from cla.features import (
    HOP_S,
    SAMPLE_RATE_HZ,
    SOUND_HOP_S,
    ImageFrontEnd,
    embed_clip,
    embed_sounds,
    front_end,
    load_vggish,
)
from cla.features.log_mel import embed_patches
from cla.features.vggish import VGGISH_HOP_SAMPLES
from cla.resources import fetched_path

VGGISH_FILE = "vggish-10086976.pth"
"""Where `fetched_path` has it."""

Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def sound_extractor(name: str, clip_s: float | None = None) -> Extractor:
    """The extractor of this name for recordings of sound.

    Args:
        clip_s: every recording is cut to this, or filled up with silence.

    Raises:
        ClaError: there is no such extractor, or its weights are missing.
    """
    if name not in SOUND_EXTRACTORS:
        raise ClaError("sound_features_unknown", name=name, choices=", ".join(SOUND_EXTRACTORS))
    hop_s, make = SOUND_EXTRACTORS[name]
    return Extractor(name, hop_s, partial(_embed, make(), clip_s))


def _vggish() -> Embed:
    network = load_vggish(fetched_path(VGGISH_FILE))
    return lambda samples: embed_patches(
        samples, network.log_mel, network.embed, VGGISH_HOP_SAMPLES
    ).numpy()


SOUND_EXTRACTORS: Mapping[str, tuple[float, Callable[[], Embed]]] = MappingProxyType(
    {
        "speech": (HOP_S, lambda: embed_clip),
        "vggish": (VGGISH_HOP_SAMPLES / SAMPLE_RATE_HZ, _vggish),
        "yamnet": (SOUND_HOP_S, lambda: lambda samples: embed_sounds(samples).numpy()),
    }
)
"""By name: the hop, and what makes the function that embeds samples at 16 kHz."""


def _embed(embed: Embed, clip_s: float | None, path: Path) -> NDArray[np.float32]:
    samples = load_audio(path)
    if clip_s is not None:
        wanted = round(clip_s * SAMPLE_RATE_HZ)
        samples = np.pad(samples[:wanted], (0, max(0, wanted - len(samples))))
    return embed(samples)


def image_extractor(name: str) -> Extractor:
    """A front end of the live tasks for recordings of pictures.

    Raises:
        ClaError: there is none of this name for pictures.
    """
    chosen = front_end(name)
    if not isinstance(chosen, ImageFrontEnd):
        raise ClaError("features_not_for_pictures", name=name)
    return Extractor(name, chosen.hop_s, partial(_embed_pictures, chosen))


def _embed_pictures(chosen: ImageFrontEnd, path: Path) -> NDArray[np.float32]:
    tokenizer = chosen.open()
    with open_video(path) as video:
        tokens = [token.features for frame in video for token in tokenizer.push(frame)]
    return torch.stack(tokens).numpy()
