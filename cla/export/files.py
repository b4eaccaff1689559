"""A step, or a trained task, as a file with all that its user has to know."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch.export import ExportedProgram

from cla.attention import AttentionLayer
from cla.errors import ClaError
from cla.export.flat_step import CascadeStep, FlatStep, is_cascade, step_of
from cla.export.sums_step import SumsStep
from cla.export.window_step import WindowStep, is_windowed
from cla.files import replacing, write_file
from cla.models import StreamClassifier, TaskModel

STATE_SUFFIX = ".state.npz"
NEXT = "next."
"""What the name of a state tensor begins with where it comes out."""


Pure = FlatStep | WindowStep | SumsStep | CascadeStep
"""Steps as pure functions of tensors."""
ExportFormat = Literal["onnx", "torch"]
SUFFIXES: dict[str, ExportFormat] = {".onnx": "onnx", ".pt2": "torch"}


def write_onnx(
    model: AttentionLayer | StreamClassifier,
    path: Path,
    *,
    streams: int = 1,
    metadata: Mapping[str, Any] | None = None,
) -> Path:
    """Write one step as ONNX, and beside it the state of streams that have seen nothing.

    Inputs are `token` and the state's tensors by their names, outputs are `output` and the same
    names after `NEXT`. The metadata is in the model's properties, each value as JSON.

    Returns:
        The path of the initial state, an archive of NumPy arrays in the order of the inputs.

    Raises:
        ClaError: the packages of the extra `export` are missing, or a step of the model takes
            singular values.
    """
    _require_folder(path)
    if find_spec("onnx") is None or find_spec("onnxscript") is None:
        raise ClaError("onnx_missing")
    if any(layer.config.decomposes for layer in _layers(model)):
        raise ClaError("onnx_needs_other_inverse")
    import onnx

    step = _pure(model, streams)
    exported = torch.onnx.export(
        _program(step),
        dynamo=True,
        verbose=False,
        input_names=["token", *step.names],
        output_names=["output", *(NEXT + name for name in step.names)],
    )
    assert exported is not None  # only the older exporter returns nothing
    proto = exported.model_proto
    described = {**_describe(step), **(metadata or {})}
    onnx.helper.set_model_props(
        proto, {name: json.dumps(value, ensure_ascii=False) for name, value in described.items()}
    )
    state_path = path.with_suffix(STATE_SUFFIX)
    arrays: dict[str, Any] = {
        name: tensor.numpy() for name, tensor in zip(step.names, step.initial, strict=True)
    }
    with replacing(path) as file, replacing(state_path) as state_file:
        file.write(proto.SerializeToString())
        np.savez(state_file, **arrays)
    return state_path


def write_program(
    model: AttentionLayer | StreamClassifier,
    path: Path,
    *,
    streams: int = 1,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write one step as a program for `torch.export.load`.

    Its example inputs are a token of zeros and the state of streams that have seen nothing; the
    metadata is in its extra file `metadata.json`.
    """
    _require_folder(path)
    step = _pure(model, streams)
    described = {**_describe(step), **(metadata or {})}
    content = io.BytesIO()
    torch.export.save(
        _program(step),
        content,
        extra_files={"metadata.json": json.dumps(described, ensure_ascii=False)},
    )
    write_file(path, content.getvalue())


def _pure(model: AttentionLayer | StreamClassifier, streams: int) -> Pure:
    """That of the fewest operators."""
    if isinstance(model, AttentionLayer) and is_windowed(model):
        return step_of(model, streams)
    if isinstance(model, StreamClassifier) and is_cascade(model):
        return CascadeStep(model, streams)
    return FlatStep(model, streams)


def _program(step: Pure) -> ExportedProgram:
    with torch.no_grad():
        return torch.export.export(step.eval(), (step.token, *step.initial))


def _describe(step: Pure) -> dict[str, Any]:
    """What a user of the file has to know."""
    return {
        "token": list(step.token.shape),
        "state": [
            {"name": name, "shape": list(tensor.shape), "type": str(tensor.dtype).split(".")[-1]}
            for name, tensor in zip(step.names, step.initial, strict=True)
        ],
    }


def _layers(model: torch.nn.Module) -> list[AttentionLayer]:
    return [module for module in model.modules() if isinstance(module, AttentionLayer)]


def _require_folder(path: Path) -> None:
    if not path.parent.is_dir() or path.is_dir():
        raise ClaError("export_not_written", path=path)


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
