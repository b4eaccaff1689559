"""A file on its way from the page."""

from cla.errors import ClaError
from cla.printable import printable

MAX_BYTES = 50 * 2**20
MAX_NAME = 100


class IncomingFile:
    """Collects the bytes of one file.

    Raises:
        ClaError: it is empty or too large.
    """

    def __init__(self, size_bytes: int, name: str) -> None:
        if not 0 < size_bytes <= MAX_BYTES:
            raise ClaError(
                "upload_size_out_of_range", size_mb=size_bytes / 2**20, most_mb=MAX_BYTES // 2**20
            )
        self.name = printable(name[:MAX_NAME])
        self._size_bytes = size_bytes
        self._content = bytearray()

    def add(self, data: bytes) -> bytes | None:
        """Take the next bytes; returns the whole file once it is there."""
        self._content += data
        if len(self._content) < self._size_bytes:
            return None
        return bytes(self._content[: self._size_bytes])
