"""Any number of channels to one, as a stream: speech comes out as loud as it went in."""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

BLOCK_S = 0.05
"""Whether channels cancel is decided block by block, and faded within one."""
MEMORY = 0.7
"""What counts of the energies before, from block to block: a quarter of a second is remembered."""
CANCELS, ADDS = 0.3, 0.7
"""Channels cancel where the mix has less of the energy that the loudest alone would give it, until
it has more again. Channels that have nothing to do with each other give 2 of equal loudness."""
LOUDER = 4.0
"""Another channel takes over only where its energy is so many times as large."""
SILENCE = 1e-10
"""Mean energy of a block, of which nothing is concluded."""

_SIDE, _CENTER, _AROUND = 0.5, 1.0, 0.354
WEIGHTS = MappingProxyType(
    {
        **dict.fromkeys(("FL", "FR", "FLC", "FRC", "DL", "DR", "BIL", "BIR"), _SIDE),
        **dict.fromkeys(("FC", "TC", "TFC", "BFC"), _CENTER),
        **dict.fromkeys(("BL", "BR", "SL", "SR", "BC", "WL", "WR", "SDL", "SDR"), _AROUND),
        **dict.fromkeys(("TFL", "TFR", "TBL", "TBC", "TBR", "TSL", "TSR"), _AROUND),
        **dict.fromkeys(("BFL", "BFR", "SSL", "SSR", "TTL", "TTR"), _AROUND),
        **dict.fromkeys(("LFE", "LFE2"), 0.0),
    }
)
"""By FFmpeg's names of speakers; what is around is 3 dB down, as in ITU-R BS.775. A pair in front
is averaged, so that speech in the middle has one level, whether one speaker gives it or both."""


def channel_weights(names: Sequence[str]) -> Samples:
    """The weight of each channel in a mix to one; equal weights if a speaker is unknown.

    Shapes:
        returns: (C,)
    """
    weights = np.array([WEIGHTS.get(name, np.nan) for name in names], np.float32)
    if len(names) == 1 or np.isnan(weights).any() or not weights.any():
        return np.full(len(names), 1 / len(names), np.float32)
    return weights


class Downmix:
    """Mixes one stream to one channel.

    Where channels cancel each other, the louder one alone is taken. This is decided on a grid of
    samples, so that the result does not depend on how the stream is cut.

    Args:
        names: of the speakers.
    """

    def __init__(self, names: Sequence[str], sample_rate_hz: int) -> None:
        self._weights = channel_weights(names)
        # Of many unknown channels one may hold all there is: it counts as one of a pair would.
        equal = len(set(self._weights.tolist())) == 1
        self._shares = np.square(np.maximum(self._weights, _SIDE) if equal else self._weights)
        self._size = max(round(BLOCK_S * sample_rate_hz), 1)
        self._ramp = np.arange(1, self._size + 1, dtype=np.float32) / np.float32(self._size)
        self._waiting = np.zeros((len(names), 0), np.float32)
        self._energies = np.zeros(len(names))
        self._mixed_energy = 0.0
        self._alone: int | None = None

    @property
    def cancels(self) -> bool:
        """Whether channels cancel each other just now."""
        return self._alone is not None

    def mix(self, samples: Samples) -> Samples:
        """Take samples, (C, S); returns the whole blocks that are there, (R,)."""
        if len(samples) == 1:
            only: Samples = samples[0]
            return only
        samples = np.concatenate((self._waiting, samples), 1)
        whole = samples.shape[1] - samples.shape[1] % self._size
        self._waiting = samples[:, whole:]
        starts = range(0, whole, self._size)
        blocks = [self._block(samples[:, at : at + self._size]) for at in starts]
        return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)

    def flush(self) -> Samples:
        """End the stream; returns the samples that are left."""
        left, self._waiting = self._waiting, self._waiting[:, :0]
        return self._block(left) if left.shape[1] else np.zeros(0, np.float32)

    def _block(self, samples: Samples) -> Samples:
        mixed: Samples = self._weights @ samples
        before, silent_before = self._alone, not self._energies.any()
        self._decide(samples, mixed)
        taken: Samples = mixed if self._alone is None else samples[self._alone]
        if self._alone == before or silent_before:
            return taken
        old = mixed if before is None else samples[before]
        faded: Samples = old + (taken - old) * self._ramp[: samples.shape[1]]
        return faded

    def _decide(self, samples: Samples, mixed: Samples) -> None:
        """Choose the channel to take alone, or none of them."""
        heard = self._shares * np.einsum("cs,cs->c", samples, samples, dtype=np.float64)
        self._energies = MEMORY * self._energies + heard
        self._mixed_energy = MEMORY * self._mixed_energy + float(mixed @ mixed)
        loudest = int(self._energies.argmax())
        energy = float(self._energies[loudest])
        if energy < SILENCE * self._size:
            return
        share = self._mixed_energy / energy
        if self._alone is None:
            self._alone = loudest if share < CANCELS else None
        elif share > ADDS:
            self._alone = None
        elif energy > LOUDER * float(self._energies[self._alone]):
            self._alone = loudest
