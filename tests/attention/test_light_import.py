"""The layers alone import nothing of the app, and kernels only where a step takes them.

Nor does torchaudio come before it is used, with the engine and the command line either.
"""

import subprocess
import sys

LIGHT = """
import sys
import cla.attention
heavy = {"av", "cv2", "llvmlite", "numba", "onnxruntime", "pandas", "plotly", "pyarrow", "scipy",
         "sklearn", "sounddevice", "streamlit", "torchaudio"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
import cla.cli.main, cla.cli.run, cla.engine, cla.features
assert "torchaudio" not in sys.modules
"""


def test_attention_imports_neither_app_nor_kernels():
    subprocess.run([sys.executable, "-c", LIGHT], check=True, timeout=120)
