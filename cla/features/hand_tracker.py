"""Follows up to two hands through the frames of a stream."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.features.hand_features import Hand, Handedness
from cla.features.hand_landmarker import HandLandmarker, Landmarks
from cla.features.hand_region import HandRegion, region_of_points
from cla.features.palm_detector import PalmDetector

# Center along the image's longer and its shorter edge, and side in parts of the shorter one.
# Upright ones will do: the network knows hands that are turned by up to a right angle.
_SQUARES = (
    (0.50, 0.50, 0.85),
    (0.28, 0.50, 0.80),
    (0.72, 0.50, 0.80),
    (0.50, 0.33, 0.50),
    (0.50, 0.67, 0.50),
)
NUM_LOOKS = len(_SQUARES)
MAX_HANDS = 2
MIN_PRESENCE = 0.5
LOOK_PRESENCE = 0.7
"""Of a hand that a look suspects."""
FOUND_PRESENCE = 0.8
"""Of a new hand in its own region; a palm's that has less is suspected until it keeps still."""
SETTLING_FRAMES = 5
"""A suspected hand whose region does not keep still by then is none."""
SAME_HAND_OVERLAP = 0.5
"""Of a smaller region: a part of a hand is often taken for a hand."""
SEARCH_FRAMES = 5
"""While one hand is followed, a second one is looked for in one frame of so many."""
LOOK_FRAME = 2
"""While one hand is followed, a look is taken so many frames after a palm search."""
HANDEDNESS_MEMORY = 0.8
"""Of a followed hand's handedness: seen edge-on, a single frame may tell it wrongly."""


def look(index: int, width: int, height: int) -> HandRegion:
    """Returns one of the `NUM_LOOKS` squares of an image, the likeliest first."""
    along, across, side = _SQUARES[index]
    x, y = (along, across) if width >= height else (across, along)
    return HandRegion(x * width, y * height, side * min(width, height), angle=0.0)


class _Track(NamedTuple):
    """A hand that is followed, and where to look for it in the next frame."""

    number: int
    region: HandRegion
    right: float | None = None
    """How sure it is a right hand, averaged over the frames so far."""


class _Suspect(NamedTuple):
    """Where a look has seen a hand that has not been found yet."""

    region: HandRegion
    frames: int = 1
    """For which it has been suspected."""


class HandTracker:
    """Both hands of a stream of images: they are searched for only while hands are missing.

    Where the palm search finds nothing, which is so of many fists, single fingers and gray images,
    the network of the hand's points looks at one square of the image after the other.

    Source: the logic of MediaPipe's hand_landmark_tracking graph; the looks are our own.
    """

    def __init__(self) -> None:
        self._detector = PalmDetector()
        self._landmarker = HandLandmarker()
        self.reset()

    def reset(self) -> None:
        """Begins a new stream: no hand is followed."""
        self._tracks: list[_Track] = []
        self._suspect: _Suspect | None = None
        self._frames_since_search = SEARCH_FRAMES
        self._misled = False  # the frame before had nothing but palms or suspects of no hand
        self._next_look = 0
        self._next_number = 0

    def track(self, image: NDArray[np.uint8]) -> tuple[Hand, ...]:
        """Takes the next image and returns its hands, those followed longest first.

        Shapes:
            image: (height, width, 3), RGB, not mirrored.
        """
        self._frames_since_search += 1
        size = np.array(image.shape[1::-1], np.float32)
        hands: list[Hand] = []
        tracks: list[_Track] = []
        suspected = self._suspect is not None
        new = self._new_candidates(image) if len(self._tracks) < MAX_HANDS else []
        for track in (*self._tracks, *new):
            found = self._landmarker.locate(image, track.region)
            if not _is_hand(found, MIN_PRESENCE):
                continue
            region = region_of_points(found.points)
            if _is_followed(region, tracks):
                continue
            if track.right is None and found.presence < FOUND_PRESENCE:
                self._suspect = _Suspect(region)
                continue
            right = _smoothed(track.right, found.right)
            tracks.append(_Track(track.number, region, right))
            handedness: Handedness = "right" if right > 0.5 else "left"
            hands.append(Hand(found.points / size, handedness, found.presence, track.number))
        self._tracks = tracks[:MAX_HANDS]
        self._misled = (bool(new) or suspected) and not tracks and self._suspect is None
        return tuple(hands[:MAX_HANDS])

    def _new_candidates(self, image: NDArray[np.uint8]) -> list[_Track]:
        if self._suspect is not None:
            return self._settle(image, self._suspect)
        palms = self._palms(image) if self._is_time_to_search() else []
        # A frame has time for the points of palms or for a look, not for both.
        if not palms and self._is_time_to_look():
            self._look(image)
        return palms

    def _is_time_to_search(self) -> bool:
        if self._misled:
            return False
        return not self._tracks or self._frames_since_search >= SEARCH_FRAMES

    def _is_time_to_look(self) -> bool:
        return not self._tracks or self._frames_since_search == LOOK_FRAME

    def _palms(self, image: NDArray[np.uint8]) -> list[_Track]:
        self._frames_since_search = 0
        found = [
            palm.region
            for palm in self._detector.detect(image)
            if not _is_followed(palm.region, self._tracks)
        ]
        return [self._begin(region) for region in found[: MAX_HANDS - len(self._tracks)]]

    def _look(self, image: NDArray[np.uint8]) -> None:
        """Looks at the next square; a hand in it is suspected, its region being a rough one."""
        height, width = image.shape[:2]
        found = self._landmarker.locate(image, look(self._next_look, width, height))
        self._next_look = (self._next_look + 1) % NUM_LOOKS
        if not _is_hand(found, LOOK_PRESENCE):
            return
        region = region_of_points(found.points)
        if not _is_followed(region, self._tracks):
            self._suspect = _Suspect(region)

    def _settle(self, image: NDArray[np.uint8], suspect: _Suspect) -> list[_Track]:
        """Returns a suspected hand once its region keeps still: seen askew it is misread."""
        self._suspect = None
        region = suspect.region
        for _ in range(MAX_HANDS - len(self._tracks)):
            found = self._landmarker.locate(image, region)
            if not _is_hand(found, LOOK_PRESENCE):
                return []
            before, region = region, region_of_points(found.points)
            if found.presence >= FOUND_PRESENCE and region.is_near(before):
                return [self._begin(region)]
        if suspect.frames < SETTLING_FRAMES:
            self._suspect = _Suspect(region, suspect.frames + 1)
        return []

    def _begin(self, region: HandRegion) -> _Track:
        self._next_number += 1
        return _Track(self._next_number - 1, region)


def _is_hand(found: Landmarks, min_presence: float) -> bool:
    return found.presence >= min_presence and bool(np.isfinite(found.points).all())


def _is_followed(region: HandRegion, tracks: list[_Track]) -> bool:
    return any(region.overlap(track.region) > SAME_HAND_OVERLAP for track in tracks)


def _smoothed(average: float | None, newest: float) -> float:
    if average is None:
        return newest
    return HANDEDNESS_MEMORY * average + (1 - HANDEDNESS_MEMORY) * newest
