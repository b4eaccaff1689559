"""OpenTelemetry traces of a token's way, where that is installed and asked for."""

import time
from collections.abc import Mapping
from typing import Any

from cla.errors import ClaError
from cla.telemetry import TokenRecord

VARIABLE = "CLA_TRACES"
"""`on` in the environment; where they go is said by OpenTelemetry's own `OTEL_` variables."""


class Traces:
    """Makes a trace of each token: what waited, each lane's step, the way to the client.

    Args:
        provider: OpenTelemetry's `TracerProvider`, which samples and exports.
    """

    def __init__(self, provider: Any) -> None:
        self._tracer = provider.get_tracer("cla")
        self._provider = provider

    def token(self, record: TokenRecord, recorded_ns: int) -> None:
        """Trace a token that has just been sent.

        Args:
            recorded_ns: when it was taken from its session, by `time.time_ns`.
        """
        sent_ns, from_ns = time.time_ns(), recorded_ns - _ns(record.queue_ms)
        told = {"token": record.token, "time_s": record.time_s, "behind_s": record.behind_s}
        whole = self._tracer.start_span("token", start_time=from_ns, attributes=told)
        from opentelemetry.trace import set_span_in_context

        within = set_span_in_context(whole)
        lanes = [lane for lane in record.lanes if lane.answered]
        begin_ns = recorded_ns - sum(_ns(lane.compute_ms + lane.showing_ms) for lane in lanes)
        self._span("wait and features", within, from_ns, max(from_ns, begin_ns))
        for lane in lanes:
            end_ns = begin_ns + _ns(lane.compute_ms + lane.showing_ms)
            self._span(f"lane {lane.lane}", within, begin_ns, end_ns, lane.ops)
            begin_ns = end_ns
        self._span("send", within, recorded_ns, sent_ns)
        whole.end(sent_ns)

    def close(self) -> None:
        """Export what is left."""
        self._provider.shutdown()

    def _span(
        self, name: str, within: Any, begin_ns: int, end_ns: int, ops: int | None = None
    ) -> None:
        told = {} if ops is None else {"ops": ops}
        self._tracer.start_span(name, within, start_time=begin_ns, attributes=told).end(end_ns)


def traces_of(environment: Mapping[str, str]) -> Traces | None:
    """Traces, where the environment asks for them.

    Raises:
        ClaError: OpenTelemetry is not installed.
    """
    if environment.get(VARIABLE, "") != "on":
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ClaError("traces_not_installed") from error
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider)


def _ns(milliseconds: float) -> int:
    return int(milliseconds * 1e6)
