"""The sizes that all cases share: those of the published audio experiments."""

EMBED_DIM = 192
HEADS = 16
HEAD_DIM = EMBED_DIM // HEADS
LANDMARKS = 16
WINDOW = 120
"""Tokens that a whole classifier attends to."""

TOKENS = 64
"""Different tokens that a stepper is fed, again and again."""
