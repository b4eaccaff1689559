"""A step as few operators, computed from the window: what exporters turn into small graphs."""

import torch
from torch import Tensor, nn

from cla.attention import AttentionLayer
from cla.attention.cuts import segments
from cla.attention.landmarks import segment_weights
from cla.attention.projected import Projected, pick
from cla.attention.pseudo_inverse import pseudo_inverse
from cla.attention.rings import take, window_order
from cla.export.layer_step import LayerStep


def is_windowed(model: nn.Module) -> bool:
    """Whether a model is a layer that `WindowStep` can take the place of."""
    return isinstance(model, AttentionLayer) and model.kind.rests_on is not None


class WindowStep(LayerStep):
    """A step of any kind, other than `SumsStep`'s, as a pure function of tensors.

    Exported graphs have no branches, so that what a landmark tick costs is spent at every token
    anyway, and exact attention looks at the whole window: sums would only be more to compute. The
    numbers are those of the layer's own steps; the state holds what cannot be computed from it.
    """

    segment: Tensor
    closes: Tensor
    weights: Tensor

    def __init__(self, layer: AttentionLayer, streams: int = 1) -> None:
        super().__init__(layer)
        config = layer.config
        # With as many landmarks as tokens each is one of its own: that is exact attention.
        self.fixed = layer.kind.rests_on == "given"
        alone = config.landmarks == config.window and not self.fixed
        self.exact = layer.kind.rests_on == "tokens" or alone
        self.keeps = layer.kind.rests_on == "stream" and not self.exact
        """Whether landmarks outlast the tokens that they were made from."""
        whole = not self.exact or config.retroactive
        rings = ("queries", "keys", "values") if whole else ("keys", "values")
        landmarks = ("query_landmarks", "key_landmarks") if self.keeps else ()
        self.names = ("valid_tokens", "slot", *rings, *landmarks)
        device, dtype = layer.like.device, layer.kind.state_dtype(layer.like.dtype)
        counts = (torch.zeros(streams, dtype=torch.int64, device=device) for _ in range(2))
        heads = (streams, config.num_heads)
        lengths = [config.window] * len(rings) + [config.landmarks] * len(landmarks)
        self.initial = (
            *counts,
            *(
                torch.zeros(*heads, one, config.head_dim, dtype=dtype, device=device)
                for one in lengths
            ),
        )
        if self.fixed:
            self._give(layer.init_state(1).landmarks)
        elif not self.exact:
            cuts = segments(config.window, config.landmarks)
            segment, _ = cuts.locate(torch.arange(config.window))
            rows = torch.arange(config.landmarks)[:, None] == segment
            closes = torch.tensor([place + 1 in cuts.ends for place in range(config.window)])
            self.register_buffer("segment", segment.to(device))
            self.register_buffer("closes", closes.to(device))
            self.register_buffer("weights", (rows / rows.sum(-1, keepdim=True)).to(device, dtype))

    def forward(self, token: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """The output, and the tensors of the state after it."""
        valid, slot, *held = state
        config = self.model.config
        window, count = config.window, len(held) - 2 * self.keeps
        new = self.project(token)
        here = (torch.arange(window, device=token.device) == slot[:, None])[:, None, :, None]
        rings = [torch.where(here, *pair) for pair in zip(new[-count:], held[:count], strict=True)]
        seen, following = (valid + 1).clamp(max=window), (slot + 1) % window
        tokens = Projected(*(rings if count == 3 else (new.queries, *rings)))
        queries = new.queries
        if config.retroactive:
            queries = take(tokens.queries, window_order(following, seen, window))
        landmarks: list[Tensor] = []
        if self.exact:
            context = self._means(queries, tokens, seen)
        elif self.fixed:
            means = self._means(self.given_queries, tokens, seen)
            beta = (queries @ self.given_keys.mT).softmax(-1)
            context = beta @ (self.given_inverse @ means)
        else:
            landmarks = self._landmarks(tokens, valid, slot, held[count:])
            context = self._low_rank(queries, tokens, landmarks, seen)
        output = self.model.finish(context)
        if config.retroactive:
            output = self.model.zero_unseen(output, seen)
        return (output, seen, following, *rings, *(landmarks if self.keeps else ()))

    def _means(self, queries: Tensor, tokens: Projected, seen: Tensor) -> Tensor:
        """Softmax attention over the tokens seen."""
        unseen = torch.arange(self.model.config.window, device=seen.device) >= seen[:, None]
        logits = queries @ tokens.keys.mT
        return logits.masked_fill(unseen[:, None, None], -torch.inf).softmax(-1) @ tokens.values

    def _landmarks(
        self, tokens: Projected, valid: Tensor, slot: Tensor, old: list[Tensor]
    ) -> list[Tensor]:
        """Query and key landmarks, (B, H, M, D): means of segments, or what they were before."""
        window, marks = self.model.config.window, self.model.config.landmarks
        young = (valid + 1 < window)[:, None, None]
        weights = self.weights
        if not self.keeps:  # segments of the window, whose oldest token follows the newest
            place = torch.arange(window, device=slot.device)
            weights = weights.T[(place - slot[:, None] - 1) % window].mT
        cut = segment_weights((valid + 1).clamp(max=window), marks, window, weights.dtype)
        weights = torch.where(young, cut, weights)[:, None]
        means = [pick(weights, weights > 0, part) for part in tokens[:2]]
        if not self.keeps:
            return means
        entering = torch.arange(marks, device=slot.device) == self.segment[slot][:, None]
        entering = entering & self.closes[slot][:, None] | (valid < window)[:, None]
        wide = entering[:, None, :, None]
        return [torch.where(wide, *pair) for pair in zip(means, old, strict=True)]

    def _low_rank(
        self, queries: Tensor, tokens: Projected, landmarks: list[Tensor], seen: Tensor
    ) -> Tensor:
        """Beta gamma^+ (delta V); exact attention of no more tokens than landmarks."""
        marks = self.model.config.landmarks
        unused = (torch.arange(marks, device=seen.device) >= seen[:, None])[:, None, None]
        query_landmarks, key_landmarks = landmarks
        gamma = (query_landmarks @ key_landmarks.mT).masked_fill(unused, -torch.inf).softmax(-1)
        gamma = gamma.masked_fill(unused.mT, 0)
        inverse = pseudo_inverse(gamma, self.model.config.pseudo_inverse)
        means = self._means(torch.cat([query_landmarks, queries], 2), tokens, seen)
        beta = (queries @ key_landmarks.mT).softmax(-1)
        low = beta @ (inverse @ means[:, :, :marks])
        return torch.where((seen <= marks)[:, None, None, None], means[:, :, marks:], low)
