"""Data sets by name."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from cla.datasets.extractors import image_extractor, sound_extractor
from cla.datasets.gesture_phase import gesture_phase
from cla.datasets.own_sets import clip_folder, feature_arrays, is_video
from cla.datasets.sound_sets import esc10, gtzan, gtzan_filtered
from cla.datasets.thumos import thumos14
from cla.datasets.token_sets import TokenSet, extract
from cla.errors import ClaError

Open = Callable[[Path, Path, str | None], TokenSet]


def open_dataset(name: str, folder: Path, cache: Path, features: str | None = None) -> TokenSet:
    """The tokens of a data set; what has to be computed of recordings is kept in `cache`.

    Args:
        features: what makes the tokens of recordings; None for what the data set is used with.

    Raises:
        ClaError: there is no such data set, or it is not in `folder`.
    """
    if name not in DATASETS:
        raise ClaError("dataset_unknown", name=name, choices=", ".join(DATASETS))
    return DATASETS[name](folder, cache, features)


def _clips(folder: Path, cache: Path, features: str | None) -> TokenSet:
    clips = clip_folder(folder)
    video = is_video(clips)
    extractor = image_extractor(features or "hands") if video else sound_extractor(
        features or "yamnet"
    )  # fmt: skip
    return extract(clips, extractor, cache)


DATASETS: Mapping[str, Open] = MappingProxyType(
    {
        "esc10": lambda folder, cache, features: extract(
            esc10(folder), sound_extractor(features or "yamnet", 5.0), cache
        ),
        "gtzan": lambda folder, cache, features: extract(
            gtzan(folder), sound_extractor(features or "vggish", 30.0), cache
        ),
        "gtzan-filtered": lambda folder, cache, features: extract(
            gtzan_filtered(folder), sound_extractor(features or "vggish", 30.0), cache
        ),
        "thumos14": lambda folder, _, features: thumos14(folder, features),
        "gesture-phase": lambda folder, _, features: gesture_phase(folder, features),
        "clips": _clips,
        "arrays": lambda folder, _, features: feature_arrays(folder, features),
    }
)
