"""The option by which a phone on the same network is served."""

from cla.options import Options


def add_lan_argument(parser: Options) -> None:
    """HTTPS at a private address of this machine, for phones that trust its own authority."""
    parser.add_argument(
        "--lan",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="serve phones on this network, by HTTPS under an authority made here, which they "
        "install once; at ADDRESS, where this machine has several",
    )
