"""One generic function each for what can be done with any state, whatever its kind."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cla.errors import ClaError
from cla.texts.sentence import Sentence


class Step(NamedTuple):
    """What one step gives; `state` is the state that was passed in, advanced in place.

    Shapes:
        output: (B, E), (B, N, E) if retroactive, or (B, C) from a classifier.
    """

    output: Tensor
    state: Any
    emits: Any = None


class StreamGroup(NamedTuple):
    """Neighboring streams of a batch that are at the same place of their cycle."""

    start: int
    length: int
    slot: int
    valid_tokens: int


def map_state(state: Any, function: Callable[[Tensor], Tensor]) -> Any:
    """Apply `function` to every tensor of a state; returns a state of the same structure."""
    if isinstance(state, Tensor):
        return function(state)
    parts = [map_state(part, function) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)


def tensors_of(state: Any) -> Iterator[Tensor]:
    """Every tensor of a state, in order."""
    if isinstance(state, Tensor):
        yield state
    else:
        for part in state:
            yield from tensors_of(part)


def names_of(state: Any, prefix: str = "") -> Iterator[str]:
    """Dotted names of a state's tensors, in the order of `tensors_of`."""
    if isinstance(state, Tensor):
        yield prefix
    else:
        for name, part in zip(getattr(state, "_fields", range(len(state))), state, strict=True):
            yield from names_of(part, f"{prefix}.{name}" if prefix else str(name))


def with_tensors(state: Any, tensors: Sequence[Tensor]) -> Any:
    """A state of the same structure that holds `tensors`, in the order of `tensors_of`."""
    given = iter(tensors)
    return map_state(state, lambda _: next(given))


def difference(state: Any, like: Any) -> Sentence:
    """What tells a state from those of the structure of `like`, in words; of streams any number."""
    if type(state) is not type(like):
        names = type(state).__name__, type(like).__name__
        return Sentence("difference.type", found=names[0], expected=names[1])
    ours, theirs = (list(names_of(one)) for one in (state, like))
    if ours != theirs:
        return Sentence("difference.part", name=min(set(ours) ^ set(theirs)))
    for name, part, right in zip(ours, tensors_of(state), tensors_of(like), strict=True):
        if part.shape[1:] != right.shape[1:]:
            found, expected = (", ".join(map(str, ("B", *one.shape[1:]))) for one in (part, right))
            return Sentence("difference.shape", name=name, found=found, expected=expected)
        if part.dtype != right.dtype:
            return Sentence("difference.dtype", name=name, found=part.dtype, expected=right.dtype)
    return Sentence("difference.place")


def scan_active(
    scan: Callable[[Tensor, Any], tuple[Tensor, Any]], x: Tensor, state: Any, active: Tensor
) -> tuple[Tensor, Any]:
    """A scan of the active streams; the others keep their state, and their outputs are zero."""
    chosen = active.nonzero()[:, 0]
    output, after = scan(x[chosen], map_state(state, lambda tensor: tensor[chosen]))
    whole = output.new_zeros(len(x), *output.shape[1:]).index_copy(0, chosen, output)
    pairs = zip(tensors_of(state), tensors_of(after), strict=True)
    return whole, with_tensors(state, [old.index_copy(0, chosen, new) for old, new in pairs])


def writing_to(tensor: Tensor) -> AbstractContextManager[None]:
    """No gradients; for what was made in inference mode, and can be written in no other, that."""
    if not torch.compiler.is_compiling() and tensor.is_inference():
        return torch.inference_mode()
    return torch.no_grad()


def released(value: Any) -> Any:
    """A result of `writing_to` with ordinary tensors, none of inference mode."""
    if value is None or torch.compiler.is_compiling() or torch.is_inference_mode_enabled():
        return value
    return map_state(value, lambda tensor: tensor.clone() if tensor.is_inference() else tensor)


def clone_state(state: Any) -> Any:
    """A copy that further steps on the original leave alone."""
    return map_state(state, torch.clone)


def state_bytes(state: Any) -> int:
    """Memory of a state's tensors, in bytes."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors_of(state))


def move_state(
    state: Any, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
) -> Any:
    """A state on another device, or of another floating-point type, sums and all.

    A layer whose sums must be wider refuses it: make one by its `state_from_window`.
    """
    return map_state(
        state,
        lambda tensor: tensor.to(
            device=device, dtype=dtype if tensor.is_floating_point() else None
        ),
    )


def stack_states(states: Sequence[Any]) -> Any:
    """One state of all streams of several states, which may be at different places.

    Raises:
        ClaError: there are none, or they belong to different layers.
    """
    if not states:
        raise ClaError("states_missing")
    columns = [list(tensors_of(state)) for state in states]
    shapes = {tuple(tensor.shape[1:] for tensor in column) for column in columns}
    if len(shapes) > 1:
        raise ClaError("states_of_different_layers")
    return with_tensors(states[0], [torch.cat(parts) for parts in zip(*columns, strict=True)])


def split_state(state: Any) -> list[Any]:
    """The streams of a state, each as a state of its own, copied."""
    batch = next(tensors_of(state)).shape[0]
    return [
        with_tensors(state, [tensor[index : index + 1].clone() for tensor in tensors_of(state)])
        for index in range(batch)
    ]


def reset_streams(state: Any, fresh: Any, streams: Tensor) -> None:
    """Set the masked streams back to `fresh`, the state of one new stream, in place.

    Shapes:
        streams: (B,) bool
    """
    for tensor, start in zip(tensors_of(state), tensors_of(fresh), strict=True):
        mask = streams.reshape(-1, *(1,) * (tensor.ndim - 1))
        tensor.copy_(torch.where(mask, start, tensor))


def narrow_state(state: Any, group: StreamGroup) -> Any:
    """A view of one group of streams; writing to it writes to the state."""
    return map_state(state, lambda tensor: tensor.narrow(0, group.start, group.length))


def stream_groups(slot: Tensor, valid_tokens: Tensor) -> list[StreamGroup]:
    """Cut a batch into runs of streams at the same place, so that each is scanned without masks."""
    places = list(zip(slot.tolist(), valid_tokens.tolist(), strict=True))
    groups: list[StreamGroup] = []
    for index, (stream_slot, valid) in enumerate(places):
        if groups and places[index - 1] == (stream_slot, valid):
            groups[-1] = groups[-1]._replace(length=groups[-1].length + 1)
        else:
            groups.append(StreamGroup(index, 1, stream_slot, valid))
    return groups
