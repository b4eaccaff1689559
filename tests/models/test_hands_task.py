"""The shipped hands model, on recorded hands and on photographs through the whole chain."""

import numpy as np
import pytest
import torch
from hand_data import PALMS, photograph

from cla.features import Hand, HandStream, HandTokenizer
from cla.models import EventDetector, load_task

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


@pytest.mark.parametrize("name", PALMS)
@pytest.mark.parametrize("mirrored", [False, True])
def test_open_palms_in_photographs_are_a_five(task, name, mirrored):
    image = photograph(name)
    image = np.ascontiguousarray(image[:, ::-1]) if mirrored else image
    tokenizer = HandTokenizer()
    tokens = [token for i in range(60) for token in tokenizer.push(image, i / 20)]
    for lane in LANES:
        assert set(labels_of(task, tokens, lane)[8:]) == {"5"}


def test_a_hand_that_grips_is_no_sign(task):
    tokenizer = HandTokenizer()
    image = photograph("right04")
    tokens = [token for i in range(60) for token in tokenizer.push(image, i / 20)]
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
        for token in stream.push([Hand(seen, "right", 0.9)], 1.0, frame / 15):
            step = model.step(token.features[None], state)
            state = step.state
            event = detector.push(token.time_s, step.output[0].softmax(-1).numpy())
            events += [event] if event else []
    assert len(events) <= 1, events
