"""The recipe of the hand-signs model."""

from cla.training.hands.recipe import main

__all__ = ["main"]
