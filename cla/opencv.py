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
        raise ClaError(
            f"OpenCV cannot be loaded, so there are no hand signs here: {error}.",
            "Install the system's OpenGL (Debian: apt-get install libgl1), or replace the package "
            "opencv-python by opencv-python-headless.",
        ) from error
    return cv2
