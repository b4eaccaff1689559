"""Makes the sample clips of the key of the music, and their entries in the index.

    PYTHONPATH=. python assets/clips/make_key_clips.py DOWNLOADS

A score from music21's corpus and a song made up by rule, played by fluidsynth; the packages are
fetched into DOWNLOADS.
"""

import json
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np

from cla.datasets import fetch
from recipes.key.composed import Piece, composed
from recipes.key.keys import LABELS, keys_of
from recipes.key.render import Played, rendered, sound_font
from recipes.key.scores import MUSIC21, read_scores

RATE_HZ = 16_000
PEAK = 0.6
SONG_SEED = 1
"""Of a song that moves from C major to A major."""
FONT = "played by fluidsynth with FluidR3 by Frank Wen (MIT)."


def clip(name: str, piece: Piece, programs: tuple[int, ...], tempo: float, font: Path) -> list[Any]:
    """Write a clip; returns its words: each key with its beginning and end."""
    velocities = np.full(len(piece.notes), 80)
    samples = rendered(Played(piece.notes, velocities, programs, tempo, 0.0, piece.drums), font)
    scaled = np.round(samples / np.abs(samples).max() * PEAK * 32_767).astype(np.int16)
    with av.open(Path(__file__).parent / f"{name}.flac", "w") as container:
        stream = container.add_stream("flac", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(scaled[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        for given in (frame, None):
            container.mux(stream.encode(given))
    changes = [0, *np.flatnonzero(np.diff(piece.keys)) + 1, len(piece.keys)]
    times_s = [round(60 / tempo * float(quarter), 2) for quarter in changes]
    spans = zip(changes, times_s, [end - 0.01 for end in times_s[1:]], strict=False)
    return [
        {"label": LABELS[piece.keys[quarter]], "start_s": max(0.01, start), "end_s": round(end, 2)}
        for quarter, start, end in spans
    ]


def main(downloads: Path) -> None:
    """Write the clips, and their entries."""
    corpus = fetch(MUSIC21, downloads) / "music21" / "corpus"
    (score,) = read_scores(corpus / "liliuokalani" / "aloha_oe.mxl")
    font = sound_font(downloads)
    song = composed(np.random.default_rng(SONG_SEED))
    entries = [
        {
            "name": "aloha-oe",
            "task": "key",
            "title": "Aloha Oe, on a piano",
            "file": "aloha-oe.flac",
            "license": "CC0 1.0",
            "attribution": "By Queen Liliuokalani (1884), encoded by Michael Scott Asato Cuthbert "
            f"(CC0); {FONT}",
            "words": clip("aloha-oe", Piece(score.notes, keys_of(score)), (0,), 100.0, font),
        },
        {
            "name": "song",
            "task": "key",
            "title": "A song that moves to another key",
            "file": "song.flac",
            "license": "Apache-2.0",
            "attribution": f"Made up by this project; {FONT}",
            "words": clip("song", song, (24, 32, 73), 140.0, font),
        },
    ]
    index = Path(__file__).parent / "index.json"
    others = [one for one in json.loads(index.read_text("utf-8")) if one["task"] != "key"]
    text = json.dumps([*others, *entries], indent=2, ensure_ascii=False)
    index.write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
