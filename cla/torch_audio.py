"""torchaudio, loaded only where it is used."""

import sys
from types import ModuleType

_EXTENSION = "torchaudio._extension"


def torch_audio() -> ModuleType:
    """Returns the module `torchaudio`.

    Its native extension links the CUDA runtime, and does not load beside a CPU-only PyTorch. The
    functions used here do not need it: an empty module then takes its place.
    """
    try:
        import torchaudio
    except (ImportError, OSError, RuntimeError):
        sys.modules[_EXTENSION] = _no_extension()
        import torchaudio
    return torchaudio  # type: ignore[no-any-return]  # it publishes no types


def _no_extension() -> ModuleType:
    """What torchaudio asks its extension for, of one that was not built."""
    module = ModuleType(_EXTENSION)
    module.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        _check_cuda_version=lambda: None,
        fail_if_no_align=lambda function: function,
    )
    return module
