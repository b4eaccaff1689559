"""The task of gesture phases: `cla train gestures`."""

from recipes.gestures.recipe import main

__all__ = ["main"]
