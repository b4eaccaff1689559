"""Joints of frames in, a token for each out."""

import numpy as np
import torch

from cla.errors import ClaError
from cla.features.body import LAG, NUM_JOINTS, BodyFrame, body_features
from cla.types import Token


class BodyStream:
    """Turns the joints of one stream's frames into tokens, one each; those of `body_features`."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begins a new stream."""
        self._frames: list[BodyFrame] = []
        self._count = 0

    def push(self, frame: BodyFrame) -> list[Token]:
        """Takes the next frame and returns its token.

        Raises:
            ClaError: the joints or the time are no such numbers.
        """
        if frame.points.shape != (NUM_JOINTS, 3) or not np.isfinite(frame.points).all():
            raise ClaError("joints_unfit", shape=frame.points.shape, count=NUM_JOINTS)
        if not np.isfinite(frame.time_s):
            raise ClaError("joints_without_time")
        self._frames = [*self._frames, frame][-1 - LAG :]
        points = np.stack([one.points for one in self._frames])
        times_s = np.array([one.time_s for one in self._frames])
        features = torch.from_numpy(body_features(points, times_s)[-1])
        token = Token(self._count, frame.time_s, features)
        self._count += 1
        return [token]

    def flush(self) -> list[Token]:
        """Nothing is owed."""
        return []
