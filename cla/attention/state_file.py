"""A state on disk, mid-stream, as safetensors with a checksum."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from cla.attention.checks import check_places
from cla.attention.state import names_of, tensors_of, with_tensors
from cla.errors import ClaError
from cla.files import write_file

CHECKSUM = "sha256"
"""Name of the checksum in a file's metadata."""


def save_state(state: Any, path: Path | str) -> None:
    """Write a state of any layer or classifier.

    Raises:
        ClaError: the file cannot be written.
    """
    named = {name: tensor.contiguous().cpu() for name, tensor in _named(state)}
    write_file(Path(path), save(named, metadata={CHECKSUM: _checksum(named)}))


def load_state(path: Path | str, like: Any) -> Any:
    """The state that was saved, of the structure and on the devices of `like`.

    Args:
        like: any state of the same configuration and batch size, as from `init_state`.

    Raises:
        ClaError: the file cannot be read or was damaged, or holds the state of something else.
    """
    try:
        with safe_open(path, framework="pt") as file:
            _check_same(file, like, path)
            found = {name: file.get_tensor(name) for name, _ in _named(like)}
            checksum = (file.metadata() or {}).get(CHECKSUM)
    except (OSError, SafetensorError) as error:
        raise ClaError("state_file_unreadable", path=path, reason=error) from error
    if checksum != _checksum(found):
        raise ClaError("state_file_damaged", path=path)
    state = with_tensors(like, [found[name].to(part.device) for name, part in _named(like)])
    check_places(state)
    return state


def _named(state: Any) -> Iterator[tuple[str, Tensor]]:
    return zip(names_of(state), tensors_of(state), strict=True)


def _check_same(file: Any, like: Any, path: Path | str) -> None:
    """Raise unless a file holds tensors of the names, shapes and types of a state; reads none."""
    expected = {name: (tuple(part.shape), part.dtype) for name, part in _named(like)}
    names = set(file.keys())
    if differing := names ^ set(expected):
        raise ClaError("state_file_of_another", path=path, name=min(differing))
    for name, (shape, dtype) in expected.items():
        part = file.get_slice(name)
        found = tuple(part.get_shape()), _DTYPES.get(part.get_dtype())
        if found != (shape, dtype):
            raise ClaError(
                "state_file_tensor_unfit",
                path=path,
                name=name,
                found=found[1],
                found_shape=found[0],
                expected=dtype,
                expected_shape=shape,
            )


_DTYPES: Mapping[str, torch.dtype] = {
    "I64": torch.int64,
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
}
"""The types that a state can hold, by their names in safetensors."""


def _checksum(named: Mapping[str, Tensor]) -> str:
    """Of the names, shapes, types and bytes of tensors, which must be contiguous and on the CPU."""
    digest = hashlib.sha256()
    for name, tensor in sorted(named.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype};".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
