"""Small sound files of any container, made by the tests that read them."""

from pathlib import Path

import av
import numpy as np
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


def written(
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
