"""The recipe of the task sounds: streams of ESC-10 recordings, weights, landmarks, figures."""

from recipes.sounds.recipe import main

__all__ = ["main"]
