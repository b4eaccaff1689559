"""Windows whose landmarks lag behind the newest token, as those of a stream do between ticks."""

from torch import Tensor

from cla.attention.landmarks import window_landmarks
from cla.attention.low_rank import low_rank
from cla.models import StreamClassifier


def lagging_logits(lane: StreamClassifier, features: Tensor, start: Tensor, lag: int) -> Tensor:
    """Logits of the newest token, under continual landmarks that were complete `lag` tokens ago.

    A step between ticks gives the same when M divides N; of a lane with one layer.

    Shapes:
        features: (B, N + lag, F)
        start: (B,) int64, phase of the first token
        returns: (B, C)
    """
    window = lane.config.window
    (layer,) = lane.encoder
    attention = layer.attention
    tokens = lane.embed(features, start)
    projected = attention.project(tokens, attention.kind.state_dtype(tokens.dtype))
    landmarks = window_landmarks(projected.span(0, window), attention.config)
    attended = projected.span(lag)
    context = low_rank(attended.queries[..., -1:, :], attended, landmarks)
    logits: Tensor = lane.head(layer.complete(tokens[:, -1], attention.finish(context)))
    return logits
