"""CLA: continual low-rank attention, live."""

__version__ = "0.2.0"
