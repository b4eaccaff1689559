"""Hands in photographs, against what MediaPipe itself finds in them."""

import av
import numpy as np
import pytest
from hand_data import PALMS, expected, photograph

from cla.errors import ClaError
from cla.features import HandTokenizer
from cla.features.hand_landmarker import HandLandmarker
from cla.features.hand_region import HandRegion
from cla.features.hand_tracker import HandTracker
from cla.features.palm_detector import Palm, PalmDetector
from cla.resources import asset_path
from cla.types import VideoFrame


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


@pytest.fixture
def no_palms(monkeypatch):
    monkeypatch.setattr(PalmDetector, "detect", lambda *_: [])


@pytest.mark.usefixtures("no_palms")
@pytest.mark.parametrize("name", PALMS)
def test_looks_find_a_hand_without_its_palm(tracker, name):
    image = photograph(name)
    found = [hands for _ in range(10) if (hands := tracker.track(image))]
    assert found
    points = np.array(expected(name)["tracked"]["points"])
    size = np.ptp(points * image.shape[1::-1], axis=0).max()
    for (hand,) in found:  # from its first frame on
        errors = np.linalg.norm((hand.points - points) * image.shape[1::-1], axis=1)
        assert errors.max() < 0.03 * size
        assert (hand.handedness, hand.track) == ("left", found[0][0].track)


@pytest.mark.usefixtures("no_palms")
@pytest.mark.parametrize("left", [0, 400])
def test_looks_find_a_gray_hand_at_the_side_of_wide_and_tall_images(tracker, left):
    gray = photograph("Histogram_Comparison_Source_0").mean(-1, keepdims=True).astype(np.uint8)
    wide, tall = np.full((480, 800, 3), 127, np.uint8), np.full((800, 480, 3), 127, np.uint8)
    wide[40:440, left : left + 400] = tall[left : left + 400, 40:440] = gray.repeat(2, 0).repeat(
        2, 1
    )
    for image in (wide, tall):
        tracker.reset()
        assert [tracker.track(image) for _ in range(10)][-1]


@pytest.mark.usefixtures("no_palms")
def test_looks_find_a_second_hand_and_no_hand_twice(tracker):
    palm = photograph("Histogram_Comparison_Source_0")
    one = np.concatenate((palm, np.zeros_like(palm)), axis=1)
    alone = [tracker.track(one) for _ in range(30)]
    assert {len(hands) for hands in alone[10:]} == {1}
    both = np.concatenate((palm, palm[:, ::-1]), axis=1)
    for _ in range(30):
        hands = tracker.track(both)
    assert [hand.handedness for hand in hands] == ["left", "right"]


def test_palms_of_no_hand_do_not_keep_from_looking(tracker, monkeypatch):
    nowhere = Palm(1.0, HandRegion(1e4, 1e4, 10.0, 0.0))
    monkeypatch.setattr(PalmDetector, "detect", lambda *_: [nowhere])
    image = photograph("Histogram_Comparison_Source_0")
    hands = [tracker.track(image) for _ in range(6)]
    assert len(hands[-1]) == 1


@pytest.mark.usefixtures("no_palms")
def test_looks_find_no_hand_where_there_is_none(tracker):
    with av.open(str(asset_path("clips/others.webm"))) as clip:
        images = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    assert [hands for image in images for _ in range(2) if (hands := tracker.track(image))] == []


@pytest.mark.usefixtures("no_palms")
def test_a_new_stream_begins_with_the_same_look(tracker):
    image = photograph("handDst")
    streams = []
    for _ in range(2):
        tracker.reset()
        streams.append([hand.points for _ in range(8) for hand in tracker.track(image)])
    assert streams[0]
    np.testing.assert_array_equal(*streams)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (2160, 3840)])
def test_any_size_of_image_will_do(tracker, shape):
    assert tracker.track(np.full((*shape, 3), 127, np.uint8)) == ()


def test_the_tokenizer_shows_the_hands_of_the_newest_frame():
    tokenizer = HandTokenizer()
    image = photograph("handSrc")
    tokens = [token for i in range(10) for token in tokenizer.push(VideoFrame(image, 5 + i * 0.05))]
    assert [token.index for token in tokens] == list(range(len(tokens)))
    np.testing.assert_allclose(np.diff([t.time_s for t in tokens]), tokenizer.hop_s)
    assert tokens[-1].features.shape == (tokenizer.feature_dim,)
    assert tokenizer.hands[0].presence > 0.9
    (empty,) = tokenizer.push(VideoFrame(np.zeros_like(image), tokens[-1].time_s + tokenizer.hop_s))
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
        HandTokenizer().push(VideoFrame(image, 0.0))


def test_a_dark_hand_is_found(tracker):
    image = photograph("Histogram_Comparison_Source_0")
    noise = np.random.default_rng(0).normal(0, 2, image.shape)
    dark = (image * 0.1 + noise).clip(0, 255).astype(np.uint8)
    found = [len(tracker.track(dark)) for _ in range(8)]
    assert found[-1] == 1


@pytest.mark.parametrize("presence", [0.6, 0.9])
def test_a_palm_whose_hand_is_unsure_is_no_hand_yet(tracker, monkeypatch, presence):
    image = photograph("handSrc")
    locate = HandLandmarker.locate
    monkeypatch.setattr(
        HandLandmarker, "locate", lambda *given: locate(*given)._replace(presence=presence)
    )
    found = [len(tracker.track(image)) for _ in range(8)]
    assert found == [presence > 0.8] * 8
