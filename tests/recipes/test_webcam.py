"""Real hands and movements before a webcam, hands from all sides, and photographs."""

import json
from typing import get_args

import cv2
import numpy as np
import pytest
from hand_data import photograph, recorded_hands

from cla.cli.evaluate import main as evaluate
from cla.errors import ClaError
from cla.evaluation.photographs import label_changes
from recipes.hands.shapes import Views
from recipes.hands.streams import StreamConfig, StreamMaker
from recipes.hands.vocabulary import NONE, label_index
from recipes.hands.webcam import FOLDER, FRAMES, Part, read_webcam

ROWS = 40


@pytest.fixture(scope="module")
def recordings():
    return recorded_hands()


@pytest.fixture
def folder(tmp_path, recordings):
    """The data set's two files, made of the recorded hands and of a circle."""
    (tmp_path / FOLDER).mkdir()
    hands = [
        np.concatenate(([kind], (hand - hand[0]).ravel()))
        for kind, sign in enumerate(("5", "Power_Fist", "1", "Ok"))
        for hand in recordings[sign][np.arange(ROWS) % len(recordings[sign])]
    ]
    np.savetxt(tmp_path / FOLDER / "keypoint.csv", hands, delimiter=",")
    at = np.arange(ROWS + FRAMES) / 20 * 2 * np.pi
    circle = np.stack((0.05 * np.cos(at), 0.09 * np.sin(at)), 1)
    moves = [
        np.concatenate(([kind], (circle[row : row + FRAMES] - circle[row]).ravel()))
        for kind in range(4)
        for _ in range(4)  # four movements of each kind
        for row in range(ROWS // 4)
    ]
    np.savetxt(tmp_path / FOLDER / "point_history.csv", moves, delimiter=",")
    return tmp_path


def test_no_frame_or_movement_is_in_two_parts(folder):
    trained, tuned, tested = (read_webcam(folder, part) for part in get_args(Part))
    for part, frames, circles, others in (
        (trained, 24, 4, 2),
        (tuned, 6, 2, 1),
        (tested, 10, 2, 1),
    ):
        assert {sign: len(hands) for sign, hands in part.hands.items()} == {
            "5": frames, "Power_Fist": frames, "1": frames, "Ok": frames
        }  # fmt: skip
        assert (len(part.circles), len(part.others)) == (circles, others)
    sizes = np.sqrt(np.square(trained.hands["5"]).sum(-1).mean(-1))
    np.testing.assert_allclose(sizes, 1, atol=1e-3)


def test_rows_that_go_on_are_one_movement(folder):
    (path, *_) = read_webcam(folder, "trained").circles
    assert len(path) == FRAMES + ROWS // 4 - 1
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert np.ptp(steps) < 0.02 * steps.mean()  # round, once heights are as widths


def test_a_missing_data_set_is_explained(tmp_path):
    with pytest.raises(ClaError, match="keypoint") as error:
        read_webcam(tmp_path, "trained")
    assert "--recordings" in error.value.remedy


def test_streams_of_real_hands_and_circles(recordings, folder):
    webcam = read_webcam(folder, "trained")
    only = {"seconds": 20.0, "webcam": 1.0, "companion": 0.0}
    signs = StreamMaker(recordings, StreamConfig(shares=(1, 0, 0, 0, 0), **only), webcam)
    labels = signs.make(np.random.default_rng(0)).labels
    assert set(labels) <= {NONE, *(label_index(sign) for sign in webcam.hands)}
    config = StreamConfig(shares=(0, 1, 0, 0, 0), traced=1.0, **only)
    circles = StreamMaker(recordings, config, webcam).make(np.random.default_rng(0))
    assert label_index("circle") in circles.labels
    assert label_index("wave") not in circles.labels


def test_paths_that_are_varied_stay_circles(recordings, folder):
    webcam = read_webcam(folder, "trained")
    shares = {"seconds": 10.0, "shares": (0, 1, 0, 0, 0), "traced": 1.0, "companion": 0.0}
    plain, varied = (
        StreamMaker(recordings, StreamConfig(path_variety=variety, **shares), webcam).make(
            np.random.default_rng(3)
        )
        for variety in (0.0, 0.3)
    )
    assert label_index("circle") in varied.labels
    assert not np.array_equal(plain.features[:20], varied.features[:20])


def test_a_still_hand_keeps_one_label(recordings):
    config = StreamConfig(seconds=5.0, still=True, companion=0.0)
    stream = StreamMaker(recordings, config).make(np.random.default_rng(0))
    assert len(set(stream.labels[stream.features[:, 0] == 1])) == 1


def test_a_view_is_the_same_for_all_frames_and_none_from_ahead(recordings):
    views = Views(recordings.values())
    hand = np.repeat(recordings["5"][:1], 4, axis=0)
    ahead = views.seen(hand, np.random.default_rng(0), variety=0.0)
    assert np.ptp(ahead, axis=0).max() < 1e-6
    # The palm, which is flat, stays as it was but for its size.
    palm, seen = hand[0, [0, 5, 17]], ahead[0, [0, 5, 17]]
    ratios = np.linalg.norm(seen[1:] - seen[0], axis=1) / np.linalg.norm(palm[1:] - palm[0], axis=1)
    assert ratios[0] == pytest.approx(ratios[1], rel=0.1)
    aside = views.seen(hand, np.random.default_rng(1), variety=2.0)
    assert np.abs(aside - ahead).max() > 0.1


def test_label_changes_are_counted_in_10_s():
    rows = np.zeros((150 + 15, 2), np.float32)
    rows[:, 0] = 0.5
    rows[60:90, 1] = 1.0
    assert label_changes(rows) == pytest.approx(2)


def test_photographs_are_judged_by_their_folders(tmp_path, capsys):
    for folder, image in (
        ("5", photograph("Histogram_Comparison_Source_0")),
        ("no hand", np.full((200, 300, 3), 127, np.uint8)),
    ):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "one.jpg"), image[..., ::-1])
    figures = tmp_path / "figures.json"
    assert evaluate(["hands", "--clips", str(tmp_path), "--json", str(figures)]) == 0
    assert "no hand" in capsys.readouterr().out
    found = json.loads(figures.read_text("utf-8"))
    assert found["5"]["hand_found"] == 1
    assert found["5"]["full"]["right"] == found["no hand"]["full"]["right"] == 1
    assert found["no hand"]["hand_found"] == 0


def test_a_folder_without_photographs_is_explained(tmp_path):
    with pytest.raises(ClaError, match="no photographs"):
        evaluate(["hands", "--clips", str(tmp_path)])
