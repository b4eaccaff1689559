"""The Python code of the documentation."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """The code blocks of a page, in order."""
    return BLOCK.findall((ROOT / page).read_text("utf-8"))


def run(code, names=None):
    """Run a block; returns the names it knows and has made."""
    names = {"__name__": "documentation"} if names is None else names
    exec(compile(code, "documentation", "exec"), names)
    return names
