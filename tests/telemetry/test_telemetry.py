"""Statistics and files of records."""

import contextlib
import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from cla.errors import ClaError
from cla.telemetry import LaneRecord, RunningStatistics, TokenRecord, open_writer
from cla.telemetry import writers as writers_module


def make_record(token):
    lane = LaneRecord("full", "one", 0.75, np.zeros(3, np.float32), 12, 0.5, 100, 100 * token)
    return TokenRecord(token, 0.08 * (token + 1), (lane, lane))


def test_statistics_leave_the_warm_up_out_and_stay_bounded():
    statistics = RunningStatistics(capacity=100, warm_up=2)
    assert statistics.median() is None
    for value in (999.0, 999.0, *range(1, 101)):
        statistics.add(value)
    assert statistics.median() == pytest.approx(50.5)
    assert statistics.p95() == pytest.approx(95.05)
    for _ in range(1000):
        statistics.add(7)
    assert (statistics.median(), statistics.p95()) == (7, 7)


def read(path):
    match path.suffix:
        case ".parquet":
            return pq.read_table(path).to_pylist()
        case ".csv":
            return list(csv.DictReader(path.open()))
        case _:
            return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("extension", [".parquet", ".csv", ".jsonl"])
def test_rows_come_back(tmp_path, extension, monkeypatch):
    monkeypatch.setattr(writers_module, "ROW_GROUP", 6)
    path = tmp_path / f"records{extension}"
    with open_writer(path) as writer:
        for token in range(10):
            writer.write(make_record(token))
    rows = read(path)
    assert len(rows) == 20
    assert list(rows[0]) == [
        "token", "time_s", "lane", "label", "probability", "valid_tokens", "compute_ms", "ops",
            "gap_s", "dropped_frames",
    ]  # fmt: skip
    assert float(rows[-1]["time_s"]) == pytest.approx(0.8)
    assert rows[3]["label"] == "one"


@pytest.mark.parametrize("extension", [".parquet", ".csv", ".jsonl"])
def test_an_interrupted_run_keeps_its_rows(tmp_path, extension):
    path = tmp_path / f"records{extension}"
    with contextlib.suppress(KeyboardInterrupt), open_writer(path) as writer:
        writer.write(make_record(0))
        raise KeyboardInterrupt
    assert len(read(path)) == 2


def test_wrong_files_are_refused(tmp_path):
    with pytest.raises(ClaError, match=r"\.xlsx"):
        open_writer(tmp_path / "records.xlsx")
    with pytest.raises(ClaError, match="cannot be written"):
        open_writer(tmp_path / "missing" / "records.csv")
