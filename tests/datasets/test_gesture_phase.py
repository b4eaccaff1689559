"""Gesture Phase Segmentation: small files of its published layouts, features, variants."""

from pathlib import Path

import numpy as np
import pytest

from cla.datasets import TokenSet, open_dataset
from cla.datasets.gesture_phase import LABELS, GestureRecording, gesture_phase, paced, paces, varied
from cla.errors import ClaError
from cla.experiments.data import class_weights, split, with_variants
from cla.experiments.presets import preset
from cla.features import body, body_features

COLUMNS = ",".join(
    f"{joint}{axis}" for joint in ("lh", "rh", "h", "s", "lw", "rw") for axis in "xyz"
)


def recording(frames: int, seed: int = 0) -> GestureRecording:
    rng = np.random.default_rng(seed)
    posture = rng.standard_normal((body.NUM_JOINTS, 3))
    posture[body.HEAD] = posture[body.SPINE] - [0, 2.6, 0]
    moved = np.cumsum(0.05 * rng.standard_normal((frames, body.NUM_JOINTS, 3)), 0)
    return GestureRecording(posture + moved, np.cumsum(rng.uniform(0.015, 0.05, frames)))


def write_raw(path: Path, phases: list[str], seed: int = 0) -> GestureRecording:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = recording(len(phases), seed)
    lines = [f"{COLUMNS},timestamp,phase"]
    for points, time_s, phase in zip(*made, phases, strict=True):
        numbers = ",".join(f"{one:.6f}" for one in points.ravel())
        lines.append(f"{numbers},{round(1000 * time_s)},{phase}")
    path.write_text("\n".join(lines) + "\n")
    return made


PHASES = ["Rest", "Preparation", "Stroke", "Hold", "Retraction", "Rest"]


def test_raw_recordings_become_tokens_a_fold_each(tmp_path: Path):
    made = write_raw(tmp_path / "a1_raw.csv", PHASES)
    write_raw(tmp_path / "b3_raw.csv", PHASES[:2], 1)
    (tmp_path / "readme.csv").write_text("x\n")
    found = open_dataset("gesture-phase", tmp_path, tmp_path)
    first, second = found.sequences
    assert (first.name, first.fold, second.name, second.fold) == ("a1_raw", 0, "b3_raw", 1)
    assert first.labels.tolist() == [0, 1, 2, 3, 4, 0]
    assert (found.labels, found.measure, found.background) == (LABELS, "average_precision", None)
    assert found.sequences[0].features.shape[1] == 32
    exact = body_features(*made)
    np.testing.assert_allclose(first.features, exact, rtol=0.05, atol=0.05)  # times are whole ms


def test_recordings_of_other_people_can_be_kept_for_the_test(tmp_path: Path):
    write_raw(tmp_path / "train" / "a1_raw.csv", PHASES)
    write_raw(tmp_path / "train" / "a2_raw.csv", PHASES)
    write_raw(tmp_path / "test" / "c1_raw.csv", PHASES)
    parts = split(gesture_phase(tmp_path), preset("gesture-phase", tmp_path))
    assert [one.name for one in parts.test] == ["c1_raw"]
    assert [one.name for one in parts.train] == ["a1_raw", "a2_raw"]


def test_processed_files_hold_32_numbers_and_initials(tmp_path: Path):
    header = ",".join([*(str(1 + column) for column in range(32)), "Phase"])
    row = ",".join(["0.5"] * 32)
    lines = [header, *(f"{row},{initial}" for initial in "DPSHR")]
    (tmp_path / "a1_va3.csv").write_text("\n".join(lines))
    found = gesture_phase(tmp_path, "va3")
    assert found.sequences[0].features.shape == (5, 32)
    assert found.sequences[0].labels.tolist() == [0, 1, 2, 3, 4]
    assert found.variant is None


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: text.replace("timestamp", "time"), "no column timestamp"),
        (lambda text: text.replace(",phase", ",label"), "no column phase"),
        (lambda text: text.replace("Hold", "Held"), "held"),
        (lambda text: text.splitlines()[0], "no frames"),
        (lambda text: text + "1,2\n", "index"),
        (lambda text: text.replace(",Rest", "nan,Rest").replace("Rest", "Rest", 1), "convert"),
    ],
)
def test_files_of_another_layout_are_refused(tmp_path: Path, change, what: str):
    path = tmp_path / "a1_raw.csv"
    write_raw(path, PHASES)
    path.write_text(change(path.read_text()))
    with pytest.raises(ClaError, match=what):
        gesture_phase(tmp_path)


def test_a_missing_set_says_where_it_comes_from(tmp_path: Path):
    with pytest.raises(ClaError, match=r"archive\.ics\.uci\.edu"):
        gesture_phase(tmp_path)
    with pytest.raises(ClaError, match="va3"):
        gesture_phase(tmp_path, "pictures")


def test_what_came_before_a_break_does_not_matter():
    points, times_s = recording(20)
    times_s[12:] += 40
    alone = body_features(points[12:], times_s[12:])
    np.testing.assert_array_equal(body_features(points, times_s)[12:], alone)


def test_features_depend_neither_on_the_place_nor_on_the_size_of_a_body():
    points, times_s = recording(20)
    other = body_features(1.3 * points + [2.0, -1.0, 0.4], times_s)
    np.testing.assert_allclose(other, body_features(points, times_s), atol=1e-3)


def test_variants_move_as_the_recording_does_and_are_drawn():
    made = recording(400)
    moves = np.diff(made.points, axis=0)[:, body.LEFT_HAND]
    shares = []
    for seed in range(12):
        points, times_s = varied(made, np.random.default_rng(seed))
        assert points.shape == made.points.shape
        np.testing.assert_array_equal(times_s, made.times_s)
        drawn = np.diff(points, axis=0)
        hands = [np.corrcoef(drawn[:, hand, 1], moves[:, 1])[0, 1]
                 for hand in (body.LEFT_HAND, body.RIGHT_HAND)]  # fmt: skip
        assert max(hands) > 0.8
        shares.append(hands[1] > hands[0])
    assert 0 < np.mean(shares) < 1  # some are mirrored
    first, again = (varied(made, np.random.default_rng(1)) for _ in "12")
    np.testing.assert_array_equal(first.points, again.points)


def test_another_pace_has_more_or_fewer_frames_of_the_same_way():
    made = recording(300)
    counts = []
    for seed in range(8):
        places = paces(made, np.random.default_rng(seed))
        found = paced(made, places)
        assert len(found.times_s) == len(found.points) == len(places)
        assert (np.diff(found.times_s) > 0).all()
        whole = places == places.round()
        np.testing.assert_allclose(found.points[whole], made.points[places[whole].astype(int)])
        counts.append(len(places))
    assert min(counts) < 299 < max(counts)
    exact = paced(made, np.arange(299.0))
    np.testing.assert_allclose(exact.points, made.points[:299])
    np.testing.assert_allclose(np.diff(exact.times_s), np.diff(made.times_s)[1:299])


def test_variants_join_what_is_trained_on_alone(tmp_path: Path):
    for seed, name in enumerate(("a1", "a2", "a3")):
        write_raw(tmp_path / f"{name}_raw.csv", PHASES, seed)
    data: TokenSet = gesture_phase(tmp_path)
    config = preset("gesture-phase", tmp_path)
    parts = with_variants(split(data, config), data, config)
    copies = 1 + config.training.variants
    assert [one.name for one in parts.train] == ["a2_raw", "a3_raw"] * copies
    assert len({one.features.tobytes() for one in parts.train}) == 2 * copies
    assert len(parts.test) == 1


def test_rare_classes_count_more_and_a_token_1_on_average(tmp_path: Path):
    write_raw(tmp_path / "a1_raw.csv", ["Rest"] * 9 + ["Hold"])
    sequences = gesture_phase(tmp_path).sequences
    even = class_weights(sequences, 5, 1.0)
    assert even.tolist() == pytest.approx([1 / 1.8, 0, 0, 5, 0])
    assert class_weights(sequences, 5, 0.0)[[0, 3]].tolist() == [1, 1]
