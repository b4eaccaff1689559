"""`cla train`: a task's recipe, or one run on a data set."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib import import_module
from textwrap import fill

from cla.cli.evaluate import print_lines
from cla.cli.experiment_options import (
    add_data_options,
    add_model_options,
    add_settings,
    config_of,
    require_extra,
)
from cla.cli.terminal import Terminal, say
from cla.datasets import DATASETS
from cla.errors import ClaError
from cla.models import tasks
from cla.options import Options
from cla.resources import recipes_root

TRAINABLE = """usage: cla train NAME [options]      NAME --help lists the options of each

tasks, whose shipped weights are made again by recipes of the repository:
{tasks}

data sets, on which one run is trained and judged:
{datasets}

examples:
  cla train digits --help
  cla train esc10 --data ESC-50 --work-dir work --landmarks 8"""


def main(argv: Sequence[str]) -> int:
    """Make the weights of a shipped task again, or train a run on a data set.

    Raises:
        ClaError: there is neither of that name, or see `run_recipe` and `train_on_data`.
    """
    if not argv or argv[0] in ("-h", "--help"):
        print(TRAINABLE.format(tasks=_listed(tasks()), datasets=_listed(DATASETS)))
        return 0
    named = argv[0]
    if named in tasks():
        return run_recipe(named, argv[1:])
    if named not in DATASETS and not named.startswith("-"):
        known = ", ".join((*tasks(), *DATASETS))
        raise ClaError("recipe_unknown", name=named, choices=known)
    return train_on_data(argv)


def _listed(names: Iterable[str]) -> str:
    return fill(", ".join(names), 76, initial_indent="  ", subsequent_indent="  ")


def run_recipe(task: str, argv: Sequence[str]) -> int:
    """Run the recipe of a shipped task, which lies in the repository.

    Raises:
        ClaError: this is no checkout, or see the recipe.
    """
    sys.path.append(str(recipes_root()))
    status: int = import_module(f"recipes.{task}").main(argv)
    return status


def train_on_data(argv: Sequence[str]) -> int:
    """Train one run and judge it.

    Raises:
        ClaError: the data set is missing, or a setting is out of range.
    """
    parser = Options(
        prog="cla train",
        description="Train and judge one run on a data set; it can be resumed.",
        examples=("cla train esc10 --data ESC-50 --work-dir work --landmarks 8",),
    )
    add_data_options(parser)
    add_model_options(parser)
    add_settings(parser)
    parser.add_argument("--freeze", action="store_true",
                        help="keep layers whose landmarks are fitted as they are")  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(argv)
    require_extra()
    from cla.experiments.run_one import do_run
    from cla.experiments.sweep import run_name
    from cla.experiments.table import summarize
    from cla.experiments.training import Reporting

    config = config_of(options)
    if options.freeze:
        config = replace(config, training=replace(config.training, freeze=True))
    folder = options.work_dir / "runs" / run_name(config)
    rows = do_run(config, folder, options.work_dir / "tokens", Reporting(not options.quiet))
    print_lines(summarize(rows), Terminal())
    say(folder)
    return 0
