"""Opens containers of untrusted bytes: no other file is opened, no huge picture is allocated."""

from typing import NoReturn

import av
from av.container import InputContainer

from cla.capture.chained import FilePart

_PROBED_PIXELS = 4 * 4_096 * 2_304
"""Pictures are decoded already to find out what they are; those that are a little beyond the limit
are then refused by their size."""


class _OtherFileError(Exception):
    """A file refers to another one."""


def open_container(
    part: FilePart, *, ignore_length: bool = False, bare: str | None = None
) -> InputContainer | None:
    """Opens a container; returns None if the bytes are not one.

    Args:
        ignore_length: whether to read on where a WAV header says that it ends.
        bare: the codec that the bytes are in without any container.
    """
    # A playlist inside the file must not make the decoder read other files or the network.
    options = {"protocol_whitelist": "none"}
    if ignore_length:
        options["ignore_length"] = "1"
    part.seek(0)
    try:
        return av.open(
            part,
            mode="r",
            format=bare,
            container_options=options,
            options={"max_pixels": str(_PROBED_PIXELS)},
            metadata_errors="replace",
            io_open=_open_nothing_else,
        )
    except (av.FFmpegError, _OtherFileError):
        return None


def _open_nothing_else(url: str, *_: object) -> NoReturn:
    raise _OtherFileError(url)
