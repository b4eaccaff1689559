"""Recorded sessions as the zip files that pages give and take."""

import io
from pathlib import Path

from cla.engine import pack


def packed(folder: Path) -> io.BytesIO:
    """A session's folder, read from its beginning."""
    content = io.BytesIO()
    pack(folder, content)
    content.seek(0)
    return content
