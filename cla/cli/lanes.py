"""Lanes as the command line names them."""

import argparse

from cla.models import LaneSpec, parse_lane

DEFAULT_LANES = "full,continual_nystrom"


def add_lane_arguments(parser: argparse.ArgumentParser, default: str | None) -> None:
    """The arguments that name lanes; without a default they may be missing."""
    parser.add_argument(
        "--lanes",
        default=default,
        help="attention kinds, comma separated; continual_nystrom/continual:8@60 sets a lane's own "
        f"mode, landmarks and window (default: {default or 'those recorded'})",
    )
    parser.add_argument(
        "--landmarks", type=int, default=16, metavar="M", help="landmarks (default: %(default)s)"
    )
    parser.add_argument("--landmark-mode", choices=["fixed", "continual"], default="fixed")
    parser.add_argument(
        "--window", type=int, metavar="N", help="tokens attended (default: the task's)"
    )


def lanes_of(options: argparse.Namespace) -> list[LaneSpec]:
    """The lanes named on the command line.

    Raises:
        ClaError: one of them is none.
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
