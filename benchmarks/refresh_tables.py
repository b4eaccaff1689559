"""Measure step times and live sessions here and put the tables into docs/benchmarks.md.

Run, on an otherwise idle machine: python benchmarks/refresh_tables.py [--live], which measures live
sessions alone: 4 minutes instead of half an hour.
"""

import argparse
import io
from contextlib import redirect_stdout
from pathlib import Path

from cla.benchmark import Benchmark, markdown
from cla.cli.bench import main as bench
from cla.cli.progress import BenchmarkProgress

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BUDGET_S = 1_800.0


def with_tables(text: str, mark: str, tables: str) -> str:
    """A page with other tables between its two marks."""
    start, end = f"<!-- {mark} -->", f"<!-- end {mark} -->"
    before, rest = text.split(start)
    _, after = rest.split(end)
    return f"{before}{start}\n{tables}{end}{after}"


def write(mark: str, tables: str) -> None:
    """Put tables into the page."""
    PAGE.write_text(with_tables(PAGE.read_text("utf-8"), mark, tables), "utf-8")


def main() -> None:
    """Measure, then write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--live", action="store_true")
    if not parser.parse_args().live:
        with BenchmarkProgress() as progress:
            measurement = Benchmark(budget_s=BUDGET_S).run(progress.show)
        write("bench", markdown(measurement))
    with redirect_stdout(io.StringIO()) as table:
        bench(["--live", "--markdown"])
    write("live", table.getvalue())


if __name__ == "__main__":
    main()
