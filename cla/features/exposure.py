"""Dark pictures, made as bright as the networks know them."""

import numpy as np
from numpy.typing import NDArray

DARK = 0.4
"""Brightness of its brightest parts below which a picture is made brighter."""
_BRIGHT = 0.7
_MOST = 10.0
"""By how much; below that there is only noise."""
_PERCENTILE, _STRIDE = 98.0, 8


def lit(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns a picture, brighter where it is dark.

    Shapes:
        picture: (height, width, 3), in [0, 1].
    """
    brightest = float(np.percentile(picture[::_STRIDE, ::_STRIDE], _PERCENTILE))
    if brightest >= DARK:
        return picture
    gain = min(_BRIGHT / max(brightest, 1e-6), _MOST)
    brighter: NDArray[np.float32] = np.minimum(picture * np.float32(gain), np.float32(1.0))
    return brighter
