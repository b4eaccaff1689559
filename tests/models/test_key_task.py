"""The shipped model of the key, on the clips that come with it: in time, and moved up and down."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cla.attention import LOW_RANK, REFERENCE
from cla.capture import open_audio, sample_clips
from cla.evaluation.lanes import FULL, LANES, probabilities
from cla.features import PITCH_HOP_S, PitchTokenizer
from cla.models import load_task

M16 = [lane for lane in LANES if lane.num_landmarks == 16]


@pytest.fixture(scope="module")
def task():
    return load_task("key")


@pytest.fixture(scope="module")
def clips():
    found = {}
    for clip in sample_clips("key"):
        with open_audio(clip.path) as file:
            tokenizer = PitchTokenizer(file.sample_rate_hz)
            tokens = [token for chunk in file for token in tokenizer.push(chunk.samples)]
        found[clip.name] = clip, torch.stack([token.features for token in tokens]).numpy()
    return found


def said(task, lane, tokens, start_s, end_s):
    """The label that is named most between two times, and its share."""
    (rows,) = probabilities(task.lane(lane), [tokens])
    span = slice(round(start_s / PITCH_HOP_S), round(end_s / PITCH_HOP_S))
    counts = np.bincount(rows[span].argmax(-1), minlength=len(task.labels))
    return task.labels[int(counts.argmax())], counts.max() / counts.sum()


@pytest.mark.parametrize("lane", [FULL, *M16], ids=str)
def test_a_piece_is_in_its_key_and_a_short_window_hears_a_song_move(task, clips, lane):
    clip, tokens = clips["aloha-oe"]
    assert said(task, lane, tokens, 20, 45) == (clip.words[0].label, pytest.approx(1, abs=0.25))
    clip, tokens = clips["song"]
    short = replace(lane, window=150)  # a longer one holds what was heard before, too
    for word in clip.words:
        label, share = said(task, short, tokens, word.end_s - 8, word.end_s)
        assert label == word.label
        assert share > 0.7


def test_it_needs_its_window(task, clips):
    _, tokens = clips["aloha-oe"]
    right = {}
    for window in (1, 300):
        (rows,) = probabilities(task.with_attention(REFERENCE, window=window), [tokens])
        right[window] = np.mean(rows[200:450].argmax(-1) == task.labels.index("G major"))
    assert right[300] > right[1] + 0.25


def test_silence_is_none(task):
    tokens = PitchTokenizer(16_000).push(np.zeros(160_000, np.float32))
    features = torch.stack([token.features for token in tokens]).numpy()
    (rows,) = probabilities(task.with_attention(LOW_RANK, 16), [features])
    assert (rows[5:].argmax(-1) == 0).all()
