"""The recipe of the task key: scores played, weights, landmarks, figures."""

from recipes.key.recipe import main

__all__ = ["main"]
