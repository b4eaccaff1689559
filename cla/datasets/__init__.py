"""Data sets: recordings and packages that are fetched, checked, and unpacked."""

from cla.datasets.audio import SAMPLE_RATE_HZ, find_audio, load_audio
from cla.datasets.clips import Clip, ClipSet
from cla.datasets.esc import esc10
from cla.datasets.fetched import FETCHED, Fetchable
from cla.datasets.packages import Package, fetch
from cla.datasets.registry import DATASETS, open_dataset
from cla.datasets.token_sets import TokenSequence, TokenSet, extract
from cla.datasets.yamnet_weights import fetch_yamnet

__all__ = [
    "DATASETS",
    "FETCHED",
    "SAMPLE_RATE_HZ",
    "Clip",
    "ClipSet",
    "Fetchable",
    "Package",
    "TokenSequence",
    "TokenSet",
    "esc10",
    "extract",
    "fetch",
    "fetch_yamnet",
    "find_audio",
    "load_audio",
    "open_dataset",
]
