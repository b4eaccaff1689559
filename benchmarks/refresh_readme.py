"""Measure step times here and put the tables into the README.

Run, on an otherwise idle machine: python benchmarks/refresh_readme.py
"""

from pathlib import Path

from cla.benchmark import markdown, run_benchmark

README = Path(__file__).parent.parent / "README.md"
START, END = "<!-- bench -->", "<!-- end bench -->"


def with_tables(text: str, tables: str) -> str:
    """The README with other tables between its two marks."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{tables}{END}{after}"


def main() -> None:
    """Measure, then write."""
    tables = markdown(run_benchmark(progress=print))
    README.write_text(with_tables(README.read_text("utf-8"), tables), "utf-8")


if __name__ == "__main__":
    main()
