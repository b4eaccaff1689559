"""Make clips/storyteller.csv: joints of somebody who tells a story, made up by rule.

Places and paces are like those of Gesture Phase Segmentation; none of it is recorded.
Prints the entry of `index.json`. Run: python assets/clips/make_gesture_clip.py
"""

import csv
import json
from itertools import pairwise
from pathlib import Path

import numpy as np

RATE_HZ, SEED = 30, 5
TORSO, DEPTH = 2.6, 5.5
SPINE = np.array([5.0, 4.2, 1.78])
LAP = np.array([0.18, 0.0, -0.5])
"""Of a right hand, from the spine, in torso lengths; z by another unit, as the sensor gives it."""
# How many hands, where the stroke is, how far it swings across and up, seconds of each phase.
GESTURES = (
    (2, (0.35, -0.35, -0.75), (0.35, 0.2), (0.6, 1.4, 0.0, 0.6)),
    (1, (0.30, -0.55, -0.70), (0.25, 0.35), (0.5, 1.1, 0.6, 0.7)),
    (2, (0.45, -0.30, -0.65), (0.3, 0.35), (0.7, 2.0, 0.0, 0.6)),
    (1, (0.10, -0.45, -0.85), (0.4, 0.2), (0.5, 1.5, 0.5, 0.6)),
    (2, (0.25, -0.50, -0.80), (0.35, 0.35), (0.6, 1.8, 0.7, 0.7)),
)
REST_S = 1.6
BEAT_S = 0.35
PHASES = ("preparation", "stroke", "hold", "retraction")
COLUMNS = [f"{joint}{axis}" for joint in ("lh", "rh", "h", "s", "lw", "rw") for axis in "xyz"]


def eased(count: int) -> np.ndarray:
    """From 0 to 1 with the least jerk, (T, 1)."""
    t = (np.arange(count) + 1)[:, None] / count
    return t**3 * (10 - 15 * t + 6 * t**2)


def way_of_hand(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Of the right and the left hand (T, 3), from the spine in torso lengths, and the phases."""
    right, left, phases = [], [], []

    def rest() -> None:
        frames = round(REST_S * RATE_HZ)
        for way in (right, left):
            way.append(np.repeat(LAP[None], frames, 0))
        phases.extend(["rest"] * frames)

    for hands, place, swing, lengths_s in GESTURES:
        rest()
        counts = [round(length * RATE_HZ) for length in lengths_s]
        target = LAP + (np.array(place) - LAP) * rng.uniform(0.9, 1.1, 3)
        beats = max(2, round(lengths_s[1] / BEAT_S))
        phase = np.linspace(0, 2 * np.pi * beats, counts[1])[:, None]
        beat = np.sin(phase) * [swing[0], 0, 0] + (1 - np.cos(phase)) * [0, swing[1] / 2, 0]
        way = np.concatenate([
            LAP + eased(counts[0]) * (target - LAP), target + beat,
            np.repeat(target[None], counts[2], 0), target + eased(counts[3]) * (LAP - target),
        ])  # fmt: skip
        right.append(way)
        left.append(way if hands == 2 else np.repeat(LAP[None], len(way), 0))
        for name, count in zip(PHASES, counts, strict=True):
            phases.extend([name] * count)
    rest()
    return np.concatenate(right), np.concatenate(left), phases


def smooth_noise(shape: tuple[int, int], size: float, rng: np.random.Generator) -> np.ndarray:
    """What breath and sensor add."""
    noise = rng.standard_normal(shape)
    kernel = np.hanning(21) / np.hanning(21).sum()
    return size * 3 * np.stack([np.convolve(one, kernel, "same") for one in noise.T], 1)


def main() -> None:
    """Write the clip and print its entry."""
    rng = np.random.default_rng(SEED)
    right, left, phases = way_of_hand(rng)
    count = len(phases)
    unit = TORSO * np.array([1, 1, 1 / DEPTH])
    joints = []
    for way, side in ((left, -1), (right, 1)):
        hand = SPINE + (way + smooth_noise((count, 3), 0.006, rng)) * unit * [side, 1, 1]
        wrist = hand + np.array([0.06 * side, 0.03, 0.03]) * TORSO * [1, 1, 1 / DEPTH]
        joints.append((hand, wrist))
    spine = SPINE + smooth_noise((count, 3), 0.01, rng)
    head = spine + np.array([0, -TORSO, 0]) + smooth_noise((count, 3), 0.02, rng)
    (left_hand, left_wrist), (right_hand, right_wrist) = joints
    table = np.concatenate([left_hand, right_hand, head, spine, left_wrist, right_wrist], 1)
    path = Path(__file__).parent / "storyteller.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, "timestamp", "phase"])
        for frame, (row, phase) in enumerate(zip(table, phases, strict=True)):
            time_ms = round(1000 * frame / RATE_HZ)
            writer.writerow([*(f"{number:.3f}" for number in row), time_ms, phase.title()])
    bounds = [0, *np.flatnonzero(np.array(phases[1:]) != phases[:-1]) + 1, count]
    words = [
        {"label": phases[a], "start_s": round(a / RATE_HZ, 2), "end_s": round(b / RATE_HZ, 2)}
        for a, b in pairwise(bounds)
        if phases[a] != "rest"
    ]
    entry = {
        "name": "storyteller", "task": "gestures", "title": "Joints of a storyteller, made up",
        "file": path.name, "license": "Apache-2.0",
        "attribution": "Made up by rule by this project; nobody was recorded.", "words": words,
    }  # fmt: skip
    print(json.dumps(entry, indent=2))


if __name__ == "__main__":
    main()
