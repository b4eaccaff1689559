"""Makes the sample clip of sounds around you from recordings of ESC-10.

    python assets/clips/make_sound_clip.py /data/ESC-10

Each is cut around its loudest part, brought to one level, faded at its ends, and joined to the next
with a pause. They are of the fold that the shipped model was not trained on.
"""

import json
import sys
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from cla.datasets import load_audio

RATE_HZ = 16_000
PIECES = (
    ("dog", "001 - Dog bark/5-213855-A.ogg"),
    ("rooster", "009 - Rooster/5-233160-A.ogg"),
    ("baby", "004 - Baby cry/5-151085-A.ogg"),
    ("helicopter", "007 - Helicopter/5-177957-A.ogg"),
)
PIECE_S, PAUSE_S, FADE_S = 2.5, 1.0, 0.05
LEVEL = 0.08
"""Root mean square of full scale."""


def piece(path: Path) -> NDArray[np.float32]:
    """The loudest part of a recording."""
    samples = load_audio(path)
    length, fade = round(PIECE_S * RATE_HZ), round(FADE_S * RATE_HZ)
    energy = np.concatenate(([0.0], np.cumsum(np.square(samples, dtype=np.float64))))
    start = int((energy[length:] - energy[:-length]).argmax())
    cut = samples[start : start + length]
    cut = cut * (LEVEL / np.sqrt(np.mean(np.square(cut))))
    ramp = np.minimum(1, np.arange(length) / fade)
    return np.asarray(cut * ramp * ramp[::-1], np.float32)


def main(folder: Path, out: Path) -> None:
    """Write the clip, and its entry in the index."""
    parts, words, start_s = [np.zeros(round(PAUSE_S * RATE_HZ), np.float32)], [], PAUSE_S
    for label, file in PIECES:
        words.append({"label": label, "start_s": start_s, "end_s": start_s + PIECE_S})
        parts += [piece(folder / file), parts[0]]
        start_s += PIECE_S + PAUSE_S
    samples = np.round(np.concatenate(parts) * 32_768).clip(-32_768, 32_767).astype(np.int16)
    with av.open(out / "sounds.flac", "w") as container:
        stream = container.add_stream("flac", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        for given in (frame, None):
            container.mux(stream.encode(given))
    entry = {
        "name": "sounds",
        "task": "sounds",
        "title": "Dog, rooster, baby, helicopter",
        "file": "sounds.flac",
        "license": "CC BY 3.0",
        "attribution": "Recordings of ESC-10 by K. J. Piczak, from freesound.org: by qubodup, "
        "JarredGibb, PickleJones and senorstudy; cut, leveled and joined.",
        "words": words,
    }
    index = out / "index.json"
    others = [one for one in json.loads(index.read_text("utf-8")) if one["task"] != "sounds"]
    index.write_text(json.dumps([*others, entry], indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)
