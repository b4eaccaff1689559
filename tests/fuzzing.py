"""How many cases tests of bad input draw: few always, as many as asked for in the long form.

`CLA_FUZZ_CASES=10000 pytest tests/view/test_fuzz_messages.py ...` is the long form.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings

from cla.errors import ClaError

SHORT = 60


def fuzzed(short: int = SHORT) -> Callable[..., object]:
    """Settings of a test that fuzzes."""
    wished = int(os.environ.get("CLA_FUZZ_CASES", "0"))
    return settings(
        max_examples=wished or short,
        derandomize=not wished,
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def explained() -> Iterator[None]:
    """What goes wrong is a sentence with a remedy, and no other error."""
    try:
        yield
    except ClaError as error:
        if not (error.message and error.remedy):
            raise AssertionError("an error without a message or a remedy") from error
