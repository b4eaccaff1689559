"""Sessions: lanes in lockstep, commands, sources, recordings and their replay, whole clips."""

from cla.engine.clip_lanes import LaneMoment, LaneScan, lane_at, scan_lane
from cla.engine.clip_tokens import ClipTokens, Progress, read_clip, read_source, read_video_clip
from cla.engine.commands import (
    Command,
    Correct,
    FitLandmarks,
    LaneCommand,
    Pause,
    RequestMap,
    Reset,
    Resume,
    SetEmit,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    SetSensitivity,
    SetWindow,
    StepOnce,
    UseKernels,
)
from cla.engine.comparison import Comparison, changed
from cla.engine.feature_stream import FeatureStream
from cla.engine.feeder import Feeder
from cla.engine.history import History
from cla.engine.inputs import (
    Source,
    sound_stream,
    stream_of,
    video_stream,
)
from cla.engine.kernels import Kernels, KernelStatus, kernels
from cla.engine.lane import Lane, running_lane
from cla.engine.pipeline import CORRECTION_TOKENS
from cla.engine.recording.archive import pack, remove, unpack
from cla.engine.recording.layout import RecordingLimits
from cla.engine.recording.log import CommandDone
from cla.engine.recording.manifest import Manifest
from cla.engine.recording.reader import Recording
from cla.engine.recording.recorder import Recorder
from cla.engine.recording.replay import Difference, ReplayCheck, ReplayConfig, changes, replay
from cla.engine.records import (
    SOUND_STEP_S,
    FaultRecord,
    FillRecord,
    FrameRecord,
    LanePast,
    LanesRecord,
    MapRecord,
    NoticeRecord,
    Record,
    RecordingRecord,
    RunningLane,
    SoundRecord,
)
from cla.engine.session import Session
from cla.engine.sound_stream import SoundStream, as_float
from cla.engine.stream import Stream
from cla.engine.video_stream import VideoStream

__all__ = [
    "CORRECTION_TOKENS",
    "SOUND_STEP_S",
    "ClipTokens",
    "Command",
    "CommandDone",
    "Comparison",
    "Correct",
    "Difference",
    "FaultRecord",
    "FeatureStream",
    "Feeder",
    "FillRecord",
    "FitLandmarks",
    "FrameRecord",
    "History",
    "KernelStatus",
    "Kernels",
    "Lane",
    "LaneCommand",
    "LaneMoment",
    "LanePast",
    "LaneScan",
    "LanesRecord",
    "Manifest",
    "MapRecord",
    "NoticeRecord",
    "Pause",
    "Progress",
    "Record",
    "Recorder",
    "Recording",
    "RecordingLimits",
    "RecordingRecord",
    "ReplayCheck",
    "ReplayConfig",
    "RequestMap",
    "Reset",
    "Resume",
    "RunningLane",
    "Session",
    "SetEmit",
    "SetLandmarkMode",
    "SetLandmarks",
    "SetLanes",
    "SetSensitivity",
    "SetWindow",
    "SoundRecord",
    "SoundStream",
    "Source",
    "StepOnce",
    "Stream",
    "UseKernels",
    "VideoStream",
    "as_float",
    "changed",
    "changes",
    "kernels",
    "lane_at",
    "pack",
    "read_clip",
    "read_source",
    "read_video_clip",
    "remove",
    "replay",
    "running_lane",
    "scan_lane",
    "sound_stream",
    "stream_of",
    "unpack",
    "video_stream",
]
