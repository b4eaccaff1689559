"""The compiled kernels of a process whose lanes do not wait for them.

Where they lie compiled they are loaded; else another process compiles them at the lowest priority,
and lanes step by PyTorch until then.
"""

import atexit
import contextlib
import logging
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cla.attention import kernels as attention_kernels
from cla.attention.kernels.ahead import Stopped, can_keep, compile_all, compiled, take_from
from cla.attention.kernels.folders import VARIABLE
from cla.resources import package_path

LOWEST = 19
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class KernelStatus:
    """How far the kernels are.

    Args:
        ready: they are loaded, and lanes may change over to them.
        share: of them that is compiled, while they are being compiled.
        missing: they cannot be had here.
    """

    ready: bool = False
    share: float | None = None
    missing: bool = False

    @property
    def final(self) -> bool:
        """Whether nothing more will come."""
        return self.ready or self.missing


class Kernels:
    """Loads the kernels on a thread of its own, once.

    Attributes:
        status: how far that is.
    """

    def __init__(self) -> None:
        self.status = KernelStatus()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._known = threading.Event()
        self._done = threading.Event()
        self._leaving = threading.Event()
        self._at_work = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether lanes may change over to them."""
        return self.status.ready

    def start(self) -> None:
        """Begin, unless it has begun."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="kernels", daemon=True)
                self._thread.start()
                atexit.register(self._leave)

    def settle(self) -> bool:
        """Wait until they are loaded, or have to be compiled first; returns whether they are."""
        self.start()
        self._known.wait()
        return self.ready

    def wait(self) -> bool:
        """Wait until they are loaded, however long that takes; False where they cannot be had."""
        self.start()
        self._done.wait()
        return self.ready

    def _run(self) -> None:
        # Around all that the thread holds: what is freed after it would be freed in LLVM's or
        # PyTorch's code, too.
        with self._at_work:
            self._make_ready()

    def _make_ready(self) -> None:
        why = ""
        try:
            if not attention_kernels.AVAILABLE:
                why = "numba is not installed."
            elif not compiled():
                self._known.set()
                why = self._compile()
            else:
                compile_all(stop=self._leaving.is_set)
        except Stopped:
            return  # the process ends
        except Exception as error:
            # A thread that dies in silence would leave whoever waits waiting for ever.
            why = repr(error)
        self.status = KernelStatus(ready=not why, missing=bool(why))
        if why:
            _LOG.warning("There are no compiled kernels, lanes step by PyTorch: %s", why)
        self._known.set()
        self._done.set()

    def _compile(self) -> str:
        """Have another process compile them, then load them; returns why that failed."""
        with ExitStack() as stack:
            environment = dict(os.environ)
            if not can_keep():
                folder = stack.enter_context(TemporaryDirectory(prefix="cla-kernels-"))
                take_from(Path(folder))
                environment[VARIABLE] = folder
            self._at_work.release()  # it may take a minute, for which nobody waits who leaves
            try:
                said = self._compile_beside(environment)
            finally:
                self._at_work.acquire()
            if not compiled():
                return said or "the process that compiles them has ended."
            compile_all(stop=self._leaving.is_set)
        return ""

    def _leave(self) -> None:
        """Let the thread end before Python, which would abort it in LLVM's or PyTorch's code."""
        self._leaving.set()
        self._at_work.acquire()  # for good: it does not begin again

    def _compile_beside(self, environment: dict[str, str]) -> str:
        """Run the compiler; returns the last that it said.

        It ends by itself, also when this process has gone: the next one finds what it compiled.
        """
        self.status = KernelStatus(share=0.0)
        paths = (str(package_path("").parent), environment.get("PYTHONPATH", ""))
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        said = ""
        with subprocess.Popen(
            [sys.executable, "-m", "cla.attention.kernels"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            creationflags=getattr(subprocess, "IDLE_PRIORITY_CLASS", 0),
        ) as process:
            with contextlib.suppress(AttributeError, OSError):  # Windows, or it has ended
                os.setpriority(os.PRIO_PROCESS, process.pid, LOWEST)
            for line in process.stdout or ():
                try:
                    self.status = KernelStatus(share=float(line))
                except ValueError:
                    said = line.strip() or said
        return said


@cache
def kernels() -> Kernels:
    """Those of this process."""
    return Kernels()
