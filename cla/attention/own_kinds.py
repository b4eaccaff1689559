"""Files that register attention kinds, named in the environment."""

import os
import sys
from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from cla.errors import ClaError

VARIABLE = "CLA_KINDS"
"""The environment's word for Python files, separated as in PATH, that call `register_kind`."""


def load_kinds(environment: Mapping[str, str]) -> None:
    """Run the files that the environment names, each once.

    Raises:
        ClaError: one is missing, or fails.
    """
    for named in filter(None, environment.get(VARIABLE, "").split(os.pathsep)):
        path = Path(named).resolve()
        name = f"cla_kinds_{path.stem}"
        if name in sys.modules:
            continue
        spec = spec_from_file_location(name, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise ClaError("kinds_file_not_python", variable=VARIABLE, file=named)
        module = sys.modules[name] = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except ClaError:
            del sys.modules[name]
            raise
        except Exception as error:
            del sys.modules[name]
            raise ClaError(
                "kinds_file_fails", file=named, variable=VARIABLE, reason=repr(error)
            ) from error
