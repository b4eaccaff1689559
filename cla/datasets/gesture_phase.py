"""Gesture Phase Segmentation: a phase for every frame of people who tell stories."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.capture.joint_file import COLUMNS, PUBLISHED_AT, read_table, unfit
from cla.datasets.clips import Origin
from cla.datasets.token_sets import TokenSequence, TokenSet
from cla.errors import ClaError
from cla.features import BODY_HOP_S, NUM_JOINTS, body, body_features
from cla.texts.sentence import Sentence

MIRRORED_SHARE = 0.5
TURN, LEAN = 0.1, 0.05
"""About the vertical and to a side, in radians; like all below, a standard deviation."""
STRETCH = 0.1
"""Of each axis, and of the head's distance from the spine, in natural logarithms."""
OFFSET, HAND_OFFSET = 0.1, 0.05
"""Of both arms and of each alone, in the recordings' unit, of which a torso has 2.6."""
NOISE = 0.01
PACE = 0.2
"""In natural logarithms."""
DEPTHS = np.array([1.0, 1.0, 1 / body.DEPTH_UNIT])


GESTURE_PHASE = Origin(
    "Gesture Phase Segmentation",
    PUBLISHED_AT,
    "5 MB",
    "a1_raw.csv and so on, or a1_va3.csv, here or in folders train/ and test/",
)
LABELS = ("rest", "preparation", "stroke", "hold", "retraction")
WINDOW = 64
PROCESSED_DIM = 32
TEST, TRAIN = 0, 1
"""Folds of recordings in folders `test` and `train`."""
_FILE = re.compile(r"([a-z]\d+)_(raw|va3)\.csv")
_PHASES = {name: label for label, name in enumerate(LABELS)}


class GestureRecording(NamedTuple):
    """Joints, frame by frame.

    Shapes:
        points: (T, 6, 3), see `cla.features.body`
        times_s: (T,)
    """

    points: NDArray[np.float64]
    times_s: NDArray[np.float64]


def varied(recording: GestureRecording, rng: np.random.Generator) -> GestureRecording:
    """The recording by another body, mirrored or not, turned, placed and paced another way."""
    points, times_s = recording
    middle = points[:, [body.SPINE]].mean(0)
    points = (points - middle) / DEPTHS
    if rng.random() < MIRRORED_SHARE:
        points = points[:, body.MIRRORED] * [-1, 1, 1]
    points = _turned(points, TURN * rng.standard_normal(), (0, 2))
    points = _turned(points, LEAN * rng.standard_normal(), (0, 1))
    spine = points[:, [body.SPINE]]
    stretch = np.exp(STRETCH * rng.standard_normal((body.NUM_JOINTS, 3)))
    stretch[:] = stretch[0]
    stretch[body.HEAD] *= np.exp(STRETCH * rng.standard_normal())
    points = spine + (points - spine) * stretch
    points[:, body.ARMS] += OFFSET * rng.standard_normal(3)
    for arm in body.LEFT_ARM, body.RIGHT_ARM:
        points[:, arm] += HAND_OFFSET * rng.standard_normal(3)
    points += NOISE * rng.standard_normal(points.shape)
    return GestureRecording(points * DEPTHS + middle, times_s)


def paces(recording: GestureRecording, rng: np.random.Generator) -> NDArray[np.floating]:
    """Places between the frames of a recording at which one of another pace has its frames.

    It dwells on a gesture for longer or shorter than the recording does, by as much all along.
    """
    pace = float(np.exp(PACE * rng.standard_normal()))
    last = len(recording.times_s) - 1
    return pace * np.arange(np.ceil(last / pace))


def paced(recording: GestureRecording, places: NDArray[np.floating]) -> GestureRecording:
    """The recording at other places between its frames, with frames as far apart in time."""
    points, times_s = recording
    before = places.astype(np.int64)
    share = (places - before)[:, None, None]
    elapsed_s = np.diff(times_s)[before]
    between = points[before] + share * (points[before + 1] - points[before])
    return GestureRecording(between, np.cumsum(elapsed_s))


def _turned(
    points: NDArray[np.float64], angle: float, axes: tuple[int, int]
) -> NDArray[np.float64]:
    first, second = (points[..., axis] for axis in axes)
    turned = points.copy()
    turned[..., axes[0]] = np.cos(angle) * first - np.sin(angle) * second
    turned[..., axes[1]] = np.sin(angle) * first + np.cos(angle) * second
    return turned


_PHASES |= {"d": 0, "p": 1, "s": 2, "h": 3, "r": 4}
"""In words, or by the initials that the processed files have; D is descanso, rest."""


def gesture_phase(folder: Path, features: str | None = None) -> TokenSet:
    """Every recording that is there, a token for each frame.

    Each recording is a fold, in the order of their names; but where some are in a folder `test`
    these are fold 0, and the others are trained on.

    Args:
        features: `body`, the joints of raw files (`body_features`), if not given; or `va3`, the
            32 velocities and accelerations of the processed files.

    Raises:
        ClaError: there is no recording, or a file is of another layout.
    """
    if features not in (None, "body", "va3"):
        raise ClaError("gesture_features_unknown", name=features)
    layout = "va3" if features == "va3" else "raw"
    paths = [
        path
        for path in sorted(folder.rglob("*.csv"), key=lambda path: path.name)
        if (named := _FILE.fullmatch(path.name)) and named[2] == layout
    ]
    if not paths:
        raise GESTURE_PHASE.missing(folder)
    kept_apart = any(path.parent.name == "test" for path in paths)
    raw: dict[str, GestureRecording] = {}
    sequences = []
    for index, path in enumerate(paths):
        fold = (TEST if path.parent.name == "test" else TRAIN) if kept_apart else index
        numbers, labels = _read(path, layout)
        if layout == "va3":
            sequences.append(TokenSequence(path.stem, numbers, labels, fold))
            continue
        points = numbers[:, :-1].reshape(-1, NUM_JOINTS, 3)
        raw[path.stem] = GestureRecording(points, numbers[:, -1] / 1000)
        features_of = body_features(*raw[path.stem])
        sequences.append(TokenSequence(path.stem, features_of, labels, fold))

    def variant(sequence: TokenSequence, rng: np.random.Generator) -> TokenSequence:
        places = paces(raw[sequence.name], rng)
        made = varied(paced(raw[sequence.name], places), rng)
        labels = sequence.labels[places.round().astype(np.int64)]
        return sequence._replace(features=body_features(*made), labels=labels)

    return TokenSet(
        "gesture-phase",
        LABELS,
        tuple(sequences),
        BODY_HOP_S,
        WINDOW,
        "average_precision",
        variant=variant if raw else None,
    )


def _read(path: Path, layout: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The numbers (T, K) and labels (T,) of a file; times, in ms, are the last of the raw ones."""
    text = path.read_text("utf-8-sig", "replace")
    numbers, phases = read_table(text, path.name, COLUMNS if layout == "raw" else None)
    if layout == "va3" and numbers.shape[1] != PROCESSED_DIM:
        found = Sentence("gesture_layout.columns", found=numbers.shape[1], expected=PROCESSED_DIM)
        raise unfit(path.name, found)
    try:
        return numbers, np.array([_PHASES[phase] for phase in phases], np.int64)
    except KeyError as error:
        # A table without the column gives empty names.
        name = error.args[0]
        column = Sentence("gesture_layout.column", name="phase")
        value = Sentence("gesture_layout.value", reason=error)
        raise unfit(path.name, value if name else column) from error
