"""What the server tells a monitor: sessions, latency, drops; nothing of any one visitor."""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from cla.engine import FaultRecord, Record
from cla.models import parse_lane
from cla.server.listening import COUNTS_VARIABLE
from cla.server.origin import through_proxy
from cla.telemetry import TokenRecord

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0)


@lru_cache(256)
def _kind_of(lane: str) -> str:
    """The kind alone: a visitor's own settings would make series without end."""
    return parse_lane(lane).kind


class Metrics:
    """Counts of one server, in the text format of Prometheus."""

    def __init__(self) -> None:
        registry = self._told = CollectorRegistry()
        self._processes: dict[str, Gauge] = {}
        self._numbers: dict[Gauge, Callable[[], float]] = {}
        if COUNTS_VARIABLE in os.environ:
            MultiProcessCollector(self._told)
            registry = CollectorRegistry()  # which writes what the other one reads, of all workers
            for family in ProcessCollector(registry=None).collect():
                for sample in family.samples:
                    self._processes[sample.name] = Gauge(
                        sample.name, family.documentation, registry=registry,
                        multiprocess_mode="liveall",
                    )  # fmt: skip
        else:
            ProcessCollector(registry=registry)  # memory, processor time, files

        def gauge(name: str, text: str, mode: Literal["livesum", "livemin"] = "livesum") -> Gauge:
            return Gauge(name, text, registry=registry, multiprocess_mode=mode)

        self._limit = gauge("cla_sessions_limit", "Places for live sessions")
        self._warm = gauge(
            "cla_warm", "1 once lanes step by compiled kernels, else by PyTorch", "livemin"
        )
        self._sessions = gauge("cla_sessions", "Live sessions that are open")
        self._waiting = gauge("cla_sessions_waiting", "Of these, such as wait for their page")
        self.refused = Counter(
            "cla_refused", "Connections that were refused or ended", ["reason"], registry=registry
        )
        self._faults = Counter("cla_faults", "Faults told to pages", registry=registry)
        self._tokens = Counter("cla_tokens", "Tokens that all lanes took", registry=registry)
        self._gap_s = Counter(
            "cla_gap_seconds", "Media time that was left out or lost", registry=registry
        )
        self._dropped = Counter("cla_dropped_frames", "Pictures left out", registry=registry)
        self._queue_s = Histogram(
            "cla_queue_seconds",
            "From the arrival of a token's last packet to its record",
            buckets=_SECONDS,
            registry=registry,
        )
        self._compute_s = Histogram(
            "cla_compute_seconds", "Of a lane's step", ["lane"], buckets=_SECONDS, registry=registry
        )

    def watch(
        self,
        *,
        limit: Callable[[], float],
        sessions: Callable[[], float],
        waiting: Callable[[], float],
        warm: Callable[[], float],
    ) -> None:
        """Ask for these numbers whenever they are to be told."""
        self._numbers = {
            self._limit: limit,
            self._sessions: sessions,
            self._waiting: waiting,
            self._warm: warm,
        }

    def refresh(self) -> None:
        """Look at what is not counted but measured; workers do so at times, for each other."""
        for gauge, number in self._numbers.items():
            gauge.set(number())
        if self._processes:
            for family in ProcessCollector(registry=None).collect():
                for sample in family.samples:
                    self._processes[sample.name].set(sample.value)

    def count(self, record: Record) -> None:
        """Count what a session recorded."""
        if isinstance(record, FaultRecord):
            self._faults.inc()
        elif isinstance(record, TokenRecord):
            self._tokens.inc()
            if record.gap_s:
                self._gap_s.inc(record.gap_s)
            if record.dropped_frames:
                self._dropped.inc(record.dropped_frames)
            self._queue_s.observe(record.queue_ms / 1e3)
            for lane in record.lanes:
                if lane.answered:
                    self._compute_s.labels(_kind_of(lane.lane)).observe(lane.compute_ms / 1e3)

    def text(self) -> bytes:
        """All counts, as a monitor reads them."""
        self.refresh()
        return generate_latest(self._told)

    async def endpoint(self, request: Request) -> Response:
        """Answer a monitor that asks this server itself; what comes through a proxy is public."""
        if through_proxy(request):
            return PlainTextResponse("Not Found", 404)
        return Response(self.text(), media_type=CONTENT_TYPE_LATEST)
