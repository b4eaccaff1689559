"""A trained task as a file, with all that its user has to know."""

from dataclasses import asdict
from pathlib import Path
from typing import Literal

from cla.attention import AttentionLayer
from cla.errors import ClaError
from cla.export.files import write_onnx, write_program
from cla.models import StreamClassifier, TaskModel

ExportFormat = Literal["onnx", "torch"]
SUFFIXES: dict[str, ExportFormat] = {".onnx": "onnx", ".pt2": "torch"}


def format_of(path: Path) -> ExportFormat:
    """The format that a file's ending names.

    Raises:
        ClaError: it names none.
    """
    found = SUFFIXES.get(path.suffix)
    if found is None:
        raise ClaError("export_ending_unknown", file=path.name, choices=", ".join(SUFFIXES))
    return found


def export_task(
    task: TaskModel,
    classifier: StreamClassifier,
    path: Path,
    form: ExportFormat,
    streams: int = 1,
) -> list[Path]:
    """Write the task's classifier, as made by `task.with_attention`; returns the files written.

    Raises:
        ClaError: see `write_onnx` and `write_program`.
    """
    layers = [module for module in classifier.modules() if isinstance(module, AttentionLayer)]
    metadata = {
        "task": task.name,
        "output": "logits",
        "labels": list(task.labels),
        "hop_s": task.hop_s,
        "attention": [asdict(layer.config) for layer in layers],
    }
    if form == "torch":
        write_program(classifier, path, streams=streams, metadata=metadata)
        return [path]
    return [path, write_onnx(classifier, path, streams=streams, metadata=metadata)]
