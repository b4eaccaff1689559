"""Recordings whose tokens are put before a stream, so that long windows are full at once."""

import threading
from collections.abc import Hashable

import torch
from cachetools import LRUCache, cached
from torch import Tensor

from cla.capture import SampleClip, open_file, sample_clips
from cla.engine import FaultRecord, FillRecord, Progress, read_source
from cla.errors import ClaError
from cla.models import LONGEST_WINDOW, TaskModel
from cla.server.playing import Playing
from cla.server.sources import UPLOAD_LIMITS

FEWEST = 150
"""Tokens that are read of shipped clips, at least; they are repeated."""
MOST_KEPT = 8
"""Kinds of tasks whose tokens are kept for the next to ask."""
STEP = 0.02
"""Share of the work after which a page is told of it again."""
FROM_TASKS = {"sound": "digits", "video": "hands"}
"""Whose clips a task takes that has none of its own."""


class Filling:
    """Makes tokens on a thread of its own and puts them before the stream that plays.

    Args:
        content: of the file that was uploaded last; shipped clips are taken where there is none.
    """

    def __init__(self, playing: Playing, content: bytes | None) -> None:
        self._playing, self._content = playing, content
        self._thread = threading.Thread(target=self._run, name="filling", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the tokens are still being made."""
        return self._thread.is_alive()

    def _run(self) -> None:
        task, session = self._playing.task, self._playing.session

        told = 0.0

        def progress(share: float) -> None:  # of each clip
            nonlocal told
            if share >= told + STEP:
                told = min(share, 1 - STEP)
                session.report(FillRecord(told))

        try:
            session.report(FillRecord(told))
            if self._content is None:
                tokens = shipped_tokens(task, progress)
            else:
                with open_file(task.input, self._content, UPLOAD_LIMITS) as file:
                    tokens = read_source(task, file, progress).features
            session.fill(tokens, LONGEST_WINDOW)
        except ClaError as error:
            session.report(FaultRecord(error))
        except Exception as error:
            # A thread that ends without a word would leave the page waiting.
            session.report(FaultRecord(ClaError("filling_failed", reason=repr(error))))


def _clips_of(task: TaskModel) -> tuple[SampleClip, ...]:
    return sample_clips(task.name) or sample_clips(FROM_TASKS[task.input])


def _key(task: TaskModel, _: Progress) -> Hashable:
    return task.features, *(clip.name for clip in _clips_of(task))


@cached(LRUCache(MOST_KEPT), key=_key, lock=threading.Lock())
def shipped_tokens(task: TaskModel, progress: Progress) -> Tensor:
    """Tokens (T, F) of clips that come with the package; those made before are kept.

    Raises:
        ClaError: they cannot be read.
    """
    found: list[Tensor] = []
    for clip in _clips_of(task):
        if sum(map(len, found)) < FEWEST:
            with open_file(task.input, clip.path) as file:
                found.append(read_source(task, file, progress).features)
    return torch.cat(found)
