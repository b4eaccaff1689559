"""Lanes as the command line names them."""

import argparse

from cla.attention import KINDS
from cla.engine import LaneConfig
from cla.errors import ClaError

DEFAULT_LANES = "full,continual_nystrom"


def add_lane_arguments(parser: argparse.ArgumentParser, default: str | None) -> None:
    """The arguments that name lanes; without a default they may be missing."""
    parser.add_argument(
        "--lanes",
        default=default,
        help="attention kinds, comma separated; continual_nystrom:8 sets a lane's own number of "
        f"landmarks (default: {default or 'those recorded'})",
    )
    parser.add_argument(
        "--landmarks", type=int, default=16, metavar="M", help="landmarks (default: %(default)s)"
    )
    parser.add_argument("--landmark-mode", choices=["fixed", "continual"], default="fixed")
    parser.add_argument(
        "--window", type=int, metavar="N", help="tokens attended (default: the task's)"
    )


def lane_configs(options: argparse.Namespace) -> list[LaneConfig]:
    """The lanes named on the command line.

    Raises:
        ClaError: an unknown kind, or a number of landmarks that is none or has no place.
    """
    configs = []
    for entry in options.lanes.split(","):
        kind, _, count = entry.strip().partition(":")
        if kind not in KINDS:
            raise ClaError(
                f"There is no lane {entry.strip()!r}.",
                f"Choose from {', '.join(KINDS)}, separated by commas.",
            )
        if count and not count.isdecimal():
            raise ClaError(f"{count!r} in {entry!r} is no number of landmarks.", "Write kind:16.")
        landmarks = int(count or options.landmarks) if KINDS[kind].landmark_modes else None
        if count and landmarks is None:
            raise ClaError(f"The lane {kind} has no landmarks.", f"Write {kind} alone.")
        configs.append(LaneConfig(kind, landmarks, options.landmark_mode, options.window))
    return configs
