"""Camera frames in, tokens of what they show out."""

import numpy as np
import torch
from numpy.typing import NDArray

from cla.features.hand import Hand
from cla.features.hand_tokenizer import check_image
from cla.features.image_embedding import shared_image_embedding
from cla.features.token_clock import TokenClock
from cla.types import Token, VideoFrame

PICTURE_HOP_S = 1 / 15


class PictureTokenizer:
    """Turns one stream of images into tokens of whole pictures, one each 67 ms of media time.

    A token lies between the embeddings of the frames around it, so that the rate of the frames,
    and how even it is, does not matter.
    """

    hands: tuple[Hand, ...] = ()
    """None are looked for."""

    def __init__(self) -> None:
        self._embed = shared_image_embedding()
        self.reset()

    def reset(self) -> None:
        """Begins a new stream."""
        self._clock = TokenClock(PICTURE_HOP_S)
        self._count = 0
        self._before: NDArray[np.float32] | None = None

    def push(self, frame: VideoFrame) -> list[Token]:
        """Takes the next frame, RGB, and returns the tokens it completes, oldest first.

        Raises:
            ClaError: this is no such image, or the time is not a number.
        """
        check_image(frame.image)
        due = self._clock.take(frame.time_s)
        if due is None:
            return []
        now = self._embed(frame.image)
        before = now if self._before is None else self._before
        tokens = []
        for due_s, share in due:
            features = before + np.float32(share) * (now - before)
            tokens.append(Token(self._count, due_s, torch.from_numpy(features)))
            self._count += 1
        self._before = now
        return tokens

    def flush(self) -> list[Token]:
        """Nothing is owed: no token is made up for the time after the last frame."""
        return []
