"""What each lane did with each token, as plain numbers on the CPU."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cla.types import Event


@dataclass(frozen=True, slots=True)
class LaneRecord:
    """One lane's step on one token.

    Args:
        label, probability: the most likely class.
        valid_tokens: tokens the window held; less than the window while it warms up.
        compute_ms: time of the step, without what is shown; on the CPU, that of its processor.
        showing_ms: time of what is shown: the attention rows.
        ops, total_ops: multiply-adds of the attention product, in this step and since the start;
            None of a kind that does not count them.
        event: the event this token completed, if any.
        rebuilds: times the lane recovered from non-finite numbers.
        state_bytes: memory of the lane's state.
        answered: whether this token brought an answer; else the record repeats the one before, and
            nothing was computed.
        reads_every: the lane takes every token in, and answers one of so many.
        age: so many tokens ago came the one that is answered.

    Shapes:
        probabilities: (C,) float32
        attention: (L, H, N) float32, the newest token's row in each layer, when asked for
        stretches: (M, 2) int64, first and last age in tokens, [first, last), of what each
            landmark of the first layer is the mean of; None where they stand for no stretch of time
    """

    lane: str
    label: str
    probability: float
    probabilities: NDArray[np.float32]
    valid_tokens: int
    compute_ms: float
    ops: int | None
    total_ops: int | None
    event: Event | None = None
    rebuilds: int = 0
    attention: NDArray[np.float32] | None = None
    stretches: NDArray[np.int64] | None = None
    state_bytes: int = 0
    showing_ms: float = 0.0
    answered: bool = True
    reads_every: int = 1
    age: int = 0


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One token and what every lane made of it.

    Args:
        time_s: media time of the last input the token rests on.
        queue_ms: time from the arrival of the packet that completed the token to its record.
        behind_s: media time that has arrived and has not been worked on yet.
        gap_s: media time without tokens just before this one.
        dropped_frames: pictures left out since the token before, to catch up.
    """

    token: int
    time_s: float
    lanes: tuple[LaneRecord, ...]
    queue_ms: float = 0.0
    behind_s: float = 0.0
    gap_s: float = 0.0
    dropped_frames: int = 0
