"""Measure step times here and put the tables into docs/benchmarks.md.

Run, on an otherwise idle machine: python benchmarks/refresh_tables.py
"""

from pathlib import Path

from cla.benchmark import Benchmark, markdown
from cla.cli.progress import BenchmarkProgress

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BUDGET_S = 1_800.0
START, END = "<!-- bench -->", "<!-- end bench -->"


def with_tables(text: str, tables: str) -> str:
    """A page with other tables between its two marks."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{tables}{END}{after}"


def main() -> None:
    """Measure, then write."""
    with BenchmarkProgress() as progress:
        measurement = Benchmark(budget_s=BUDGET_S).run(progress.show)
    PAGE.write_text(with_tables(PAGE.read_text("utf-8"), markdown(measurement)), "utf-8")


if __name__ == "__main__":
    main()
