"""A state on disk, mid-stream, as safetensors."""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save

from cla.attention.state import tensors_of, with_tensors
from cla.errors import ClaError
from cla.files import write_file

REMEDY = "Save a state of the same layer configuration and batch size, or start a new stream."


def save_state(state: Any, path: Path | str) -> None:
    """Write a state of any layer or classifier.

    Raises:
        ClaError: the file cannot be written.
    """
    named = {f"{index:03d}": tensor.contiguous() for index, tensor in enumerate(tensors_of(state))}
    write_file(Path(path), save(named))


def load_state(path: Path | str, like: Any) -> Any:
    """The state that was saved, of the structure and on the devices of `like`.

    Args:
        like: any state of the same configuration and batch size, as from `init_state`.

    Raises:
        ClaError: the file cannot be read, or holds the state of something else.
    """
    try:
        named = load(Path(path).read_bytes())
    except (OSError, SafetensorError) as error:
        raise ClaError(f"The state in {path} cannot be read: {error}.", REMEDY) from error
    found = [named[name] for name in sorted(named)]
    expected = list(tensors_of(like))
    if [(t.shape, t.dtype) for t in found] != [(t.shape, t.dtype) for t in expected]:
        raise ClaError(f"The state in {path} is that of something else.", REMEDY)
    pairs = zip(found, expected, strict=True)
    return with_tensors(like, [tensor.to(target.device) for tensor, target in pairs])
