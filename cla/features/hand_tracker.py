"""Follows up to two hands through the frames of a stream."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.features.hand import Hand, Handedness
from cla.features.hand_landmarker import HandLandmarker
from cla.features.hand_region import HandRegion, region_of_points
from cla.features.palm_detector import PalmDetector

MAX_HANDS = 2
MIN_PRESENCE = 0.5
SAME_HAND_OVERLAP = 0.5
SEARCH_FRAMES = 5
"""While one hand is followed, a second one is looked for in one frame of so many."""
HANDEDNESS_MEMORY = 0.8
"""Of a followed hand's handedness: seen edge-on, a single frame may tell it wrongly."""


class _Track(NamedTuple):
    """A hand that is followed, and where to look for it in the next frame."""

    number: int
    region: HandRegion
    right: float | None = None
    """How sure it is a right hand, averaged over the frames so far."""


class HandTracker:
    """Both hands of a stream of images: palms are searched for only while hands are missing.

    Source: the logic of MediaPipe's hand_landmark_tracking graph.
    """

    def __init__(self) -> None:
        self._detector = PalmDetector()
        self._landmarker = HandLandmarker()
        self.reset()

    def reset(self) -> None:
        """Begins a new stream: no hand is followed."""
        self._tracks: list[_Track] = []
        self._frames_since_search = SEARCH_FRAMES
        self._next_number = 0

    def track(self, image: NDArray[np.uint8]) -> tuple[Hand, ...]:
        """Takes the next image and returns its hands, those followed longest first.

        Shapes:
            image: (height, width, 3), RGB, not mirrored.
        """
        size = np.array(image.shape[1::-1], np.float32)
        hands: list[Hand] = []
        tracks: list[_Track] = []
        for track in self._candidates(image):
            found = self._landmarker.locate(image, track.region)
            if found.presence < MIN_PRESENCE or not np.isfinite(found.points).all():
                continue
            region = region_of_points(found.points)
            if _is_followed(region, tracks):
                continue
            right = _smoothed(track.right, found.right)
            tracks.append(_Track(track.number, region, right))
            handedness: Handedness = "right" if right > 0.5 else "left"
            hands.append(Hand(found.points / size, handedness, found.presence, track.number))
        self._tracks = tracks[:MAX_HANDS]
        return tuple(hands[:MAX_HANDS])

    def _candidates(self, image: NDArray[np.uint8]) -> list[_Track]:
        """Returns the hands followed so far, and new ones where it is time to search."""
        self._frames_since_search += 1
        searching = not self._tracks or self._frames_since_search >= SEARCH_FRAMES
        if len(self._tracks) >= MAX_HANDS or not searching:
            return self._tracks
        self._frames_since_search = 0
        found = [
            palm.region
            for palm in self._detector.detect(image)
            if not _is_followed(palm.region, self._tracks)
        ]
        new = []
        for region in found[: MAX_HANDS - len(self._tracks)]:
            new.append(_Track(self._next_number, region))
            self._next_number += 1
        return [*self._tracks, *new]


def _is_followed(region: HandRegion, tracks: list[_Track]) -> bool:
    return any(region.overlap(track.region) > SAME_HAND_OVERLAP for track in tracks)


def _smoothed(average: float | None, newest: float) -> float:
    if average is None:
        return newest
    return HANDEDNESS_MEMORY * average + (1 - HANDEDNESS_MEMORY) * newest
