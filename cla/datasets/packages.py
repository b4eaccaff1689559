"""Fetch a package of data by its ordinary client, check it, and unpack it."""

import hashlib
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cla.errors import ClaError
from cla.files import make_folder

FETCH_TIMEOUT_S = 900
_PATIENCE = ("--retries", "1", "--timeout", "20", "--disable-pip-version-check")
_UNREACHABLE = re.compile(
    r"connection broken|NewConnectionError|timed out|name resolution|ProxyError|SSLError"
)
"""What pip says, in one word or another, where its index does not answer."""


@dataclass(frozen=True)
class Package:
    """One version of a package and what is known about it.

    Args:
        kind: who distributes it: Debian, the Python index or the npm registry.
        file_name: name under which its client saves it.
        sha256: of that file.
        license: of the part that is used.
    """

    kind: Literal["debian", "python", "npm"]
    name: str
    version: str
    file_name: str
    sha256: str
    license: str

    @property
    def command(self) -> list[str]:
        """The client's command that saves the file in the current folder."""
        if self.kind == "debian":
            return ["apt-get", "download", f"{self.name}={self.version}"]
        if self.kind == "npm":
            return ["npm", "pack", "--silent", f"{self.name}@{self.version}"]
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *_PATIENCE]
        return [*download, f"{self.name}=={self.version}"]


def fetch(package: Package, folder: Path) -> Path:
    """Return the unpacked package below `folder`, fetching it when it is not there yet.

    Raises:
        ClaError: the client is missing or fails, or the file is not the one that is known.
    """
    unpacked = folder / package.name
    if unpacked.exists():
        return unpacked
    make_folder(folder)
    path = folder / package.file_name
    if not path.exists():
        _run(package.command, folder)
    check_sha256(path, package.sha256)
    part = folder / f"{package.name}.part"
    part.mkdir(exist_ok=True)
    _unpack(path, part)
    part.rename(unpacked)
    return unpacked


def check_sha256(path: Path, expected: str) -> None:
    """Raise `ClaError` unless the file at `path` is the one expected."""
    if not path.exists():
        raise ClaError("package_not_delivered", file=path.name)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise ClaError(
            "package_checksum", file=path.name, found=found, expected=expected, path=path
        )


def _unpack(path: Path, folder: Path) -> None:
    if path.suffix == ".deb":
        _run(["dpkg", "-x", str(path), str(folder)], folder)
    elif path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    else:
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")


def _run(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, timeout=FETCH_TIMEOUT_S
        )
    except FileNotFoundError as error:
        raise ClaError("packing_program_missing", program=command[0]) from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        output = getattr(error, "stderr", None) or b""
        said = output.decode(errors="replace").strip()
        if "No module named pip" in said:
            raise ClaError("pip_missing") from error
        if _UNREACHABLE.search(said):
            raise ClaError("package_index_unreachable") from error
        raise ClaError(
            "package_command_failed", command=" ".join(command), output=said[-300:]
        ) from error
