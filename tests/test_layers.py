"""The shape of the code: who imports whom, how long files are, what no file may say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = sorted((ROOT / "cla").rglob("*.py"))
RECIPES = sorted((ROOT / "recipes").rglob("*.py"))
SCRIPTS = [
    path for path in (ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))) if path.exists()
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Each part of the package and the parts it may import.
BOTTOM = {
    "types",
    "errors",
    "printable",
    "schema",
    "stages",
    "texts",
    "files",
    "options",
    "resources",
    "opencv",
    "onnx_network",
    "stderr",
    "torch_audio",
}
MAY_IMPORT = {
    "types": set(),
    "printable": set(),
    "schema": {"errors"},
    "stages": set(),
    "texts": {"printable"},
    "errors": {"printable", "texts"},
    "files": {"errors"},
    "options": {"printable"},
    "resources": {"errors"},
    "opencv": {"errors"},
    "onnx_network": set(),
    "stderr": set(),
    "torch_audio": set(),
    "attention": BOTTOM,
    "features": BOTTOM,
    "telemetry": BOTTOM,
    "capture": BOTTOM,
    "models": BOTTOM | {"attention", "features"},
    "engine": BOTTOM | {"attention", "features", "telemetry", "models", "capture"},
    "datasets": BOTTOM | {"attention", "features", "models", "capture"},
    "evaluation": BOTTOM | {"attention", "features", "models", "capture", "datasets"},
    "training": BOTTOM | {"attention", "features", "models", "datasets", "evaluation"},
    "teaching": BOTTOM
    | {"attention", "features", "models", "capture", "datasets", "evaluation", "training"},
    "experiments": BOTTOM | {"attention", "models", "datasets", "evaluation", "training"},
    "benchmark": BOTTOM | {"attention", "models", "telemetry"},
    "server": BOTTOM | {"attention", "features", "telemetry", "models", "capture", "engine"},
    "client": set(),
    "view": BOTTOM
    | {"attention", "features", "telemetry", "models", "capture", "engine", "server", "benchmark"}
    | {"datasets", "training", "teaching"},
    "export": BOTTOM | {"attention", "models"},
    "cli": BOTTOM
    | {"attention", "features", "telemetry", "models", "capture", "engine", "server"}
    | {"datasets", "evaluation", "training", "teaching", "experiments", "benchmark", "export"},
    "__main__": {"cli"},
    "__init__": BOTTOM,
}
RECIPES_MAY_IMPORT = BOTTOM | {"attention", "features", "models", "datasets"}
RECIPES_MAY_IMPORT |= {"evaluation", "training", "experiments"}
# Libraries only some parts may touch.
ONLY = {
    "streamlit": {"view"},
    "starlette": {"server", "view"},
    "av": {"capture"},
    "cv2": {"opencv"},
    "onnxruntime": {"onnx_network"},
    "sounddevice": {"capture", "client"},
    "torchaudio": {"torch_audio"},
    "threading": {"client", "engine", "server", "view", "stderr"},
    "recipes": set(),  # no part of the package: `cla train` looks for them by name
}
MAX_LINES = 400

MODULES = {path.name: path for path in sorted((ROOT / "cla" / "view" / "static").glob("*.js"))}
ENTRIES = {
    "main.js", "clip_player.js", "copy_link.js", "preflight.js", "recorder.js", "worklet.js",
}  # fmt: skip
"""Those that pages mount, and the one that the browser's audio thread loads by itself."""
DRAWING = {"canvas.js", "attention_rows.js", "attention_maps.js", "input_track.js", "lane_view.js"}
DRAWING |= {"difference_view.js", "map_view.js", "clip_overview.js", "preview.js", "summary.js"}
LIVE = {"client.js", "sources.js", "wiring.js", "microphone.js", "camera.js", "board.js"}
"""What draws is given what it draws, and knows nothing of where that comes from."""
# Assembled from pieces, so that this file does not hold them.
FORBIDDEN = re.compile(
    "|".join(["/work" + r"/", "/tmp/" + "venv", "/tmp/" + "helper", "pypi" + r"\.org/simple"])
)


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "cla").parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """Yields the dotted names a file imports, wherever in the file."""
    package = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level]) if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from cla import models` imports cla.models.
            yield from (f"{module}.{alias.name}" for alias in node.names)


def modules_of(path: Path) -> set[str]:
    """The modules that one of the page's scripts imports."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(r'^(?:import|export|\}).* from "(.+)";$', text, re.MULTILINE)
    return {name.removeprefix("./") for name in found}


def reached_from(names: set[str]) -> set[str]:
    reached, left = set(), set(names)
    while left:
        reached |= left
        left = set().union(*(modules_of(MODULES[name]) for name in left)) - reached
    return reached


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def imports() -> dict[Path, set[str]]:
    return {path: set(imports_of(path)) for path in CODE}


def test_imports_point_down(imports: dict[Path, set[str]]) -> None:
    parts = set(map(part_of, CODE))
    assert parts == set(MAY_IMPORT)
    breaches = {}
    for path, names in imports.items():
        imported = {name.split(".")[1] for name in names if name.startswith("cla.")}
        imported &= parts  # leaves out names such as cla.__version__
        breaches[name_of(path)] = imported - MAY_IMPORT[part_of(path)] - {part_of(path)}
    assert not {path: above for path, above in breaches.items() if above}


def lines_of_the_picture() -> dict[str, int]:
    """The line in which each part stands in CONTRIBUTING's picture of the house."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    picture = text.partition("## The architecture in one page")[2].split("```")[1]
    return {
        name.removeprefix("cla."): line
        for line, words in enumerate(picture.splitlines())
        for name in re.findall(r"cla\.\w+|recipes", words)
    }


def test_the_picture_shows_all_parts_and_who_stands_on_whom(imports: dict[Path, set[str]]) -> None:
    lines = lines_of_the_picture()
    assert set(lines) == set(MAY_IMPORT) - {"__main__", "__init__"} | {"recipes"}
    breaches = set()
    for path in (*CODE, *RECIPES):
        part = part_of(path) if path in imports else "recipes"
        names = {name.split(".")[1] for name in imports_of(path) if name.startswith("cla.")}
        for name in names & set(lines) - {part}:
            if lines[name] <= lines.get(part, -1) and not {part, name} <= BOTTOM:
                breaches.add((part, name))
    assert not breaches


def test_recipes_stand_on_what_is_for_them() -> None:
    names = {name for path in RECIPES for name in imports_of(path) if name.startswith("cla.")}
    assert {name.split(".")[1] for name in names} <= RECIPES_MAY_IMPORT


def test_libraries_stay_in_their_layer(imports: dict[Path, set[str]]) -> None:
    out_of_place = [
        (name_of(path), name)
        for path, names in imports.items()
        for name in {name.split(".")[0] for name in names}
        if part_of(path) not in ONLY.get(name, {part_of(path)})
    ]
    assert not out_of_place


def test_files_stay_short() -> None:
    lines = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in (*CODE, *RECIPES, *SCRIPTS, *TESTS)
    }
    assert not {path: count for path, count in lines.items() if count > MAX_LINES}


def test_the_layers_allow_no_cycle() -> None:
    done: set[str] = set()
    while len(done) < len(MAY_IMPORT):
        ready = {part for part, below in MAY_IMPORT.items() if below <= done} - done
        assert ready, "a cycle in MAY_IMPORT"
        done |= ready


@pytest.mark.parametrize("name", MODULES)
def test_scripts_import_their_neighbors_alone_and_in_no_circle(name: str) -> None:
    below = modules_of(MODULES[name])
    assert below <= set(MODULES)
    assert name not in reached_from(below)


def test_the_client_of_other_peoples_pages_is_short_and_stands_alone() -> None:
    assert not modules_of(MODULES["client.js"])
    assert len(MODULES["client.js"].read_text("utf-8").splitlines()) <= 200


def test_every_script_belongs_to_a_page() -> None:
    assert reached_from(ENTRIES) == set(MODULES)


def test_what_draws_knows_nothing_of_the_connection() -> None:
    assert not reached_from(DRAWING) & LIVE


def test_test_files_have_unique_names() -> None:
    names = [path.name for path in TESTS if path.name.startswith("test_")]
    assert len(names) == len(set(names))


def is_tool_folder(name: str) -> bool:
    """Whether something at the top belongs to a tool, a virtual environment among them."""
    return name.startswith(".") and name not in {".ci", ".streamlit", ".gitignore"}


def test_no_file_says_where_it_was_written() -> None:
    texts = {".py", ".md", ".toml", ".js", ".css", ".html", ".json", ".yml", ".yaml", ".cfg", ""}
    hidden = {"build", "dist", "node_modules", "site-packages", "__pycache__"}
    found = [
        name_of(path)
        for path in sorted(ROOT.rglob("*"))
        if path.is_file()
        and path.suffix in texts
        and not hidden & set(path.relative_to(ROOT).parts)
        and not is_tool_folder(path.relative_to(ROOT).parts[0])
        and FORBIDDEN.search(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert not found
