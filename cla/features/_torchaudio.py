"""The one import of torchaudio.

On Linux the native extension of torchaudio links the CUDA runtime, so the import fails beside a
CPU-only torch. Resampling needs no extension: in that case the import is repeated with a stand-in
that says there is none.
"""

import sys
from types import ModuleType


def _without_extension() -> ModuleType:
    module = ModuleType("torchaudio._extension")
    vars(module).update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        fail_if_no_align=lambda function: function,
        _check_cuda_version=lambda: None,
    )
    return module


try:
    from torchaudio.transforms import Resample
except OSError:
    sys.modules["torchaudio._extension"] = _without_extension()
    from torchaudio.transforms import Resample

__all__ = ["Resample"]
