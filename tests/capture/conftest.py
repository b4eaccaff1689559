from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

CODECS = {
    "wav": "pcm_s16le",
    "flac": "flac",
    "opus": "libopus",
    "mp3": "libmp3lame",
    "m4a": "aac",
    "aiff": "pcm_s16be",
}
WriteSound = Callable[..., Path]


def _write(
    path: Path, samples: NDArray[np.float32], sample_rate_hz: int, codec: str | None = None
) -> Path:
    """Writes (channels, S) samples; the name's ending chooses the container."""
    if path.suffix == ".ogg":  # PyAV reads Vorbis but cannot write it
        soundfile.write(path, samples.T, sample_rate_hz)
        return path
    with av.open(path, "w") as container:
        layout = {1: "mono", 2: "stereo"}.get(len(samples), f"{len(samples)}c")
        stream = container.add_stream(
            codec or CODECS[path.suffix[1:]], rate=sample_rate_hz, layout=layout
        )
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", layout)
        frame.sample_rate = sample_rate_hz
        fit = av.AudioResampler(stream.format.name, layout, sample_rate_hz, stream.frame_size or 0)
        for given in (frame, None):
            for fitted in fit.resample(given):
                container.mux(stream.encode(fitted))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def write_sound(tmp_path: Path) -> WriteSound:
    """Returns write(name, samples, sample_rate_hz, codec=None), which writes into `tmp_path`."""

    def write(
        name: str,
        samples: NDArray[np.float32],
        sample_rate_hz: int = 44_100,
        codec: str | None = None,
    ) -> Path:
        return _write(tmp_path / name, np.atleast_2d(samples), sample_rate_hz, codec)

    return write


@pytest.fixture
def tone() -> NDArray[np.float32]:
    """One second of 440 Hz at 44.1 kHz."""
    time_s = np.arange(44_100) / 44_100
    return (0.3 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
