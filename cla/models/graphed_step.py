"""A whole step as one CUDA graph: Python launches it once, and no kernel by itself."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cla.attention import AttentionLayer, clone_state
from cla.attention.state import reset_streams, tensors_of
from cla.errors import ClaError
from cla.models.classifier import StreamClassifier

WARM_UP_STEPS = 3
"""Steps before a capture, in which libraries set up what they may not set up within one."""


class _Captured(NamedTuple):
    graph: torch.cuda.CUDAGraph
    output: Tensor


class GraphedStep:
    """The steps of a classifier or layer with buffers that stay where they are.

    On CUDA a step is captured at first use and replayed from then on: tokens are copied into the
    graph's own buffer, the state is written in place, and the host waits for nothing. Elsewhere
    the same step runs without a capture. There are no emits. The model's weights are read where
    they lie: load others into them with `load_state_dict`, do not replace them.

    Args:
        model: on the device to run on.
        streams: B, how many step at once.
        compiler: a backend of `torch.compile`, such as "inductor", that joins the many small
            operations of a step before they are captured; the first step then takes minutes.

    Attributes:
        state: of all streams; written in place, so that references to it stay good.

    Raises:
        ClaError: a step of the model takes singular values, for which the host would have to wait.
    """

    def __init__(
        self,
        model: AttentionLayer | StreamClassifier,
        streams: int = 1,
        *,
        compiler: str | None = None,
    ) -> None:
        layers = [module for module in model.modules() if isinstance(module, AttentionLayer)]
        if any(layer.config.decomposes for layer in layers):
            raise ClaError("graph_needs_other_inverse")
        self.model = model
        self.state: Any = model.init_state(streams)
        self._fresh = model.init_state(1)
        weight = next(model.parameters())
        size = getattr(model.config, "input_dim", model.config.embed_dim)
        self._token = torch.zeros(streams, size, dtype=weight.dtype, device=weight.device)
        self._active = torch.ones(streams, dtype=torch.bool, device=weight.device)
        self._advance = _advance if compiler is None else _compiled(compiler)
        self._captured: dict[bool, _Captured] = {}

    def step(self, x: Tensor, *, active: Tensor | None = None) -> Tensor:
        """Advance every stream, or the `active` ones, by one token.

        Shapes:
            x: (B, E), or (B, F) for a classifier
            active: (B,) bool
            returns: see the model's `step`; on CUDA a buffer that the next step overwrites

        Raises:
            ClaError: the token or the mask is not of that shape.
        """
        masked = active is not None
        for given, buffer in ((x, self._token), (active, self._active)):
            if given is None:
                continue
            if given.shape != buffer.shape:
                raise ClaError(
                    "graph_shape_unfit", shape=tuple(given.shape), expected=tuple(buffer.shape)
                )
            buffer.copy_(given, non_blocking=True)
        if not self._token.is_cuda:
            return self._run(self.state, masked=masked)
        if masked not in self._captured:
            self._captured[masked] = self._capture(masked=masked)
        captured = self._captured[masked]
        captured.graph.replay()
        return captured.output

    def reset(self, streams: Tensor | None = None) -> None:
        """Let the masked streams (B,), or all of them, start anew, in place."""
        mask = torch.ones_like(self._active) if streams is None else streams
        reset_streams(self.state, self._fresh, mask)

    def load(self, state: Any) -> None:
        """Go on from another state of the same model and number of streams, which is copied.

        Raises:
            ClaError: it is the state of something else.
        """
        pairs = list(zip(tensors_of(self.state), tensors_of(state), strict=False))
        count = sum(1 for _ in tensors_of(state))
        if count != len(pairs) or any(ours.shape != theirs.shape for ours, theirs in pairs):
            raise ClaError("graph_state_of_another", batch=len(self._active))
        for ours, theirs in pairs:
            ours.copy_(theirs, non_blocking=True)

    def _run(self, state: Any, *, masked: bool) -> Tensor:
        return self._advance(self.model, self._token, state, self._active if masked else None)

    def _capture(self, *, masked: bool) -> _Captured:
        with torch.cuda.device(self._token.device):
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                rehearsed = clone_state(self.state)
                for _ in range(WARM_UP_STEPS):
                    self._run(rehearsed, masked=masked)
            torch.cuda.current_stream().wait_stream(side)
            del rehearsed
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                output = self._run(self.state, masked=masked)
        return _Captured(graph, output)


def _advance(
    model: AttentionLayer | StreamClassifier, x: Tensor, state: Any, active: Tensor | None
) -> Tensor:
    return model.step(x, state, active=active).output


def _compiled(backend: str) -> Callable[..., Tensor]:
    compiled: Callable[..., Tensor] = torch.compile(_advance, fullgraph=True, backend=backend)
    return compiled
