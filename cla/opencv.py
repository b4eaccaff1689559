"""OpenCV, loaded only where pictures are wanted."""

from types import ModuleType

from cla.errors import ClaError


def opencv() -> ModuleType:
    """Returns the module `cv2`.

    Raises:
        ClaError: it cannot be loaded; sound works without it.
    """
    try:
        import cv2
    except ImportError as error:
        raise ClaError("opencv_not_loaded", reason=error) from error
    return cv2
