"""The squares of an image in which a hand is looked for that the palm search misses."""

from cla.features.hand_region import HandRegion

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


def look(index: int, width: int, height: int) -> HandRegion:
    """Returns one of the `NUM_LOOKS` squares of an image, the likeliest first."""
    along, across, side = _SQUARES[index]
    x, y = (along, across) if width >= height else (across, along)
    return HandRegion(x * width, y * height, side * min(width, height), angle=0.0)
