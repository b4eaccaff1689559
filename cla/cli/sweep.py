"""`cla sweep`: runs over kinds, layers, landmarks and seeds, into one table."""

from collections.abc import Sequence
from typing import get_args

from cla.attention import KINDS, REFERENCE
from cla.cli.evaluate import print_lines
from cla.cli.experiment_options import add_data_options, add_settings, config_of, require_extra
from cla.cli.terminal import Terminal, progress_bar, say
from cla.experiments.config import FLOORS
from cla.models import StackMode
from cla.options import Options

SWEPT = (
    ("layers", [1, 2], "L"),
    ("landmarks", [2, 4, 8, 16, 32], "M"),
    ("seeds", [0, 1, 2], "S"),
    ("folds", [0], "K"),
    ("windows", [None], "N"),
)
"""Options of a grid; folds are data seeds where a data set arranges none."""


def main(argv: Sequence[str]) -> int:
    """Do the runs that are not done yet.

    Raises:
        ClaError: the data set is missing, a setting is out of range, or Ray is not installed.
    """
    parser = Options(
        prog="cla sweep",
        description="Train and judge a grid of runs; started again, it does what is left.",
        examples=("cla sweep esc10 --data ESC-50 --work-dir work --landmarks 2 8",),
    )
    add_data_options(parser)
    parser.add_argument("--kinds", nargs="+", choices=(*KINDS, "any", *FLOORS), default=[REFERENCE],
                        metavar="KIND", help=f"trained with: {', '.join(KINDS)}; "
                        "any: one set of weights for all; "
                        f"{', '.join(FLOORS)}: of the newest token alone")  # fmt: skip
    parser.add_argument("--stacks", nargs="+", choices=get_args(StackMode),
                        default=["retroactive"], help="how upper layers see the past")  # fmt: skip
    for name, default, letter in SWEPT:
        parser.add_argument(f"--{name}", nargs="+", dest=f"swept_{name}", type=int,
                            default=default, metavar=letter)  # fmt: skip
    parser.add_argument("--workers", type=int, default=1, help="runs at once on this machine")
    parser.add_argument("--ray", metavar="ADDRESS", help="run on a Ray cluster: auto, or host:port")
    add_settings(parser)
    options = parser.parse_args(argv)
    require_extra()
    from cla.experiments.ray_sweep import sweep_on_ray
    from cla.experiments.sweep import RESULTS_FILE, Grid, Rows, sweep, write_results
    from cla.experiments.table import summarize

    swept = {name: tuple(getattr(options, f"swept_{name}")) for name, _, _ in SWEPT}
    grid = Grid(tuple(options.kinds), stacks=tuple(options.stacks), **swept)
    configs = grid.configs(config_of(options))
    runs, tokens = options.work_dir / "runs", options.work_dir / "tokens"
    done = (
        sweep_on_ray(configs, runs, tokens, options.ray)
        if options.ray
        else sweep(configs, runs, tokens, options.workers)
    )
    rows: Rows = []
    results = options.work_dir / RESULTS_FILE
    with progress_bar() as progress:
        bar = progress.add_task("runs", total=len(configs))
        for found in done:
            rows += found
            write_results(rows, results)
            progress.advance(bar)
    print_lines(summarize(rows), Terminal())
    say(results)
    return 0
