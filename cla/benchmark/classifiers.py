"""Whole one-layer classifiers: a scan against steps, many streams in one state against one."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from cla.attention import LOW_RANK, stack_states
from cla.benchmark.sizes import EMBED_DIM, HEAD_DIM, HEADS, LANDMARKS, WINDOW
from cla.benchmark.timing import Effort, median_time
from cla.models import ClassifierConfig, StreamClassifier

STREAMS = 256
CLASSES = 10


@dataclass(frozen=True)
class ClassifierTimes:
    """Tokens a second of a whole classifier with fixed landmarks.

    Args:
        tokens: length of the stream that is scanned and stepped through.
        stepped: one stream, token by token.
        scanned: one stream, by `scan`.
        batched: `STREAMS` streams in one state, all together.
    """

    tokens: int
    stepped: float
    scanned: float
    batched: float


def make_classifier() -> StreamClassifier:
    """The published one-layer model's sizes, with random weights and landmarks."""
    config = ClassifierConfig(EMBED_DIM, CLASSES, EMBED_DIM, HEADS, EMBED_DIM, WINDOW)
    classifier = StreamClassifier(config).with_attention(LOW_RANK, LANDMARKS, "fixed")
    shape = (HEADS, LANDMARKS, HEAD_DIM)
    for attention in classifier.attentions:
        attention.set_landmarks(torch.randn(shape), torch.randn(shape))
    return classifier.eval().requires_grad_(False)


def measure_classifier(
    tokens: int, effort: Effort, *, budget_s: float, tick: Callable[[], None]
) -> ClassifierTimes:
    """Time a stream of `tokens` three ways, in turn; fewer rounds where time is short."""
    classifier = make_classifier()
    batched_steps = max(1, tokens // STREAMS)
    times = median_time(
        [
            _steps(classifier, 1, tokens),
            _scan(classifier, tokens),
            _steps(classifier, STREAMS, batched_steps),
        ],
        max(1, effort.rounds // 3),
        budget_s=budget_s,
        tick=tick,
    )
    return ClassifierTimes(
        tokens, tokens / times[0], tokens / times[1], STREAMS * batched_steps / times[2]
    )


def _steps(classifier: StreamClassifier, streams: int, tokens: int) -> Callable[[], object]:
    stream = torch.randn(1, tokens, EMBED_DIM).expand(streams, -1, -1)
    alone = classifier.state_from_window(stream[:1, :1].expand(-1, WINDOW, -1))
    state = stack_states([alone] * streams)

    def run() -> None:
        for token in stream.unbind(1):
            classifier.step(token, state)

    return run


def _scan(classifier: StreamClassifier, tokens: int) -> Callable[[], object]:
    stream = torch.randn(1, tokens, EMBED_DIM)
    return lambda: classifier.scan(stream, classifier.init_state(1))
