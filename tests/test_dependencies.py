"""What scripts beside the package import is named in `pyproject.toml`."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]


def imported(folder):
    """Top-level modules that the scripts of a folder import, without each other."""
    scripts = sorted(folder.rglob("*.py"))
    found = set()
    for script in scripts:
        for node in ast.walk(ast.parse(script.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    own = {"cla", "recipes", *(script.stem for script in scripts)}
    return found - own - sys.stdlib_module_names


def named(requirements):
    return {re.match(r"[\w-]+", one)[0].lower() for one in requirements}


def test_benchmarks_name_what_they_import():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extra = project["optional-dependencies"]["benchmarks"]
    known = named(project["dependencies"]) | named(extra)
    packages = packages_distributions()
    modules = imported(ROOT / "benchmarks")
    assert "psutil" in modules
    missing = {
        name
        for name in modules
        if not {package.lower() for package in packages.get(name, [name])} & known
    }
    assert not missing
