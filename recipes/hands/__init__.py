"""The recipe of the hand-signs model."""

from recipes.hands.recipe import main

__all__ = ["main"]
