from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sounds import written

WriteSound = Callable[..., Path]


@pytest.fixture
def write_sound(tmp_path: Path) -> WriteSound:
    """Returns write(name, samples, sample_rate_hz, codec=None), which writes into `tmp_path`."""

    def write(
        name: str,
        samples: NDArray[np.float32],
        sample_rate_hz: int = 44_100,
        codec: str | None = None,
    ) -> Path:
        return written(tmp_path / name, np.atleast_2d(samples), sample_rate_hz, codec)

    return write


@pytest.fixture
def tone() -> NDArray[np.float32]:
    """One second of 440 Hz at 44.1 kHz."""
    time_s = np.arange(44_100) / 44_100
    return (0.3 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
