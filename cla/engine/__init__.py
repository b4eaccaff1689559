"""Sessions: lanes stepping in lockstep, commands, a worker thread, clip playback."""

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
    "Command",
    "Comparison",
    "FaultRecord",
    "Lane",
    "LaneConfig",
    "MapRecord",
    "Pause",
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
]
