"""Checks on the weights of networks that are fetched, not shipped."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from cla.errors import ClaError


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of names and numbers, whatever the file format that holds them."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def check_tensors(tensors: Mapping[str, Tensor], expected: str, path: Path) -> None:
    """Raise `ClaError` unless these are the tensors expected of the file at `path`."""
    found = tensors_sha256(tensors)
    if found != expected:
        raise ClaError("weights_checksum", path=path, found=found[:16], expected=expected[:16])
