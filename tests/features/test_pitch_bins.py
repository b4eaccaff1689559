"""Tokens of pitch: each semitone in its bin, the same however a stream is cut."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import assert_rows_close

from cla.errors import ClaError
from cla.features import (
    BINS_PER_SEMITONE,
    PITCH_DIM,
    PITCH_HOP_SAMPLES,
    PitchTokenizer,
    embed_pitches,
    front_end,
)

A4_BIN = (9 + 2 * 12) * BINS_PER_SEMITONE
"""A4 lies two octaves and nine semitones above C2."""


def chord(semitones: float = 0.0, rate_hz: int = 16_000, seconds: float = 2.0) -> np.ndarray:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    notes_hz = (440 * 2 ** ((semitones + step) / 12) for step in (0, 4, 7))
    return (0.2 * sum(np.sin(2 * np.pi * hz * time_s) for hz in notes_hz)).astype(np.float32)


def tokens_of(tokenizer: PitchTokenizer, packets: list[np.ndarray]) -> torch.Tensor:
    tokens = [token for packet in packets for token in tokenizer.push(packet)]
    assert [token.index for token in tokens] == list(range(len(tokens)))
    np.testing.assert_allclose(
        [token.time_s for token in tokens], 0.1 * (1 + np.arange(len(tokens)))
    )
    return torch.stack([token.features for token in tokens])


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_each_note_of_a_chord_stands_out_in_its_bin(rate_hz):
    token = tokens_of(PitchTokenizer(rate_hz), [chord(rate_hz=rate_hz)])[10]
    peaks = (token[1:-1] > token[:-2]) & (token[1:-1] > token[2:]) & (token[1:-1] > 0.1)
    assert (1 + peaks.nonzero()[:, 0]).tolist() == [A4_BIN + 2 * step for step in (0, 4, 7)]


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 24_000), max_size=8))
def test_tokens_do_not_depend_on_how_the_stream_is_cut(cuts):
    samples = chord()[:24_000] + 0.01 * np.random.default_rng(1).standard_normal(24_000)
    samples = samples.astype(np.float32)
    cut = tokens_of(PitchTokenizer(16_000), np.split(samples, sorted(cuts)))
    assert torch.equal(cut, tokens_of(PitchTokenizer(16_000), [samples]))
    assert_rows_close(embed_pitches(samples), cut)


def test_a_token_rests_on_nothing_that_comes_later_and_streams_begin_anew():
    samples = chord()
    tokenizer = PitchTokenizer(16_000)
    whole = tokens_of(tokenizer, [samples])
    tokenizer.reset()
    changed = np.concatenate((samples[:16_000], np.zeros(16_000, np.float32)))
    assert torch.equal(tokens_of(tokenizer, [changed])[:10], whole[:10])
    assert not torch.equal(tokens_of(PitchTokenizer(16_000), [changed])[10], whole[10])


def test_bins_beyond_a_token_let_it_be_transposed():
    up, down = embed_pitches(chord(3.0)), embed_pitches(chord(), beyond=3)
    assert down.shape[1] == PITCH_DIM + 4 * 3
    assert_rows_close(down[:, 6:-6], embed_pitches(chord()))
    moved = down[:, :PITCH_DIM]  # the bins from three semitones further down
    notes = [A4_BIN + 2 * (3 + step) for step in (0, 4, 7)]
    assert (moved[10, notes] - up[10, notes]).abs().max() < 0.1
    assert moved[10].argsort()[-3:].sort().values.tolist() == sorted(notes)


def test_silence_and_clips_without_a_token_are_fit_for_use():
    silent = embed_pitches(np.zeros(3 * PITCH_HOP_SAMPLES, np.float32))
    assert silent.shape == (3, PITCH_DIM)
    assert silent.isfinite().all()
    assert (silent == silent[0, 0]).all()
    assert embed_pitches(np.zeros(PITCH_HOP_SAMPLES - 1, np.float32)).shape == (0, PITCH_DIM)
    with pytest.raises(ClaError):
        embed_pitches(np.full(PITCH_HOP_SAMPLES, np.nan, np.float32))
    assert front_end("pitches").feature_dim == PITCH_DIM
