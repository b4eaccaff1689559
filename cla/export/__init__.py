"""Layers and classifiers as programs that run without this library."""

from cla.export.files import (
    NEXT,
    STATE_SUFFIX,
    ExportFormat,
    export_task,
    format_of,
    write_onnx,
    write_program,
)
from cla.export.flat_step import FlatStep

__all__ = [
    "NEXT",
    "STATE_SUFFIX",
    "ExportFormat",
    "FlatStep",
    "export_task",
    "format_of",
    "write_onnx",
    "write_program",
]
