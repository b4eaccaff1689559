"""Networks in ONNX files, run on one thread, with the runtime's telemetry switched off."""

import os
from pathlib import Path

# ONNX Runtime reports its use to its maker, from its import on, unless this says no. It also
# complains on standard error where there is no home folder for its number of this machine.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime


def onnx_network(model: bytes | Path) -> onnxruntime.InferenceSession:
    """A network, by its content or its file, on one thread: many streams share the machine."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
