"""Where shipped and fetched files lie, and that shipped files are those that were shipped."""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cla.errors import ClaError


def asset_path(name: str) -> Path:
    """Returns the path of a shipped file or folder, given relative to `assets/`.

    A wheel holds the assets inside the package; a checkout holds them beside it.

    Raises:
        ClaError: nothing of that name was shipped.
    """
    package = Path(__file__).resolve().parent
    for root in (package / "assets", package.parent / "assets"):
        if (path := root / name).exists():
            return path
    raise ClaError("asset_missing", name=name)


def app_script() -> Path:
    """Returns the script that starts the app.

    Raises:
        ClaError: it was not shipped.
    """
    package = Path(__file__).resolve().parent
    for root in (package / "app", package.parent):
        if (path := root / "app.py").exists():
            return path
    raise ClaError("app_script_missing")


def recipes_root() -> Path:
    """Returns the folder that holds `recipes/`: this checkout, or the one that `cla` runs in.

    Raises:
        ClaError: the package is installed, and no checkout is at hand.
    """
    package = Path(__file__).resolve().parent
    for root in (package.parent, Path.cwd()):
        if (root / "recipes" / "__init__.py").exists() and (root / "cla").is_dir():
            return root
    raise ClaError("recipes_not_here")


def package_path(name: str) -> Path:
    """Returns the path of a file that lies inside the package, given relative to it."""
    return Path(__file__).resolve().parent / name


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Returns where programs keep a user's data on this system."""
    if local := environment.get("LOCALAPPDATA"):
        return Path(local) / "cla"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "cla"
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "cla"


def fetched_path(name: str) -> Path:
    """Returns where a file lies that `cla fetch` brings, fetched or not.

    The folder is `CLA_DATA` if that is set, else `cla` where the user's programs keep data.
    """
    if chosen := os.environ.get("CLA_DATA"):
        return Path(chosen) / name
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "cla" / name


def verified_asset(name: str) -> bytes:
    """Reads a shipped file whose SHA-256 is listed in the `SHA256SUMS` beside it.

    Raises:
        ClaError: the file is missing, not listed, or not the file that was listed.
    """
    path = asset_path(name)
    lines = (path.parent / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    digests = {file: digest for digest, file in (line.split() for line in lines)}
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digests.get(path.name):
        raise ClaError("asset_checksum", name=name)
    return content
