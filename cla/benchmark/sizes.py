"""The sizes that all cases share: those of the published audio experiments."""

EMBED_DIM = 192
HEADS = 16
HEAD_DIM = EMBED_DIM // HEADS
LANDMARKS = 16
TOKENS = 1_021
"""Different tokens that a stepper is fed, again and again: a prime number, so that no two segments
of a stream are the same, which would make gamma singular."""
