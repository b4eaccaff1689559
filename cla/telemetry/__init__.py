"""Records of what each lane did, their statistics, and their files."""

from cla.telemetry.records import LaneRecord, TokenRecord
from cla.telemetry.statistics import RunningStatistics, device_name
from cla.telemetry.writers import STANDARD_OUTPUT, open_writer

__all__ = [
    "STANDARD_OUTPUT",
    "LaneRecord",
    "RunningStatistics",
    "TokenRecord",
    "device_name",
    "open_writer",
]
