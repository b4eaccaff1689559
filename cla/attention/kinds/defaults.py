"""Which kinds stand for what, wherever one has to be named."""

REFERENCE = "full"
"""What all others are compared with, and what weights are trained under."""

STREAMED = "continual"
"""The numbers of the reference without computing anything twice."""

BATCH_LOW_RANK = "nystrom"
"""Low rank computed anew at every token."""

LOW_RANK = "continual_nystrom"
"""The method of this library, with landmarks of either mode."""

DEFAULT_LANDMARKS = 16
"""M where nobody says another."""
