"""Three speech synthesizers behind one call: text, voice and manner in, samples out."""

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cla.errors import ClaError
from cla.onnx_network import onnx_network

SYNTHESIS_TIMEOUT_S = 30


@dataclass(frozen=True)
class Manner:
    """How a thing is said: speaking rate and pitch, relative to the voice's own (1.0)."""

    rate: float = 1.0
    pitch: float = 1.0


class Engine(Protocol):
    """A synthesizer; `say` returns mono samples and their rate in Hz."""

    def say(
        self, text: str, language: str, voice: str, manner: Manner
    ) -> tuple[NDArray[np.float32], int]: ...


def _run(command: list[str], package: str) -> bytes:
    try:
        return subprocess.run(
            command, check=True, capture_output=True, timeout=SYNTHESIS_TIMEOUT_S
        ).stdout
    except FileNotFoundError as error:
        raise ClaError("voice_program_missing", program=command[0], package=package) from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise ClaError(
            "voice_program_failed", program=command[0], text=command[-1], command=" ".join(command)
        ) from error


def _read_wav(path: Path) -> tuple[NDArray[np.float32], int]:
    import soundfile

    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return samples[:, 0], int(rate_hz)


class Espeak:
    """Formant synthesis by espeak-ng: many accents and voices, robotic."""

    def say(
        self, text: str, language: str, voice: str, manner: Manner
    ) -> tuple[NDArray[np.float32], int]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "speech.wav")
            words_per_minute = str(round(165 * manner.rate))
            pitch = str(int(np.clip(50 * manner.pitch, 5, 95)))
            name = f"{language}+{voice}" if voice else language
            _run(
                [
                    *("espeak-ng", "-v", name, "-s", words_per_minute, "-p", pitch),
                    *("-w", str(path), text),
                ],
                "espeak-ng",
            )
            return _read_wav(path)


class Flite:
    """Diphone and statistical voices of flite; English only."""

    BASE_PITCH_HZ: Mapping[str, float] = {"slt": 170.0, "kal16": 105.0, "awb": 120.0, "rms": 100.0}

    def say(
        self, text: str, language: str, voice: str, manner: Manner
    ) -> tuple[NDArray[np.float32], int]:
        del language
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "speech.wav")
            pitch_hz = self.BASE_PITCH_HZ.get(voice, 110.0) * manner.pitch
            _run(
                [
                    *("flite", "-voice", voice),
                    *("--setf", f"duration_stretch={1 / manner.rate:.3f}"),
                    *("--setf", f"int_f0_target_mean={pitch_hz:.1f}"),
                    *("-o", str(path), "-t", text),
                ],
                "flite",
            )
            return _read_wav(path)


class Kokoro:
    """Neural synthesis by Kokoro-82M (8-bit ONNX); a voice may be a mix, as "af_sky:am_adam".

    Source: https://github.com/hexgrad/kokoro (weights and voices Apache-2.0).
    """

    RATE_HZ = 24_000
    MAX_PHONEMES = 300
    # espeak-ng writes diphthongs and affricates as two letters, the model as one.
    LETTERS: Mapping[str, str] = {
        "əʊ": "Q", "oʊ": "O", "aɪ": "I", "eɪ": "A", "aʊ": "W", "ɔɪ": "Y", "tʃ": "ʧ", "dʒ": "ʤ",
        "ts": "ʦ", "dz": "ʣ", "ɚ": "əɹ", "ɝ": "ɜɹ", "r": "ɹ", "ɐ": "ə", "iə": "ɪ", "x": "k",
    }  # fmt: skip

    def __init__(self, model: Path, vocabulary: Path, voices: Path) -> None:
        self._session: Any = onnx_network(model)
        self._ids: dict[str, int] = json.loads(vocabulary.read_text(encoding="utf-8"))["vocab"]
        self._voices = voices

    def say(
        self, text: str, language: str, voice: str, manner: Manner
    ) -> tuple[NDArray[np.float32], int]:
        phonemes = self._phonemes(text, language)
        ids = [self._ids[letter] for letter in phonemes if letter in self._ids]
        ids = ids[: self.MAX_PHONEMES]
        styles = [self._style(name, len(ids)) for name in voice.split(":")]
        samples = self._session.run(
            None,
            {
                "tokens": np.array([[0, *ids, 0]], np.int64),
                "style": np.mean(styles, axis=0, dtype=np.float32),
                "speed": np.array([manner.rate], np.float32),
            },
        )[0]
        return np.asarray(samples, np.float32).ravel(), self.RATE_HZ

    def _style(self, voice: str, length: int) -> NDArray[np.float32]:
        styles = np.fromfile(self._voices / f"{voice}.bin", np.float32).reshape(-1, 1, 256)
        style: NDArray[np.float32] = styles[length]
        return style

    def _phonemes(self, text: str, language: str) -> str:
        ipa = _run(["espeak-ng", "-q", "--ipa", "-v", language, text], "espeak-ng").decode()
        ipa = re.sub(r"\([^)]*\)", "", " ".join(ipa.split()))
        if language.startswith("en"):
            for pair, letter in self.LETTERS.items():
                ipa = ipa.replace(pair, letter)
        return ipa + (text[-1] if text[-1] in ".,?!" else "")
