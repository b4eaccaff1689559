"""The attention layer: it projects, lets its kind append and read, and projects."""

from typing import Any, final

import torch
from torch import Tensor

from cla.attention import kernels
from cla.attention.autocast import outside_autocast
from cla.attention.checks import check_places, check_type
from cla.attention.config import AttentionConfig
from cla.attention.projected import Projected, on_host
from cla.attention.rings import selected
from cla.attention.state import Step, released, reset_streams, writing_to
from cla.attention.window_layer import WindowLayer
from cla.errors import ClaError


@final
class AttentionLayer(WindowLayer):
    """Attention over the last N tokens of a stream; the module holds parameters only.

    All kinds own the same parameters, so that one can take the place of another. `use_fused` says
    whether a step on the CPU may take the compiled kernels; the numbers are the same without.

    Three rules hold for every kind and output mode. A token that is no number, or too large to
    multiply (`projected.LARGEST`), makes those outputs NaN whose receptive field holds it, and no
    others. A state made in inference mode goes on outside of it, and the other way round. Autocast
    sets the type of outputs, and of nothing else.
    """

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self._weights, self._arrays = kernels.PlainWeights(), kernels.Latest()

    @property
    def takes_landmarks(self) -> bool:
        """Whether landmarks are given (`set_landmarks`), not taken from the stream."""
        return self.given is not None

    @property
    def query_landmarks(self) -> Tensor | None:
        """Those given, (H, M, D); None where none are."""
        return None if self.given is None else self.given.query_landmarks

    @property
    def key_landmarks(self) -> Tensor | None:
        """As `query_landmarks`."""
        return None if self.given is None else self.given.key_landmarks

    def set_landmarks(self, query_landmarks: Tensor, key_landmarks: Tensor) -> None:
        """Give the fixed landmarks; states made before keep theirs (see `state_from_window`).

        Shapes:
            query_landmarks, key_landmarks: (H, M, D), scaled as `project` does

        Raises:
            ClaError: the layer's landmarks are continual, or shapes or numbers are wrong.
        """
        if self.given is None:
            raise ClaError("landmarks_not_settable")
        self.given.set(query_landmarks, key_landmarks)

    @outside_autocast
    def append(self, x: Tensor, state: Any, *, active: Tensor | None = None) -> None:
        """Take one token of each stream, or of the `active` ones, into `state`, in place.

        The cheap half of `step`: whoever needs the output of every k-th token alone appends the
        others, and loses nothing.

        Shapes:
            x: (B, E)
            active: (B,) bool

        Raises:
            ClaError: the tokens do not fit the layer or the state.
        """
        self._check_step(x, active, state)
        x = self._widened(x)
        self._append(x, state, active, *self._for_kernels(x, state))

    @outside_autocast
    def read(self, state: Any, *, emit: bool = False) -> Step:
        """What `step` gave, or would have given, for the newest token; `state` stays as it is.

        Exactly that for tokens no wider than the weights. No gradient is kept.

        Shapes:
            output: (B, E), or (B, N, E) if retroactive; zero of streams that have seen nothing

        Raises:
            ClaError: the state does not fit the layer.
        """
        self._check_state(state)
        output = self._run(None, state, None)
        empty = state.valid_tokens == 0
        if selected(empty) is not None:
            output = output.masked_fill(empty.reshape(-1, *(1,) * (output.ndim - 1)), 0)
        return self._result(output, state, emit)

    @outside_autocast
    def step(
        self, x: Tensor, state: Any, *, emit: bool = False, active: Tensor | None = None
    ) -> Step:
        """Advance every stream by one token, `append` then `read`; owns `state` and writes to it.

        No gradient is kept (use `scan` or `forward` to train).

        Args:
            active: which streams take a token; the others stay as they are and their output is
                zero. All of them, if not given.

        Shapes:
            x: (B, E)
            active: (B,) bool
            output: (B, E), or (B, N, E) if retroactive: oldest first, zero what is unseen

        Raises:
            ClaError: the tokens do not fit the layer or the state.
        """
        self._check_step(x, active, state)
        output = self._run(self._widened(x), state, active)
        if active is not None:
            output = output.masked_fill(~active.reshape(-1, *(1,) * (output.ndim - 1)), 0)
        return self._result(output, state, emit)

    def _run(self, x: Tensor | None, state: Any, active: Tensor | None) -> Tensor:
        """Outputs after a token, or of the state as it is; by kernels, as far as there are some.

        Of kernels no gradient is kept, whether or not one is asked for.
        """
        weights, arrays = self._for_kernels(x, state)
        if x is not None:
            self._append(x, state, active, weights, arrays)
        found = None
        if arrays is not None:
            found = self.kind.compiled.read(weights, arrays, kernels.mask_of(active))
        if found is not None and weights is not None and not self.config.retroactive:
            return torch.from_numpy(found)
        with writing_to(state.slot):
            if found is None and weights is not None and not self.config.retroactive:
                output = torch.from_numpy(
                    kernels.steps.finish_token(self.kind.read(state), weights)
                )
            elif found is None:
                output = self.finish(self.kind.read(state))
            elif weights is None:
                output = self.finish(self._contexts(found))
            else:
                output = self.finish_columns(torch.from_numpy(found))
            if self.config.retroactive:
                short = state.valid_tokens < self.config.window
                if selected(short) is not None:
                    output = self.zero_unseen(output, state.valid_tokens)
        return released(output)  # type: ignore[no-any-return]  # a tensor

    def _append(
        self, x: Tensor, state: Any, active: Tensor | None, weights: Any, arrays: Any
    ) -> None:
        """A token into a state, projected and taken by kernels where there are some."""
        dtype = state.keys.dtype
        if arrays is None or weights is None:
            check_type(x, dtype)
            if on_host(state.slot):
                check_places(state)
        with writing_to(state.slot):
            if weights is None:
                self._take(self.project(x[:, None], dtype), state, active, arrays)
                return
            tokens = kernels.steps.project_token(kernels.array_of(x), weights, self.config)
            if arrays is None:
                self._take(kernels.steps.split(tokens, dtype), state, active, None)
                return
            try:
                self.kind.compiled.append(tokens, arrays, kernels.mask_of(active))
            except IndexError:
                check_places(state)
                raise

    def attend(self, tokens: Projected, state: Any, active: Tensor | None = None) -> Tensor:
        """The attention product of a step: contexts before the output projection.

        Shapes:
            tokens: (B, H, 1, D)
            returns: (B, H, 1, D), or (B, H, N, D) if retroactive
        """
        _, arrays = self._for_kernels(None, state)
        self._take(tokens, state, active, arrays)
        found = None
        if arrays is not None:
            found = self.kind.compiled.read(None, arrays, kernels.mask_of(active))
        return self.kind.read(state) if found is None else self._contexts(found)

    def _take(self, tokens: Projected, state: Any, active: Tensor | None, arrays: Any) -> None:
        """Projected tokens into a state."""
        if arrays is None:
            self._arrays = kernels.Latest()  # what is kept beside a state does not know this token
            self.kind.append(tokens, state, active)
        else:
            tokens = kernels.steps.joined(tokens)
            self.kind.compiled.append(tokens, arrays, kernels.mask_of(active))

    def _contexts(self, found: Any) -> Tensor:
        """What is read without weights as `Kind.read` gives it."""
        heads: Tensor = torch.from_numpy(found)
        heads = heads.unflatten(1, (self.config.num_heads, self.config.head_dim))
        return heads.mT if self.config.retroactive else heads[:, :, None]

    def _for_kernels(self, x: Tensor | None, state: Any) -> tuple[Any, Any]:
        """Weights and a state as kernels take them; None each where they do not."""
        if not self.use_fused or torch.compiler.is_compiling():
            return None, None
        weights = self._weights.of_layer(self, x, len(state.slot))
        # Kernels give float32, of tokens of other types too.
        known = weights is not None or self.like.dtype is torch.float32
        return weights, self.arrays_of(state) if known else None

    def arrays_of(self, state: Any) -> Any:
        """A state as kernels of its kind take it; None where there are none, or they do not."""
        steps = self.kind.compiled
        return steps and self._arrays.of(state, steps.arrays_of)

    def _widened(self, x: Tensor) -> Tensor:
        """Narrower tokens than the weights as kernels take them, so that all halves of steps do."""
        if x.dtype is torch.float32 or not x.is_floating_point():
            return x
        like = self.like
        return x.to(like.dtype) if x.element_size() < like.element_size() else x

    def _result(self, output: Tensor, state: Any, emit: bool) -> Step:
        return Step(output, state, self.emits(state) if emit else None)

    def emits(self, state: Any) -> Any:
        """What can be shown of the newest token (R = 1), as `read` gives it."""
        with writing_to(state.slot):
            rows, tokens = self.kind.in_time(state)
            seen = state.valid_tokens.clamp(min=1)
            return released(self.kind.emits(rows, tokens, seen, state))

    def reset(self, state: Any, streams: Tensor) -> None:
        """Let the masked streams (B,) of a state start anew, in place."""
        fresh = self.init_state(1, device=state.keys.device, dtype=self.like.dtype)
        reset_streams(state, fresh, streams)


def make_attention(
    config: AttentionConfig, sharing: AttentionLayer | None = None
) -> AttentionLayer:
    """A layer of the configured kind.

    Args:
        sharing: a layer whose projections, the same objects, become those of the new one; they are
            made and initialized anew if not given.
    """
    return AttentionLayer(config) if sharing is None else AttentionLayer.sharing(config, sharing)
