"""Hands in photographs, against what MediaPipe itself finds in them."""

import numpy as np
import pytest
from hand_data import PALMS, expected, photograph

from cla.errors import ClaError
from cla.features import HandTokenizer, HandTracker, PalmDetector


@pytest.fixture(scope="module")
def tracker():
    return HandTracker()


@pytest.fixture(autouse=True)
def new_stream(tracker):
    tracker.reset()


@pytest.mark.parametrize("name", PALMS)
@pytest.mark.parametrize(("frames", "kind"), [(1, "static"), (5, "tracked")])
def test_points_agree_with_mediapipe(tracker, name, frames, kind):
    image = photograph(name)
    for _ in range(frames):
        (hand,) = tracker.track(image)
    points = np.array(expected(name)[kind]["points"])
    size = np.ptp(points * image.shape[1::-1], axis=0).max()
    errors = np.linalg.norm((hand.points - points) * image.shape[1::-1], axis=1)
    assert errors.max() < 0.01 * size
    # MediaPipe takes images to be mirrored, so that it calls these left hands right.
    assert expected(name)[kind]["label"] == "Right"
    assert hand.handedness == "left"


def test_a_mirrored_hand_is_the_other_hand(tracker):
    image = photograph("Histogram_Comparison_Source_0")
    (hand,) = tracker.track(image)
    tracker.reset()
    (mirrored,) = tracker.track(np.ascontiguousarray(image[:, ::-1]))
    assert mirrored.handedness == "right"
    np.testing.assert_allclose(1 - mirrored.points[:, 0], hand.points[:, 0], atol=0.05)


def test_two_hands_keep_their_tracks_and_a_third_is_left_out(tracker):
    palm = photograph("Histogram_Comparison_Source_0")
    third = np.concatenate((palm, palm[:, ::-1], palm), axis=1)
    both = third.copy()
    both[:, 400:] = 0
    for _ in range(8):
        first = tracker.track(both)
    assert {hand.handedness for hand in first} == {"left", "right"}
    assert {hand.track for hand in tracker.track(third)} == {hand.track for hand in first}


def test_a_hand_that_leaves_and_comes_back_is_a_new_one(tracker):
    image = photograph("handSrc")
    (hand,) = tracker.track(image)
    assert tracker.track(np.zeros_like(image)) == ()
    (again,) = tracker.track(image)
    assert again.track != hand.track


def test_palms_are_searched_for_only_while_a_hand_is_missing(tracker, monkeypatch):
    searches = []
    detect = PalmDetector.detect

    def counted(self, image):
        searches.append(None)
        return detect(self, image)

    monkeypatch.setattr(PalmDetector, "detect", counted)
    image = photograph("handSrc")
    for _ in range(10):
        tracker.track(np.zeros_like(image))
    assert len(searches) == 10
    for _ in range(20):
        tracker.track(image)
    assert len(searches) == 10 + 4


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (2160, 3840)])
def test_any_size_of_image_will_do(tracker, shape):
    assert tracker.track(np.full((*shape, 3), 127, np.uint8)) == ()


def test_the_tokenizer_shows_the_hands_of_the_newest_frame():
    tokenizer = HandTokenizer()
    image = photograph("handSrc")
    tokens = [token for i in range(10) for token in tokenizer.push(image, 5 + i * 0.05)]
    assert [token.index for token in tokens] == list(range(len(tokens)))
    np.testing.assert_allclose(np.diff([t.time_s for t in tokens]), tokenizer.hop_s)
    assert tokens[-1].features.shape == (tokenizer.feature_dim,)
    assert tokenizer.hands[0].presence > 0.9
    (empty,) = tokenizer.push(np.zeros_like(image), tokens[-1].time_s + tokenizer.hop_s)
    assert tokenizer.hands == ()
    assert not empty.features.any()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_image_is_refused(image):
    with pytest.raises(ClaError, match="RGB image"):
        HandTokenizer().push(image, 0.0)
