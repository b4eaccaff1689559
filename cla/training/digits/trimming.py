"""Where speech starts and ends in a clean recording."""

import numpy as np
from numpy.typing import NDArray

FRAME_S = 0.01
FLOOR_DB = -38.0


def speech_bounds(samples: NDArray[np.float32], rate_hz: int) -> tuple[int, int]:
    """First and one-past-last sample of speech, by the energy of 10 ms frames.

    A frame is speech when its level is within 38 dB of the loudest: low enough for the
    last sound of "six", above the noise floor of every synthesizer used.
    A silent recording counts as speech throughout.
    """
    frame = round(FRAME_S * rate_hz)
    count = len(samples) // frame
    if count == 0:
        return 0, len(samples)
    power = np.square(samples[: count * frame].reshape(count, frame)).mean(axis=1)
    loud = np.flatnonzero(power >= power.max() * 10 ** (FLOOR_DB / 10))
    return int(loud[0]) * frame, int(loud[-1] + 1) * frame
