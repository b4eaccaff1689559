"""Sessions: lanes in lockstep, commands, a worker thread, sources that feed it, whole clips."""

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
    SetLanes,
    SetWindow,
    StepOnce,
)
from cla.engine.comparison import Comparison, lane_names
from cla.engine.feeder import Feeder
from cla.engine.inputs import (
    FileLimits,
    FileSource,
    Source,
    open_file,
    sound_stream,
    stream_of,
    video_stream,
)
from cla.engine.lane import Lane, LaneConfig
from cla.engine.records import FaultRecord, FrameRecord, MapRecord, Record
from cla.engine.session import Session
from cla.engine.sound_stream import SoundStream
from cla.engine.stream import Stream
from cla.engine.video_stream import VideoStream

__all__ = [
    "ClipTokens",
    "Command",
    "Comparison",
    "FaultRecord",
    "Feeder",
    "FileLimits",
    "FileSource",
    "FrameRecord",
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
    "SetLanes",
    "SetWindow",
    "SoundStream",
    "Source",
    "StepOnce",
    "Stream",
    "VideoStream",
    "lane_at",
    "lane_names",
    "open_file",
    "read_clip",
    "scan_lane",
    "sound_stream",
    "stream_of",
    "video_stream",
]
