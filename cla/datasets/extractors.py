"""What can turn the recordings of a data set into tokens."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from cla.capture import open_video
from cla.datasets.audio import load_audio
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
    load_yamnet,
)
from cla.features.log_mel import embed_patches
from cla.features.vggish import VGGISH_HOP_SAMPLES
from cla.features.yamnet_tokenizer import shared_yamnet
from cla.resources import fetched_path

VGGISH_FILE = "vggish-10086976.pth"
"""Where `fetched_path` has it, unless another path is given."""


def sound_extractor(
    name: str, clip_s: float | None = None, weights: Path | None = None
) -> Extractor:
    """The extractor of this name for recordings of sound.

    Args:
        clip_s: every recording is cut to this, or filled up with silence.
        weights: file of a network that is not shipped, where it lies elsewhere than `cla fetch`
            puts it; `vggish` has to be given one.

    Raises:
        ClaError: there is no such extractor, or its weights are missing.
    """
    if name not in SOUND_EXTRACTORS:
        raise ClaError("sound_features_unknown", name=name, choices=", ".join(SOUND_EXTRACTORS))
    hop_s, make = SOUND_EXTRACTORS[name]
    return Extractor(name, hop_s, partial(_embed, make(weights), clip_s))


Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def _speech(_: Path | None) -> Embed:
    return embed_clip


def _yamnet(weights: Path | None) -> Embed:
    network = load_yamnet(weights) if weights else shared_yamnet()
    return lambda samples: embed_sounds(samples, network).numpy()


def _vggish(weights: Path | None) -> Embed:
    network = load_vggish(weights or fetched_path(VGGISH_FILE))
    return lambda samples: embed_patches(
        samples, network.log_mel, network.embed, VGGISH_HOP_SAMPLES
    ).numpy()


SOUND_EXTRACTORS: Mapping[str, tuple[float, Callable[[Path | None], Embed]]] = MappingProxyType(
    {
        "speech": (HOP_S, _speech),
        "vggish": (VGGISH_HOP_SAMPLES / SAMPLE_RATE_HZ, _vggish),
        "yamnet": (SOUND_HOP_S, _yamnet),
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
