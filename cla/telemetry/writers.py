"""Records on disk: one row per token and lane."""

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Self

import pyarrow as pa
import pyarrow.parquet as pq

from cla.errors import ClaError
from cla.telemetry.records import TokenRecord

Row = dict[str, str | int | float]

SCHEMA = pa.schema(
    [
        ("token", pa.int64()),
        ("time_s", pa.float64()),
        ("lane", pa.string()),
        ("label", pa.string()),
        ("probability", pa.float32()),
        ("valid_tokens", pa.int32()),
        ("compute_ms", pa.float32()),
        ("ops", pa.int64()),
        ("gap_s", pa.float32()),
        ("dropped_frames", pa.int64()),
    ]
)
ROW_GROUP = 4096


def rows(record: TokenRecord) -> list[Row]:
    """A token's rows, one for each lane."""
    return [
        {
            "token": record.token,
            "time_s": round(record.time_s, 6),
            "lane": lane.lane,
            "label": lane.label,
            "probability": round(lane.probability, 6),
            "valid_tokens": lane.valid_tokens,
            "compute_ms": round(lane.compute_ms, 4),
            "ops": lane.ops,
            "gap_s": round(record.gap_s, 6),
            "dropped_frames": record.dropped_frames,
        }
        for lane in record.lanes
    ]


class RecordWriter(ABC):
    """A file of records; what has been written is kept if a run is cut short."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def write(self, record: TokenRecord) -> None:
        """Add one token's rows."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""


class CsvWriter(RecordWriter):
    """Comma-separated values with a header."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.DictWriter(self._file, SCHEMA.names)
        self._writer.writeheader()

    def write(self, record: TokenRecord) -> None:
        self._writer.writerows(rows(record))

    def close(self) -> None:
        self._file.close()


class JsonLinesWriter(RecordWriter):
    """One JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("w", encoding="utf-8")

    def write(self, record: TokenRecord) -> None:
        for row in rows(record):
            self._file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")

    def close(self) -> None:
        self._file.close()


class ParquetWriter(RecordWriter):
    """Parquet, written in row groups so that memory stays bounded."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, SCHEMA)
        self._pending: list[Row] = []

    def write(self, record: TokenRecord) -> None:
        self._pending += rows(record)
        if len(self._pending) >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        if self._pending:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._pending, schema=SCHEMA))
        self._pending = []


WRITERS: Mapping[str, type[CsvWriter] | type[JsonLinesWriter] | type[ParquetWriter]] = (
    MappingProxyType({".parquet": ParquetWriter, ".csv": CsvWriter, ".jsonl": JsonLinesWriter})
)


def open_writer(path: str | Path) -> RecordWriter:
    """A writer for the file's extension.

    Raises:
        ClaError: another extension, or the file cannot be written.
    """
    path = Path(path)
    kind = WRITERS.get(path.suffix.lower())
    if kind is None:
        raise ClaError(
            f"Records cannot be written as {path.suffix or path.name!r}.",
            f"Name a file that ends in {', '.join(WRITERS)}.",
        )
    try:
        return kind(path)
    except OSError as error:
        raise ClaError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Choose a folder that exists and may be written to.",
        ) from error
