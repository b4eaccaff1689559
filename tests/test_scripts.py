"""What scripts beside the package take from it is there, also what they write out for others."""

import ast
import re
from importlib import import_module, util
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = [path for folder in ("benchmarks", "deploy") for path in (ROOT / folder).rglob("*.py")]
IMPORT = re.compile(r"^ *from (cla(?:\.\w+)*) import ([\w, ]+)", re.MULTILINE)


def taken(text):
    """Yields module and name of each import from the package, strings that hold code included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cla":
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for module, names in IMPORT.findall(node.value):
                yield from ((module, name.split()[0]) for name in names.split(","))


def is_there(module, name):
    return hasattr(import_module(module), name) or util.find_spec(f"{module}.{name}") is not None


def test_what_scripts_import_is_there():
    wanted = {(*one, path.name) for path in SCRIPTS for one in taken(path.read_text("utf-8"))}
    assert len(wanted) > 50
    assert sorted(one for one in wanted if not is_there(*one[:2])) == []
