"""Records on disk: one row per token and lane."""

import csv
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Self

import pyarrow as pa
import pyarrow.parquet as pq

from cla.errors import ClaError
from cla.files import NewFile, not_written
from cla.telemetry.records import TokenRecord

Row = dict[str, str | int | float | None]

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
    """A token's rows, one for each lane that has an answer, to this token or to one before."""
    return [
        {
            "token": record.token - lane.age,
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
        if lane.answered
    ]


class RecordWriter(ABC):
    """A file of records, which is there once it is closed; a run that is cut short closes it too.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new: NewFile | None = NewFile(path)
        self._begin(self._new.file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, record: TokenRecord) -> None:
        """Add one token's rows.

        Raises:
            ClaError: they cannot be written; the file that was there before stays.
        """
        try:
            self._add(rows(record))
        except OSError as error:
            self._drop()
            raise not_written(self._path, error) from error

    def close(self) -> None:
        """Finish the file; may be called again.

        Raises:
            ClaError: it cannot be written; the file that was there before stays.
        """
        if self._new is None:
            return
        try:
            self._end()
            self._new.keep()
            self._new = None
        except OSError as error:
            self._drop()
            raise not_written(self._path, error) from error

    def _drop(self) -> None:
        if self._new:
            self._new.drop()
        self._new = None

    @abstractmethod
    def _begin(self, file: BinaryIO) -> None:
        """Write what comes before the first row."""

    @abstractmethod
    def _add(self, some: list[Row]) -> None:
        """Write rows."""

    @abstractmethod
    def _end(self) -> None:
        """Write what comes after the last row."""


class CsvWriter(RecordWriter):
    """Comma-separated values with a header."""

    def _begin(self, file: BinaryIO) -> None:
        self._text = TextIOWrapper(file, "utf-8", newline="", write_through=True)
        self._writer = csv.DictWriter(self._text, SCHEMA.names)
        self._writer.writeheader()

    def _add(self, some: list[Row]) -> None:
        self._writer.writerows(some)

    def _end(self) -> None:
        self._text.flush()


class JsonLinesWriter(RecordWriter):
    """One JSON object a line."""

    def _begin(self, file: BinaryIO) -> None:
        self._file = file

    def _add(self, some: list[Row]) -> None:
        for row in some:
            line = json.dumps(row, ensure_ascii=False, allow_nan=False)
            self._file.write(f"{line}\n".encode())

    def _end(self) -> None:
        pass


class ParquetWriter(RecordWriter):
    """Parquet, written in row groups so that memory stays bounded."""

    def _begin(self, file: BinaryIO) -> None:
        self._writer = pq.ParquetWriter(file, SCHEMA)
        self._pending: list[Row] = []

    def _add(self, some: list[Row]) -> None:
        self._pending += some
        if len(self._pending) >= ROW_GROUP:
            self._flush()

    def _end(self) -> None:
        if self._pending:
            self._flush()
        self._writer.close()

    def _drop(self) -> None:
        with suppress(OSError):  # it would end the file when it is collected, and complain
            self._writer.close()
        super()._drop()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._pending, schema=SCHEMA))
        self._pending = []


class StandardOutput(JsonLinesWriter):
    """One JSON object a line on standard output, as they come.

    Raises:
        OSError: nobody reads it, or it cannot be written.
    """

    def __init__(self) -> None:
        self._begin(sys.stdout.buffer)

    def write(self, record: TokenRecord) -> None:
        """Write one token's rows."""
        self._add(rows(record))
        self._file.flush()

    def close(self) -> None:
        """Leave standard output open."""


STANDARD_OUTPUT = "-"
WRITERS: Mapping[str, type[CsvWriter] | type[JsonLinesWriter] | type[ParquetWriter]] = (
    MappingProxyType({".parquet": ParquetWriter, ".csv": CsvWriter, ".jsonl": JsonLinesWriter})
)


def open_writer(path: str | Path) -> RecordWriter:
    """A writer for the file's extension; `-` is standard output.

    Raises:
        ClaError: another extension, or the file cannot be written.
    """
    if path == STANDARD_OUTPUT:
        return StandardOutput()
    path = Path(path)
    kind = WRITERS.get(path.suffix.lower())
    if kind is None:
        raise ClaError(
            "records_format_unknown", ending=path.suffix or path.name, choices=", ".join(WRITERS)
        )
    try:
        return kind(path)
    except OSError as error:
        raise not_written(path, error) from error
