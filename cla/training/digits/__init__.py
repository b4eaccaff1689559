"""The recipe of the spoken-digits model."""

from cla.training.digits.recipe import main

__all__ = ["main"]
