"""What is measured: every attention system at several windows, alone and as a whole layer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from cla.attention import BATCH_LOW_RANK, LOW_RANK, REFERENCE, STREAMED
from cla.attention.config import OutputMode
from cla.benchmark import peers, systems
from cla.benchmark.sizes import LANDMARKS
from cla.models import LaneSpec

Scope = Literal["product", "layer"]
WINDOWS = (120, 128, 1_024, 4_096, 16_384, 65_536)
QUICK_WINDOWS = (120, 1_024)
LARGEST_MAP = 4_096
"""Tokens up to which the N x N entries of all heads fit a common machine's memory."""


@dataclass(frozen=True)
class System:
    """One way to attend to a window, step by step.

    Args:
        build: from a window, an output mode and a scope to a function that takes one step.
        outputs: the output modes it has.
        scopes: what is measured of it.
        largest: windows up to which a step is affordable, in time and memory.
        largest_retroactive: the same with retroactive outputs.
        ticks: whether landmarks enter now and then, at a step of another cost.
        package: what has to be installed for it, if anything.
    """

    build: Callable[[int, OutputMode, Scope], Callable[[], object]]
    outputs: tuple[OutputMode, ...] = ("single_output", "retroactive")
    scopes: tuple[Scope, ...] = ("product", "layer")
    largest: int = WINDOWS[-1]
    largest_retroactive: int = WINDOWS[-1]
    ticks: bool = False
    package: str | None = None


FULL, CONTINUAL, NYSTROM = REFERENCE, STREAMED, BATCH_LOW_RANK
FOLLOWING, FIXED = f"{LOW_RANK}, continual landmarks", f"{LOW_RANK}, fixed landmarks"
CONTINUAL_INFERENCE = "continual-inference"
TORCH_WINDOW, TORCH_NEWEST = "torch, whole window", "torch, newest query"
TORCH_KEPT = f"{TORCH_WINDOW}, projections kept"

SYSTEMS = {
    FULL: System(
        systems.stepper(LaneSpec(FULL)), largest=LARGEST_MAP, largest_retroactive=LARGEST_MAP
    ),
    CONTINUAL: System(systems.stepper(LaneSpec(CONTINUAL)), largest_retroactive=LARGEST_MAP),
    NYSTROM: System(systems.stepper(LaneSpec(NYSTROM))),
    FOLLOWING: System(systems.stepper(LaneSpec(LOW_RANK, landmark_mode="continual")), ticks=True),
    FIXED: System(systems.stepper(LaneSpec(LOW_RANK))),
    CONTINUAL_INFERENCE: System(peers.continual_inference, package="continual"),
    TORCH_WINDOW: System(peers.torch_window, largest=16_384, largest_retroactive=16_384),
    TORCH_KEPT: System(
        peers.torch_kept, scopes=("layer",), largest=LARGEST_MAP, largest_retroactive=LARGEST_MAP
    ),
    TORCH_NEWEST: System(peers.torch_newest, outputs=("single_output",)),
}


@dataclass(frozen=True)
class Case:
    """A system at one window."""

    system: str
    output: OutputMode
    scope: Scope
    window: int

    def build(self) -> Callable[[], object]:
        """A function that takes one step of a stream whose window is full."""
        return SYSTEMS[self.system].build(self.window, self.output, self.scope)

    @property
    def period(self) -> int:
        """Steps after which the work of a step recurs."""
        if not SYSTEMS[self.system].ticks:
            return 1
        return self.window if self.window % LANDMARKS else self.window // LANDMARKS


def groups(windows: tuple[int, ...], available: Callable[[str], bool]) -> Iterator[list[Case]]:
    """Cases that are measured in turn with each other, group by group."""
    for window in windows:
        for output in ("single_output", "retroactive"):
            for scope in ("product", "layer"):
                yield [
                    Case(name, output, scope, window)
                    for name, system in SYSTEMS.items()
                    if output in system.outputs
                    and scope in system.scopes
                    and window <= _largest(system, output)
                    and (system.package is None or available(system.package))
                ]


def _largest(system: System, output: OutputMode) -> int:
    return system.largest if output == "single_output" else system.largest_retroactive
