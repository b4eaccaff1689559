"""Records as rows of an Arrow stream: one for each token and lane."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from cla.attention import KINDS
from cla.engine.recording.layout import RECORDS
from cla.errors import ClaError
from cla.telemetry import TokenRecord

Row = dict[str, Any]

SCHEMA = pa.schema(
    [
        ("step", pa.int64()),  # tokens since the beginning of the recording
        ("token", pa.int64()),  # tokens since the last reset
        ("time_s", pa.float64()),
        ("gap_s", pa.float64()),
        ("dropped_frames", pa.int64()),
        ("lane", pa.string()),
        ("label", pa.string()),
        ("probabilities", pa.list_(pa.float32())),
        ("valid_tokens", pa.int32()),
        ("ops", pa.int64()),
        ("total_ops", pa.int64()),
        ("rebuilds", pa.int64()),
        ("event", pa.string()),
        ("event_probability", pa.float64()),
        ("compute_ms", pa.float64()),
        ("queue_ms", pa.float64()),
        ("behind_s", pa.float64()),
    ]
)
MEASURED = frozenset({"compute_ms", "queue_ms", "behind_s"})
"""Times that were measured: no two runs have the same."""


def rows_of(record: TokenRecord, step: int) -> list[Row]:
    """A token's rows, one for each lane that has an answer, to this token or to one before."""
    return [
        {
            "step": step - lane.age,
            "token": record.token - lane.age,
            "time_s": record.time_s,
            "gap_s": record.gap_s,
            "dropped_frames": record.dropped_frames,
            "lane": lane.lane,
            "label": lane.label,
            "probabilities": lane.probabilities,
            "valid_tokens": lane.valid_tokens,
            "ops": lane.ops,
            "total_ops": lane.total_ops,
            "rebuilds": lane.rebuilds,
            "event": lane.event.label if lane.event else None,
            "event_probability": lane.event.probability if lane.event else None,
            "compute_ms": lane.compute_ms,
            "queue_ms": record.queue_ms,
            "behind_s": record.behind_s,
        }
        for lane in record.lanes
        if lane.answered
    ]


def load_encoder() -> None:
    """Load now what the first rows would load, which takes a second: pyarrow looks for pandas."""
    pa.RecordBatch.from_pylist([], schema=SCHEMA)


class RowEncoder:
    """Rows as the next bytes of an Arrow stream, whole batches at a time."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        self._writer = pa.ipc.new_stream(self._bytes, SCHEMA)

    def encode(self, rows: list[Row]) -> bytes:
        """The bytes that rows add to the stream."""
        if rows:
            self._writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))
        return self._taken()

    def end(self) -> bytes:
        """The bytes that end the stream; one without them is read as well."""
        self._writer.close()
        return self._taken()

    def _taken(self) -> bytes:
        taken = self._bytes.getvalue()
        self._bytes.seek(0)
        self._bytes.truncate()
        return taken


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file up to where it was cut off.

    Raises:
        ClaError: it holds something else.
    """
    with pa.memory_map(str(path)) as file:
        if not file.size():
            return
        try:
            # A file cut off within its schema has no rows.
            messages = pa.ipc.MessageReader.open_stream(file)
            if pa.ipc.read_schema(messages.read_next_message()) != SCHEMA:
                raise _foreign()
        except (pa.ArrowException, EOFError, StopIteration, OSError):
            return
        while True:
            try:
                message = messages.read_next_message()
            except (pa.ArrowException, EOFError, StopIteration, OSError):
                return
            yield from _rows(message)


def _rows(message: Any) -> list[Row]:
    try:
        if message.type != "record batch" or _is_compressed(bytes(message.metadata)):
            raise _foreign()
        batch = pa.ipc.read_record_batch(message, SCHEMA)
        batch.validate(full=True)
        rows: list[Row] = batch.to_pylist()
        for row in rows:
            row["lane"] = _named_now(row["lane"])
    except (pa.ArrowException, OSError, OverflowError, struct.error, IndexError) as error:
        raise _foreign() from error
    return rows


def _named_now(lane: str | None) -> str | None:
    """A lane's name, also where format 2 or 3 wrote it: `full:60:L1` was `full@60*1`."""
    kind, *rest = (lane or "").split(":")
    modes = KINDS[kind].landmark_modes if kind in KINDS else ()
    if not rest or kind not in KINDS or (modes and len(rest) == 1):
        return lane
    layers = "*" + rest.pop()[1:] if rest[-1].startswith("L") else ""
    marks = ":" + rest.pop(0) if modes and rest else ""
    mode = rest.pop(0) if modes and rest else ""
    window = "@" + rest.pop(0) if rest else ""
    return kind + (f"/{mode}" if mode and len(modes) > 1 else "") + marks + window + layers


def _is_compressed(metadata: bytes) -> bool:
    """Whether a batch's buffers are compressed: a small file must not become a large memory.

    Source: Message.fbs and RecordBatch of Arrow's format; tables as in FlatBuffers' internals.
    """
    message = struct.unpack_from("<I", metadata)[0]
    header = _field(metadata, message, 2)
    if header is None:
        raise _foreign()
    batch = header + struct.unpack_from("<I", metadata, header)[0]
    return _field(metadata, batch, 3) is not None


def _field(metadata: bytes, table: int, index: int) -> int | None:
    """Where a table's field lies; None where it has none."""
    fields = table - struct.unpack_from("<i", metadata, table)[0]
    if fields < 0 or struct.unpack_from("<H", metadata, fields)[0] <= 4 + 2 * index:
        return None
    offset = struct.unpack_from("<H", metadata, fields + 4 + 2 * index)[0]
    return table + offset if offset else None


def _foreign() -> ClaError:
    return ClaError("session_records_foreign", file=RECORDS)
