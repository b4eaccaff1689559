"""Nobody but the registry names kinds: everything else asks it, so that a kind is one file."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cla.attention import SHIPPED

ROOT = Path(__file__).parents[2]
HOME = ROOT / "cla" / "attention" / "kinds"
CODE = [*ROOT.glob("*.py"), *(ROOT / "pages").glob("*.py"), *(ROOT / "cla").rglob("*.py")]
SCRIPTS = list((ROOT / "cla" / "view" / "static").glob("*.js"))
WORDS = {"full", "continual"}
"""Names that mean other things too: a lane may be full, landmarks continual."""
PLAIN = re.compile(rf"\b({'|'.join(set(SHIPPED) - WORDS)})\b")
MAKERS = {"AttentionConfig", "LaneSpec", "ModelConfig", "parse_lane", "with_attention"}
"""Calls that are given a kind first."""


def is_word(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value in WORDS


def is_kind(node: ast.AST) -> bool:
    """Whether an expression is somebody's `kind`."""
    return getattr(node, "attr", getattr(node, "id", "")) == "kind"


def named(tree: ast.Module) -> Iterator[int]:
    """Lines of a program in which a kind is named."""
    prose = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            if PLAIN.search(node.value):
                yield node.lineno
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = called in MAKERS and any(map(is_word, node.args[:1]))
            if first or any(word.arg == "kind" and is_word(word.value) for word in node.keywords):
                yield node.lineno
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            inner = [part for side in sides for part in [side, *getattr(side, "elts", [])]]
            if any(map(is_kind, sides)) and any(map(is_word, inner)):
                yield node.lineno
        elif isinstance(node, ast.AnnAssign) and is_kind(node.target) and is_word(node.value):
            yield node.lineno


def named_in_script(text: str) -> Iterator[str]:
    """Pieces of a script in which a kind is named."""
    spoken = re.sub(r"//.*|/\*.*?\*/", "", text)
    words = "|".join(WORDS)
    given = rf"\bkinds?\b[^\n;]{{0,12}}[\"'`]({words})\b"
    for pattern in (PLAIN.pattern, given, rf"[\"'`]({words}):"):
        yield from (found.group() for found in re.finditer(pattern, spoken))


def test_programs_name_no_kind():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in CODE
        if HOME not in path.parents
        for line in named(ast.parse(path.read_text("utf-8")))
    ]
    assert not found


def test_scripts_name_no_kind():
    texts = {path.name: path.read_text("utf-8") for path in SCRIPTS}
    assert not {name: found for name, text in texts.items() if (found := [*named_in_script(text)])}


@pytest.mark.parametrize(
    "line",
    [
        'LaneSpec("full")',
        'model.with_attention("continual", 4)',
        'lane.kind == "full"',
        'config.kind in ("full", "any")',
        'f"{x} nystrom"',
        'replace(config, kind="full")',
        'kind: str = "full"',
    ],
)
def test_a_name_is_found(line):
    assert list(named(ast.parse(line)))


@pytest.mark.parametrize("line", ['"""of nystrom"""', 'Config("fixed")', 'mode == "continual"'])
def test_other_words_are_not(line):
    assert not list(named(ast.parse(line)))


def test_a_name_is_found_in_a_script():
    assert list(named_in_script('const LANES = "full::fixed";'))
    assert list(named_in_script('laneOf({ kind: "continual" })'))
    assert not list(named_in_script('say(code ? "full" : "lost"); // nystrom'))
