"""Stream classifiers, their trained tasks, and events."""

from cla.models.checkpoint import load_task, read_task, tasks, write_task
from cla.models.classifier import ClassifierConfig, ClassifierState, Positions, StreamClassifier
from cla.models.events import EventConfig, EventDetector, Span, belongs, match_events
from cla.models.graphed_step import GraphedStep
from cla.models.known import Known, KnownClass, ScoredClass
from cla.models.lane_spec import (
    LONGEST_WINDOW,
    LaneSpec,
    lane_names,
    lane_title,
    parse_lane,
)
from cla.models.stack import StackMode
from cla.models.stream_encoder import StreamEncoder
from cla.models.task import FixedLandmarks, TaskModel, lane_device, use_landmarks
from cla.models.task_file import open_task, read_task_file, write_task_file
from cla.models.torch_modules import from_torch, to_torch

__all__ = [
    "LONGEST_WINDOW",
    "ClassifierConfig",
    "ClassifierState",
    "EventConfig",
    "EventDetector",
    "FixedLandmarks",
    "GraphedStep",
    "Known",
    "KnownClass",
    "LaneSpec",
    "Positions",
    "ScoredClass",
    "Span",
    "StackMode",
    "StreamClassifier",
    "StreamEncoder",
    "TaskModel",
    "belongs",
    "from_torch",
    "lane_device",
    "lane_names",
    "lane_title",
    "load_task",
    "match_events",
    "open_task",
    "parse_lane",
    "read_task",
    "read_task_file",
    "tasks",
    "to_torch",
    "use_landmarks",
    "write_task",
    "write_task_file",
]
