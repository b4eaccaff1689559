"""The shipped hands model, on recorded hands and on photographs through the whole chain."""

import numpy as np
import pytest
import torch
from hand_data import PALMS, photograph, recorded_hands

from cla.features import Hand, HandStream, HandTokenizer, SeenHands
from cla.models import EventDetector, load_task
from cla.types import VideoFrame

SECONDS = 3.0
SIGNS = ("0", "1", "2", "3", "4", "5", "Ok", "Super", "Dislike", "Horns", "VIP", "Stop",
         "Power_Fist", "Shaka")  # fmt: skip
LANES = (("full",), ("continual_nystrom", 16, "fixed"), ("continual_nystrom", 16, "continual"))


@pytest.fixture(scope="module")
def task():
    return load_task("hands")


def labels_of(task, tokens, lane=("full",)):
    """What a lane calls each token."""
    model = task.with_attention(*lane)
    state = model.init_state(1)
    called = []
    for token in tokens:
        step = model.step(token.features[None], state)
        state = step.state
        called.append(task.labels[int(step.output[0].argmax())])
    return called


def shown(points, handedness, rng, rate_hz=20.0):
    """Tokens of a recorded hand held up for some seconds, in an image of 4 to 3."""
    stream = HandStream()
    size, place = rng.uniform(0.06, 0.15), rng.uniform(0.35, 0.65, 2)
    mirror = [1 if handedness == "right" else -1, 1]
    tokens = []
    for frame in range(round(SECONDS * rate_hz)):
        seen = points[frame // 8 % len(points)] * size * mirror
        seen = (seen + rng.normal(0, 0.01 * size, seen.shape)) / [4 / 3, 1] + place
        hand = Hand(seen.astype(np.float32), handedness, 0.9)
        tokens += stream.push(SeenHands([hand], 4 / 3, frame / rate_hz))
    return tokens


@pytest.mark.parametrize("lane", LANES, ids=str)
def test_signs_of_hands_never_trained_on(task, lane):
    rng = np.random.default_rng(1)
    right = {}
    for sign in SIGNS:
        hands = recorded_hands()[sign]
        for side in ("left", "right"):
            called = labels_of(task, shown(hands, side, rng), lane)[8:]
            right[sign, side] = np.mean([label == sign for label in called])
    assert min(right.values()) > 0.75, right
    assert np.mean(list(right.values())) > 0.95, right


@pytest.mark.parametrize("name", PALMS)
@pytest.mark.parametrize("mirrored", [False, True])
def test_open_palms_in_photographs_are_a_five(task, name, mirrored):
    image = photograph(name)
    image = np.ascontiguousarray(image[:, ::-1]) if mirrored else image
    tokenizer = HandTokenizer()
    tokens = [token for i in range(60) for token in tokenizer.push(VideoFrame(image, i / 20))]
    for lane in LANES:
        assert set(labels_of(task, tokens, lane)[8:]) == {"5"}


def test_a_hand_that_grips_is_no_sign(task):
    tokenizer = HandTokenizer()
    image = photograph("right04")
    tokens = [token for i in range(60) for token in tokenizer.push(VideoFrame(image, i / 20))]
    assert set(labels_of(task, tokens)) == {"none"}


@torch.no_grad()
def test_random_hands_raise_no_events(task):
    rng = np.random.default_rng(2)
    stream, detector = HandStream(), EventDetector(task.labels, task.event_config)
    model = task.with_attention("full")
    state = model.init_state(1)
    events = []
    for frame in range(60 * 15):
        if frame % 30 == 0:
            points = rng.normal(0.5, 0.1, (21, 2))
        seen = (points + rng.normal(0, 0.002, (21, 2))).astype(np.float32)
        for token in stream.push(SeenHands([Hand(seen, "right", 0.9)], 1.0, frame / 15)):
            step = model.step(token.features[None], state)
            state = step.state
            event = detector.detect(token.time_s, step.output[0].softmax(-1).numpy())
            events += [event] if event else []
    assert len(events) <= 1, events
