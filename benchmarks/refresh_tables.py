"""Measure step times here and put the tables into docs/benchmarks.md, a short one into the README.

Run, on an otherwise idle machine: python benchmarks/refresh_tables.py
"""

from pathlib import Path

from cla.benchmark import Benchmark, markdown, short_markdown
from cla.cli.progress import BenchmarkProgress

ROOT = Path(__file__).parents[1]
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
    for name, tables in (
        ("docs/benchmarks.md", markdown(measurement)),
        ("README.md", short_markdown(measurement)),
    ):
        page = ROOT / name
        page.write_text(with_tables(page.read_text("utf-8"), tables), "utf-8")


if __name__ == "__main__":
    main()
