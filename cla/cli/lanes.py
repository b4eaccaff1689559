"""Lanes as the command line names them."""

import argparse

from cla.attention import DEFAULT_LANDMARKS, LOW_RANK, REFERENCE
from cla.models import LaneSpec, parse_lane

DEFAULT_LANES = f"{REFERENCE},{LOW_RANK}"


def add_lane_arguments(parser: argparse.ArgumentParser, default: str | None) -> None:
    """The arguments that name lanes; without a default they may be missing."""
    parser.add_argument(
        "--lanes",
        default=default,
        help=f"attention kinds, comma separated; {LOW_RANK}/continual:8@60 sets a lane's own "
        f"mode, landmarks and window (default: {default or 'those recorded'})",
    )
    parser.add_argument(
        "--landmarks",
        type=int,
        default=DEFAULT_LANDMARKS,
        metavar="M",
        help="landmarks (default: %(default)s)",
    )
    parser.add_argument("--landmark-mode", choices=["fixed", "continual"], default="fixed")
    parser.add_argument(
        "--window", type=int, metavar="N", help="tokens attended (default: the task's)"
    )


def lanes_of(options: argparse.Namespace) -> list[LaneSpec]:
    """The lanes named on the command line.

    Raises:
        ClaError: one of them is not a lane.
    """
    return [
        parse_lane(
            text,
            num_landmarks=options.landmarks,
            landmark_mode=options.landmark_mode,
            window=options.window,
        )
        for text in options.lanes.split(",")
    ]
