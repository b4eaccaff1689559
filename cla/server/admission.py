"""How many sessions a process can serve, by the time that they are measured to take of it."""

import threading
import time
from collections import deque

import torch

from cla.capture import open_audio, sample_clips
from cla.engine import SetEmit, sound_stream
from cla.engine.pipeline import Pipeline
from cla.engine.stream import Arrival
from cla.features import SAMPLE_RATE_HZ, StreamResampler
from cla.models import TaskModel
from cla.server.shown_lanes import DEFAULT_LANES
from cla.server.wire import encode, message_of
from cla.telemetry import TokenRecord

MOST = 0.85
"""Of a process that is promised to sessions: Python runs one thread at a time."""
UNMEASURED = 16
"""Sessions of a process that are admitted before anything is measured."""
PERIOD = 200
"""Tokens over which the time of all that is no lane's is taken."""
SHARE = 0.2
"""Of a new measurement in what is held."""
BOUND = 4.0
"""Times what a rehearsal took: more has other reasons than sessions."""
STAYS_S, SOONEST_S, LATEST_S = 60.0, 2.0, 60.0
ROUNDING = 1e-9
LAST = 20
"""Sessions whose duration says when a place is free."""


class Weight:
    """What one session's lanes take of a processor, in seconds a token.

    Args:
        lanes_s: until it is measured.
        hop_s: between tokens.
    """

    def __init__(self, lanes_s: float, hop_s: float) -> None:
        self.lanes_s, self.hop_s = lanes_s, hop_s
        self.begin_s = time.monotonic()

    def measure(self, record: TokenRecord, hop_s: float) -> float:
        """Take in a token's lanes; returns their seconds."""
        found_s = _lanes_s(record)
        self.lanes_s += SHARE * (found_s - self.lanes_s)
        self.hop_s = hop_s
        return found_s


class Admission:
    """Admits sessions while what they take, with one more of the default lanes, is there.

    A token costs the time of its session's lanes, and that of all else (features, messages), which
    is the same for all: what the process takes beyond lanes, over its tokens.

    Args:
        task: with which sessions begin, a sound's.
    """

    def __init__(self, task: TaskModel) -> None:
        self._lock = threading.Lock()
        self._task, self._hop_s = task, task.hop_s
        each_s = MOST * task.hop_s / UNMEASURED
        self._hold(each_s / 2, each_s / 2)
        self._weights: set[Weight] = set()
        self._stays_s: deque[float] = deque([STAYS_S], LAST)
        self._tokens, self._taken_s, self._from_s = 0, 0.0, time.process_time()

    def rehearse(self) -> None:
        """Measure what a session takes before there is one, by compiled kernels."""
        self._hold(*rehearsed(self._task))

    def _hold(self, lanes_s: float, else_s: float) -> None:
        with self._lock:
            self._lanes_s, self._else_s = lanes_s, else_s
            self._most_else_s = BOUND * else_s

    def begin(self) -> Weight:
        """A session begins, and weighs what others do until it is measured, the first what a
        rehearsal in the page's lanes and window did.
        """
        weight = Weight(self._lanes_s, self._hop_s)
        with self._lock:
            self._weights.add(weight)
        return weight

    def end(self, weight: Weight) -> None:
        """A session has ended."""
        with self._lock:
            self._weights.discard(weight)
            self._stays_s.append(time.monotonic() - weight.begin_s)

    def count(self, record: TokenRecord, weight: Weight, hop_s: float) -> None:
        """Measure what a session recorded."""
        taken_s = weight.measure(record, hop_s)
        with self._lock:
            self._tokens, self._taken_s = self._tokens + 1, self._taken_s + taken_s
            if self._tokens < PERIOD:
                return
            now_s = time.process_time()
            lanes_s = self._taken_s / self._tokens
            self._lanes_s += SHARE * (lanes_s - self._lanes_s)
            found_s = (now_s - self._from_s - self._taken_s) / self._tokens
            found_s = min(max(found_s, 0.0), self._most_else_s)
            self._else_s += SHARE * (found_s - self._else_s)
            self._tokens, self._taken_s, self._from_s = 0, 0.0, now_s

    @property
    def load(self) -> float:
        """The part of what can be promised that is."""
        with self._lock:
            return sum(map(self._share, self._weights)) / MOST

    @property
    def places(self) -> int:
        """Sessions that there are and may be; one alone is never too much."""
        one_more = self._share(Weight(self._lanes_s, self._hop_s)) / MOST
        free = max(int((1 - self.load) / one_more + ROUNDING), 0)
        return max(len(self._weights) + free, 1)

    @property
    def come_again_s(self) -> float:
        """When to expect a place: sessions stay as long as the last ones did."""
        with self._lock:
            mean_s = sum(self._stays_s) / len(self._stays_s)
            return min(max(mean_s / max(len(self._weights), 1), SOONEST_S), LATEST_S)

    def _share(self, weight: Weight) -> float:
        return (weight.lanes_s + self._else_s) / weight.hop_s


@torch.inference_mode()
def rehearsed(task: TaskModel) -> tuple[float, float]:
    """Seconds a token that lanes take, and all else, on a clip in the page's lanes and window."""
    with open_audio(sample_clips()[0].path) as audio:
        resampler = StreamResampler(audio.sample_rate_hz, SAMPLE_RATE_HZ)
        heard = [part for chunk in audio for part in resampler.push(chunk.samples)]
    stream = sound_stream(task, SAMPLE_RATE_HZ)
    pipeline = Pipeline(task, DEFAULT_LANES, stream)
    pipeline.do(SetEmit(True))
    taken_s: list[tuple[float, float]] = []
    for part in heard:
        begin_s = time.thread_time()
        pipeline.take(Arrival((part * 32767).astype("<i2"), time.perf_counter(), 0))
        while pipeline.has_token:
            record = pipeline.step()
            encode(*message_of(record))
            now_s = time.thread_time()
            taken_s.append((_lanes_s(record), now_s - begin_s))
            begin_s = now_s
    # The first ones load what they need, and have short windows.
    later = taken_s[len(taken_s) // 2 :]
    lanes_s, whole_s = (sum(part) / len(later) for part in zip(*later, strict=True))
    return lanes_s, max(whole_s - lanes_s, 0.0)


def _lanes_s(record: TokenRecord) -> float:
    """Seconds of a token's lanes; those that did not answer repeat what they took before."""
    answered = (lane for lane in record.lanes if lane.answered)
    return sum(lane.compute_ms + lane.showing_ms for lane in answered) / 1e3
