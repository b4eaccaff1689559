"""Sessions: lanes stepping in lockstep, commands, a worker thread, clip playback and analysis."""

from cla.engine.clip_lanes import LaneMoment, LaneScan, lane_at, scan_lane
from cla.engine.clip_tokens import ClipTokens, Progress, read_clip
from cla.engine.commands import (
    Command,
    Pause,
    RequestMap,
    Reset,
    Resume,
    SetEmit,
    SetLandmarkMode,
    SetLandmarks,
    SetWindow,
    StepOnce,
)
from cla.engine.comparison import Comparison
from cla.engine.feeder import ClipFeeder
from cla.engine.lane import Lane, LaneConfig
from cla.engine.session import FaultRecord, MapRecord, Record, Session

__all__ = [
    "ClipFeeder",
    "ClipTokens",
    "Command",
    "Comparison",
    "FaultRecord",
    "Lane",
    "LaneConfig",
    "LaneMoment",
    "LaneScan",
    "MapRecord",
    "Pause",
    "Progress",
    "Record",
    "RequestMap",
    "Reset",
    "Resume",
    "Session",
    "SetEmit",
    "SetLandmarkMode",
    "SetLandmarks",
    "SetWindow",
    "StepOnce",
    "lane_at",
    "read_clip",
    "scan_lane",
]
