"""Records on disk: one row per token and lane."""

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Protocol, Self

import pyarrow as pa
from pyarrow import csv, parquet

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


class _Form(Protocol):
    def write(self, some: list[Row]) -> None: ...

    def close(self) -> None:
        """Write what comes after the last row."""


class _Table:
    """Rows by a writer of Arrow's, some at a time, so that memory stays bounded."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self._pending: list[Row] = []

    def write(self, some: list[Row]) -> None:
        self._pending += some
        if len(self._pending) >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        try:
            self._flush()
        finally:
            self._writer.close()

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        if pending:
            self._writer.write_table(pa.Table.from_pylist(pending, schema=SCHEMA))


class _JsonLines:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, some: list[Row]) -> None:
        for row in some:
            line = json.dumps(row, ensure_ascii=False, allow_nan=False)
            self._file.write(f"{line}\n".encode())

    def close(self) -> None:
        pass


FORMS: Mapping[str, Callable[[BinaryIO], _Form]] = MappingProxyType(
    {
        ".parquet": lambda file: _Table(parquet.ParquetWriter(file, SCHEMA)),
        ".csv": lambda file: _Table(csv.CSVWriter(file, SCHEMA)),
        ".jsonl": _JsonLines,
    }
)
"""By the endings of files."""


class RecordWriter:
    """A file of records, which is there once it is closed; a run that is cut short closes it too.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, form: Callable[[BinaryIO], _Form]) -> None:
        self._path = path
        self._new: NewFile | None = NewFile(path)
        self._form = form(self._new.file)

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
            self._form.write(rows(record))
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
            self._form.close()
            self._new.keep()
            self._new = None
        except OSError as error:
            self._drop()
            raise not_written(self._path, error) from error

    def _drop(self) -> None:
        with suppress(OSError):  # Arrow would end the file later, and complain
            self._form.close()
        if self._new:
            self._new.drop()
        self._new = None


class StandardOutput(RecordWriter):
    """One JSON object a line on standard output, as they come.

    Raises:
        OSError: nobody reads it, or it cannot be written.
    """

    def __init__(self) -> None:
        self._form = _JsonLines(sys.stdout.buffer)

    def write(self, record: TokenRecord) -> None:
        """Write one token's rows."""
        self._form.write(rows(record))
        sys.stdout.buffer.flush()

    def close(self) -> None:
        """Leave standard output open."""


STANDARD_OUTPUT = "-"


def open_writer(path: str | Path) -> RecordWriter:
    """A writer for the file's extension; `-` is standard output.

    Raises:
        ClaError: another extension, or the file cannot be written.
    """
    if path == STANDARD_OUTPUT:
        return StandardOutput()
    path = Path(path)
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise ClaError(
            "records_format_unknown", ending=path.suffix or path.name, choices=", ".join(FORMS)
        )
    try:
        return RecordWriter(path, form)
    except OSError as error:
        raise not_written(path, error) from error
