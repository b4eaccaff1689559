"""The recipe of the spoken-digits model."""

from recipes.digits.recipe import main

__all__ = ["main"]
