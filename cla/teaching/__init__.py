"""Teach a task classes of your own: some seconds of each, and half a minute later it runs."""

from cla.teaching.correcting import corrected
from cla.teaching.material import (
    GOOD_CLASS_S,
    MAX_CLASS_S,
    MAX_NAME,
    MOST_CLASSES,
    NOTHING,
    Material,
    TaughtClass,
    TaughtClip,
    check_names,
    read_taught_clip,
)
from cla.teaching.scores import LaneScore, scores_of
from cla.teaching.teach import Taught, missing_s, teach

__all__ = [
    "GOOD_CLASS_S",
    "MAX_CLASS_S",
    "MAX_NAME",
    "MOST_CLASSES",
    "NOTHING",
    "LaneScore",
    "Material",
    "Taught",
    "TaughtClass",
    "TaughtClip",
    "check_names",
    "corrected",
    "missing_s",
    "read_taught_clip",
    "scores_of",
    "teach",
]
