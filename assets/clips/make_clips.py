"""Makes the sample clips and their index from the Debian packages of the Asterisk prompts.

    apt-get download asterisk-core-sounds-{en-g722,en-wav,it-g722}
    for package in *.deb; do dpkg -x "$package" prompts; done
    python assets/clips/make_clips.py prompts

Prompts are trimmed and joined with pauses; nothing else is changed.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from cla.capture import open_audio

LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ALLISON = (
    "CC BY-SA 3.0",
    "Voice of Allison Smith, from the Asterisk core sounds 1.6.1; prompts trimmed and joined.",
)
CARLO = (
    "CC BY 3.0",
    "Voice of Carlo Flora, from the Asterisk core sounds 1.6.1; prompts trimmed and joined.",
)


@dataclass(frozen=True)
class Recipe:
    """A clip: prompts and, between them, pauses in seconds."""

    name: str
    title: str
    folder: str
    suffix: str
    parts: tuple[str | float, ...]
    rights: tuple[str, str]


def digits(text: str, pauses_s: tuple[float, ...]) -> tuple[str | float, ...]:
    """Returns the prompts of the digits in `text`, the pauses taken in turn; a space is longer."""
    parts: list[str | float] = []
    for index, character in enumerate(text):
        if character == " ":
            parts.append(0.45)
        else:
            parts += [f"digits/{character}", pauses_s[index % len(pauses_s)]]
    return tuple(parts)


RECIPES = (
    Recipe(
        "count",
        "Counting from zero to nine",
        "en_US_f_Allison",
        ".g722",
        (0.6, *digits("0123456789", (0.45, 0.6, 0.35, 0.5)), 0.6),
        ALLISON,
    ),
    Recipe(
        "phone-number",
        "A phone number in a sentence",
        "en_US_f_Allison",
        ".g722",
        (0.5, "vm-num-i-have", 0.3, *digits("202 555 0173", (0.14, 0.2, 0.17)), 0.9),
        ALLISON,
    ),
    Recipe(
        "telephone",
        "An access code over the telephone (8 kHz)",
        "en_US_f_Allison",
        ".wav",
        (
            *(0.5, "you-entered", 0.3),
            *digits("486 913", (0.2, 0.26, 0.18)),
            *(0.6, "if-correct-press", 0.2, "digits/1", 1.0),
        ),
        ALLISON,
    ),
    Recipe(
        "italian",
        "Italian speech, no English digits",
        "it_IT_m_Carlo",
        ".g722",
        (0.5, "demo-congrats", 0.8),
        CARLO,
    ),
)


def spoken(path: Path) -> tuple[NDArray[np.float32], int]:
    """Returns the samples of a prompt without the silence at its ends, and the sample rate."""
    with open_audio(path) as file:
        samples = np.concatenate([chunk.samples for chunk in file])
    frame = file.sample_rate_hz // 100
    level = np.sqrt(np.square(samples[: len(samples) // frame * frame].reshape(-1, frame)).mean(1))
    loud = np.nonzero(level > 0.02 * level.max())[0]
    return samples[loud[0] * frame : (loud[-1] + 1) * frame], file.sample_rate_hz


def make(recipe: Recipe, prompts: Path, out: Path) -> dict[str, object]:
    """Writes one clip and returns its entry in the index."""
    rate_hz = 8_000 if recipe.suffix == ".wav" else 16_000
    pieces: list[NDArray[np.float32]] = []
    words = []
    length = 0
    for part in recipe.parts:
        if isinstance(part, float):
            piece = np.zeros(round(part * rate_hz), np.float32)
        else:
            piece, prompt_rate_hz = spoken(prompts / recipe.folder / (part + recipe.suffix))
            assert prompt_rate_hz == rate_hz
            if part.startswith("digits/"):
                start_s, end_s = length / rate_hz, (length + len(piece)) / rate_hz
                label = LABELS[int(part.removeprefix("digits/"))]
                words.append({"label": label, "start_s": start_s, "end_s": end_s})
        pieces.append(piece)
        length += len(piece)
    samples = np.round(np.concatenate(pieces) * 32_768).clip(-32_768, 32_767).astype(np.int16)
    file = f"{recipe.name}.flac"
    with av.open(out / file, "w") as container:
        stream = container.add_stream("flac", rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = rate_hz
        for given in (frame, None):
            container.mux(stream.encode(given))
    license_name, attribution = recipe.rights
    return {
        "name": recipe.name,
        "task": "digits",
        "title": recipe.title,
        "file": file,
        "license": license_name,
        "attribution": attribution,
        "words": words,
    }


if __name__ == "__main__":
    sounds = Path(sys.argv[1]) / "usr/share/asterisk/sounds"
    folder = Path(__file__).parent
    index = folder / "index.json"
    kept = [entry for entry in json.loads(index.read_text("utf-8")) if entry["task"] != "digits"]
    made = [make(recipe, sounds, folder) for recipe in RECIPES]
    index.write_text(json.dumps(made + kept, indent=2) + "\n", encoding="utf-8")
