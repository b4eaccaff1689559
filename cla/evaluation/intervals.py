"""How sure a share of counted things is."""

from math import sqrt

Z = 1.96
"""Of the normal distribution, for 95 %."""


def wilson(found: int, of: int) -> tuple[float, float]:
    """95 % interval of a share.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22, 1927.
    """
    if of == 0:
        return 0.0, 1.0
    share = found / of
    middle = (share + Z**2 / (2 * of)) / (1 + Z**2 / of)
    half = Z / (1 + Z**2 / of) * sqrt(share * (1 - share) / of + Z**2 / (4 * of**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def interval(found: int, of: int) -> list[float]:
    """The same as cards say it."""
    return [round(end, 4) for end in wilson(found, of)]
