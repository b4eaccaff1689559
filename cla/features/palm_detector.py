"""Finds palms in a whole image."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.features.hand_region import HandRegion, region_of_palm
from cla.features.lite_network import LiteNetwork, lit

MIN_SCORE = 0.5
SAME_PALM_OVERLAP = 0.3

_ANCHOR_GRIDS = ((24, 2), (12, 6))  # cells a side, anchors a cell
_WRIST, _MIDDLE_KNUCKLE = 0, 2  # among the seven points of a palm
_LOGIT_LIMIT = 100.0


class Palm(NamedTuple):
    """A palm that was found, and the region of its hand."""

    score: float
    region: HandRegion


class PalmDetector:
    """A single-shot detector of palms.

    Source: MediaPipe's palm_detection_lite (Apache-2.0); see assets/NOTICE.md.
    """

    def __init__(self) -> None:
        self._network = LiteNetwork("features/palm_detection_lite.tflite")
        self._anchors = _anchors()

    def detect(self, image: NDArray[np.uint8]) -> list[Palm]:
        """Returns the palms of an image, the surest first.

        Shapes:
            image: (height, width, 3), RGB.
        """
        height, width = image.shape[:2]
        side = max(height, width)
        frame = HandRegion(width / 2, height / 2, side, angle=0.0)
        values, logits = self._network(lit(frame.crop(image, self._network.input_size)))
        scores = 1 / (1 + np.exp(-logits[:, 0].clip(-_LOGIT_LIMIT, _LOGIT_LIMIT)))
        sure = scores >= MIN_SCORE
        # Center and size of the box, then x and y of each point, in parts of the frame.
        found = values[sure].reshape(-1, 9, 2) / np.float32(self._network.input_size)
        found[:, [0, *range(2, 9)]] += self._anchors[sure][:, np.newaxis]
        found = (found - np.float32(0.5)) * side + np.array([width / 2, height / 2], np.float32)
        found[:, 1] = values[sure, 2:4] / self._network.input_size * side
        return [
            Palm(score, region_of_palm(one[:2].ravel(), one[2 + _WRIST], one[2 + _MIDDLE_KNUCKLE]))
            for score, one in _merged(scores[sure], found)
        ]


def _anchors() -> NDArray[np.float32]:
    """Centers of the cells that the network's outputs are relative to, (2016, 2)."""
    grids = []
    for cells, repeats in _ANCHOR_GRIDS:
        centers = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        x, y = np.meshgrid(centers, centers)
        grids.append(np.stack((x, y), -1).reshape(-1, 2).repeat(repeats, axis=0))
    return np.concatenate(grids)


def _merged(
    scores: NDArray[np.float32], found: NDArray[np.float32]
) -> list[tuple[float, NDArray[np.float32]]]:
    """Averages, by their scores, what overlaps the surest one that is left.

    Shapes:
        scores: (K,).
        found: (K, 9, 2), center, size and points.
    """
    merged = []
    left = np.argsort(-scores)
    while len(left):
        overlaps = _overlaps(found[left[0], :2], found[left, :2])
        same = left[overlaps > SAME_PALM_OVERLAP]
        weights = scores[same] / scores[same].sum()
        merged.append((float(scores[left[0]]), np.einsum("k,kpd->pd", weights, found[same])))
        left = left[overlaps <= SAME_PALM_OVERLAP]
    return merged


def _overlaps(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Share of the area of both that is common to both, for each of `boxes`."""
    low = np.maximum(box[0] - box[1] / 2, boxes[:, 0] - boxes[:, 1] / 2)
    high = np.minimum(box[0] + box[1] / 2, boxes[:, 0] + boxes[:, 1] / 2)
    common = np.prod(np.maximum(high - low, 0), axis=1)
    shares: NDArray[np.float32] = common / (box[1].prod() + boxes[:, 1].prod(1) - common + 1e-9)
    return shares
