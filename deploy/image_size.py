"""How large the image's own layers are, by packing the same files, without a container engine.

Packs what `pip install .` brings into this environment, as gzip packs a layer, and this
checkout's wheel. The base image (Python, slim) comes beside that: about 45 MB packed.

Run: python deploy/image_size.py [--leave-out]; --leave-out leaves out what the Dockerfile deletes.
"""

import argparse
import gzip
import re
import tarfile
import tomllib
from collections import Counter
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
DELETED = re.compile(
    (ROOT / "deploy" / "not_in_image.txt").read_text("utf-8").strip().replace("\n", "|")
)
"""Files that no program of ours opens, as the Dockerfile deletes them."""
LEVEL = 6


class Counted:
    """A file that keeps nothing but its size."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> int:
        """Count bytes."""
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


def needed(names: list[str]) -> set[str]:
    """Distributions that these need, themselves included; extras as the names ask for them."""
    found: set[str] = set()
    while names:
        name = re.split(r"[\s\[;<>=!~(]", names.pop())[0].lower().replace("_", "-")
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:  # for another system
            continue
        if name not in found:
            found.add(name)
            names += [one for one in requires if "extra ==" not in one]
    return found


def main() -> None:
    """Pack and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--leave-out", action="store_true", help="what the Dockerfile deletes")
    leave_out = parser.parse_args().leave_out
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = needed(list(project["dependencies"]))
    files = {
        Path(str(file.locate())): name
        for name in names
        for file in distribution(name).files or ()
        if file.suffix != ".pyc" and not (leave_out and DELETED.search(file.as_posix()))
    }
    own = [path for part in ("cla", "assets", "pages") for path in (ROOT / part).rglob("*")]
    files |= {path: "cla" for path in own if "__pycache__" not in path.parts}
    packed, whole = Counted(), Counter[str]()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=LEVEL) as layer,
        tarfile.open(fileobj=layer, mode="w|") as archive,
    ):
        for path, name in sorted(files.items()):
            if path.is_file():
                whole[name] += path.stat().st_size
                archive.add(path)
    for name, size in whole.most_common(12):
        print(f"{name:30} {size / 1e6:8.0f} MB")
    print(f"{'all, unpacked':30} {whole.total() / 1e6:8.0f} MB")
    print(f"{'all, packed':30} {packed.size / 1e6:8.0f} MB")


if __name__ == "__main__":
    main()
