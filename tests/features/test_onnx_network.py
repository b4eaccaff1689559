"""The runtime of networks in ONNX files tells nobody that it runs, and complains of nothing."""

import subprocess
import sys
from os import environ

READ = """
import os, cla.features
from cla.onnx_network import onnx_network
from cla.resources import verified_asset
network = onnx_network(verified_asset("features/melspectrogram.onnx"))
print(network.get_providers(), os.environ["ORT_DISABLE_TELEMETRY"])
"""


def test_the_runtime_is_silent_where_there_is_no_home(tmp_path) -> None:
    told = {name: word for name, word in environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    nowhere = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"}
    ran = subprocess.run(
        [sys.executable, "-c", READ],
        env=told | nowhere | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "['CPUExecutionProvider'] 1\n"
    assert ran.stderr == ""
