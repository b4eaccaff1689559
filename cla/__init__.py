"""CLA: continual low-rank attention, live."""

__version__ = "0.1.0"
