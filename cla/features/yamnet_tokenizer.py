"""Samples of any rate in, YAMNet's tokens of what is sounding out, one each 100 ms."""

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cla.features.log_mel import CONTEXT_SAMPLES, FRAME_HOP_SAMPLES, embed_patches, silent_patch
from cla.features.speech_embedding import SAMPLE_RATE_HZ
from cla.features.tokenizer import SoundTokenizer
from cla.features.yamnet import Yamnet, load_yamnet
from cla.resources import fetched_path
from cla.types import Token

SOUND_HOP_SAMPLES = 1_600
SOUND_HOP_S = SOUND_HOP_SAMPLES / SAMPLE_RATE_HZ
YAMNET_FILE = "yamnet.safetensors"

_HOP_FRAMES = SOUND_HOP_SAMPLES // FRAME_HOP_SAMPLES


class YamnetFeatures:
    """Hops of 100 ms in, tokens out; before the stream there was silence.

    Raises:
        ClaError: YAMNet has not been fetched.
    """

    def __init__(self, *, scored: bool = False) -> None:
        self._network = shared_yamnet()
        self._embed = self._network.embed_scored if scored else self._network.embed
        self.reset()

    def reset(self) -> None:
        """Begins a new stream at media time 0."""
        self._context = torch.zeros(CONTEXT_SAMPLES)
        self._patch = silent_patch(self._network.log_mel)
        self._count = 0

    @torch.no_grad()
    def push(self, hop: NDArray[np.float32]) -> list[Token]:
        """The token of a hop, (1600,) at 16 kHz."""
        samples = torch.cat((self._context, torch.from_numpy(hop)))
        self._context = samples[-CONTEXT_SAMPLES:]
        self._patch = torch.cat((self._patch[_HOP_FRAMES:], self._network.log_mel(samples)))
        features = self._embed(self._patch[None])[0]
        self._count += 1
        return [Token(self._count - 1, self._count * SOUND_HOP_S, features)]

    def flush(self) -> list[Token]:
        """Returns no tokens: every hop has given one."""
        return []


class YamnetTokenizer(SoundTokenizer):
    """Turns one stream of samples at any rate into YAMNet's tokens, one each 100 ms.

    Raises:
        ClaError: YAMNet has not been fetched.
    """

    def __init__(self, sample_rate_hz: int, *, scored: bool = False) -> None:
        super().__init__(sample_rate_hz, SOUND_HOP_SAMPLES, YamnetFeatures(scored=scored))


def embed_sounds(
    samples: NDArray[np.float32], network: Yamnet | None = None, *, scored: bool = False
) -> Tensor:
    """Returns the features of a clip, the numbers that a `YamnetTokenizer` gives, to rounding.

    Shapes:
        samples: (S,) float32 in [-1, 1] at 16 kHz.
        returns: (T, 1024) or, with scores, (T, 1546), with T = S // 1600.

    Raises:
        ClaError: the samples are not numbers, or not one channel; or YAMNet has not been fetched.
    """
    network = network or shared_yamnet()
    embed = network.embed_scored if scored else network.embed
    return embed_patches(samples, network.log_mel, embed, SOUND_HOP_SAMPLES)


@cache
def shared_yamnet() -> Yamnet:
    """Returns the one instance all streams of this process share.

    Raises:
        ClaError: it has not been fetched.
    """
    return load_yamnet(fetched_path(YAMNET_FILE))
