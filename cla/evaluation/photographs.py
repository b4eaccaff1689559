"""Photographs of hands, each shown for a while as a camera would see it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cla.attention import LOW_RANK, STREAMED
from cla.capture import VideoLimits, open_video
from cla.errors import ClaError
from cla.evaluation.lanes import FULL, probabilities, row_name
from cla.evaluation.scoring import interval
from cla.features import HAND_HOP_S, HandTokenizer
from cla.models import LaneSpec, TaskModel
from cla.types import VideoFrame

SHOWN_S = 3.0
FRAME_HZ = 15.0
JITTER_PX = 1.0
"""Standard deviation of a camera's shake, and of its noise in steps of brightness."""
NAMED_S = 1.0
"""At the end of a photograph, of which most tokens name it."""
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
JUDGED_LANES = (
    FULL,
    LaneSpec(STREAMED),
    LaneSpec(LOW_RANK, 16),
    LaneSpec(LOW_RANK, 16, "continual"),
)


@dataclass(frozen=True)
class Shown:
    """A photograph as tokens.

    Args:
        label: what it must be called: the name of its folder, or none.
        found: share of its last second in which a hand was found.

    Shapes:
        features: (T, F).
    """

    folder: str
    label: str
    features: NDArray[np.float32]
    found: float


def find_photographs(folder: Path) -> list[Path]:
    """All photographs that lie in a folder of their class.

    Raises:
        ClaError: there are none.
    """
    found = sorted(
        path for path in folder.glob("*/*") if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    if not found:
        raise ClaError("photographs_missing", folder=folder)
    return found


def show(
    paths: Sequence[Path], labels: Sequence[str], shown: Callable[[], None] = lambda: None
) -> Iterator[Shown]:
    """The tokens of each photograph, shown for `SHOWN_S` by a camera that shakes a little.

    Raises:
        ClaError: one cannot be read.
    """
    tokenizer = HandTokenizer()
    for number, path in enumerate(paths):
        rng = np.random.default_rng(number)
        with open_video(path, limits=VideoLimits(max_pixels=2**26)) as video:
            image = next(iter(video)).image
        tokenizer.reset()
        tokens, seen = [], []
        for frame in range(round(SHOWN_S * FRAME_HZ)):
            tokens += tokenizer.push(VideoFrame(_shaken(image, rng), frame / FRAME_HZ))
            seen.append(bool(tokenizer.hands))
        folder = path.parent.name
        yield Shown(
            folder,
            folder if folder in labels else labels[0],
            np.stack([token.features.numpy() for token in tokens]),
            float(np.mean(seen[-round(NAMED_S * FRAME_HZ) :])),
        )
        shown()


def judge(task: TaskModel, photographs: Sequence[Shown]) -> dict[str, dict[str, Any]]:
    """Photographs named right by folder and lane, and what else they were called."""
    named = {row_name(lane): _named(task, lane, photographs) for lane in JUDGED_LANES}
    return {
        folder: {
            "photographs": len(own),
            "hand_found": round(float(np.mean([photographs[i].found > 0.5 for i in own])), 4),
            **{
                lane: _counted([leaders[i] for i in own], photographs[own[0]].label)
                for lane, leaders in named.items()
            },
        }
        for folder, own in _by_folder(photographs).items()
    }


def label_changes(output: NDArray[np.float32]) -> float:
    """How often in 10 s another label leads, once a second has gone by.

    Shapes:
        output: (T, C).
    """
    leaders = output[round(1 / HAND_HOP_S) :].argmax(-1)
    return float(np.count_nonzero(np.diff(leaders)) * 10 / (len(leaders) * HAND_HOP_S))


def _by_folder(photographs: Sequence[Shown]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, one in enumerate(photographs):
        found.setdefault(one.folder, []).append(index)
    return found


def _named(
    task: TaskModel, lane: LaneSpec, photographs: Sequence[Shown]
) -> list[tuple[str, float]]:
    """What each photograph is called, and how often that changes in 10 s."""
    outputs = probabilities(task.lane(lane), [one.features for one in photographs])
    newest = round(NAMED_S / HAND_HOP_S)
    return [
        (
            Counter(task.labels[i] for i in rows[-newest:].argmax(-1)).most_common(1)[0][0],
            label_changes(rows),
        )
        for rows in outputs
    ]


def _counted(named: Sequence[tuple[str, float]], label: str) -> dict[str, Any]:
    called = Counter(name for name, _ in named)
    right = called.pop(label, 0)
    return {
        "right": right,
        "share": round(right / len(named), 4),
        "interval": interval(right, len(named)),
        "called": dict(called.most_common()),
        "label_changes_in_10_s": round(float(np.mean([changes for _, changes in named])), 3),
    }


def _shaken(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    down, across = np.round(rng.normal(0, JITTER_PX, 2)).astype(int)
    moved = np.roll(image, (down, across), (0, 1)).astype(np.float32)
    moved += rng.normal(0, JITTER_PX, image.shape).astype(np.float32)
    return moved.clip(0, 255).astype(np.uint8)
