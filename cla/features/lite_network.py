"""Networks in TensorFlow Lite form, and pictures as bright as these know them."""

import numpy as np
from numpy.typing import NDArray

from cla.resources import verified_asset
from cla.stderr import without_announcement

_ANNOUNCEMENT = b"INFO: Created TensorFlow Lite "
"""What the runtime says on the error stream; it has no setting against it."""
DARK = 0.4
"""Brightness of its brightest parts below which a picture is made brighter."""
_BRIGHT = 0.7
_MOST = 10.0
"""By how much; below that there is only noise."""
_PERCENTILE, _STRIDE = 98.0, 8


class LiteNetwork:
    """A shipped network that takes one picture. One stream's own: it is not for many threads.

    Args:
        name: of the file, relative to `assets/`.
    """

    def __init__(self, name: str) -> None:
        # Loaded only where hands are wanted.
        from ai_edge_litert.interpreter import Interpreter

        content = verified_asset(name)
        with without_announcement(_ANNOUNCEMENT):
            self._interpreter = Interpreter(model_content=content, num_threads=1)
            self._interpreter.allocate_tensors()
        (taken,) = self._interpreter.get_input_details()
        self._input = taken["index"]
        self.input_size = int(taken["shape"][1])
        self._outputs = [one["index"] for one in self._interpreter.get_output_details()]

    def __call__(self, picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Returns the outputs, without the batch axis.

        Shapes:
            picture: (input_size, input_size, 3), RGB in [0, 1].
        """
        self._interpreter.set_tensor(self._input, picture[np.newaxis])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


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
