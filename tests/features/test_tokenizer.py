import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cla.capture import open_audio, sample_clips
from cla.errors import ClaError
from cla.features import FEATURE_DIM, HOP_S, SpeechTokenizer, embed_clip
from cla.types import Token


def tokens_of(
    sample_rate_hz: int, samples: NDArray[np.float32], cuts: list[int] | None = None
) -> list[Token]:
    tokenizer = SpeechTokenizer(sample_rate_hz)
    tokens = []
    for packet in np.split(samples, sorted(cuts or [])):
        tokens += tokenizer.push(packet)
    return tokens + tokenizer.flush()


def features_of(tokens: list[Token]) -> NDArray[np.float32]:
    return torch.stack([token.features for token in tokens]).numpy()


def count_clip() -> NDArray[np.float32]:
    clip = next(clip for clip in sample_clips() if clip.name == "count")
    with open_audio(clip.path) as file:
        return np.concatenate([chunk.samples for chunk in file])


SPEECH = count_clip()


@given(cuts=st.lists(st.integers(0, 20_000), max_size=15))
@settings(max_examples=15)
def test_any_packets_give_the_same_tokens(cuts: list[int]) -> None:
    speech = SPEECH[:20_000]
    tokens = tokens_of(16_000, speech, cuts)
    np.testing.assert_array_equal(features_of(tokens), embed_clip(speech))


@given(cuts=st.lists(st.integers(0, 44_100), max_size=15))
@settings(max_examples=10)
def test_any_packets_give_the_same_tokens_at_another_rate(cuts: list[int]) -> None:
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, 44_100).astype(np.float32)
    whole = features_of(tokens_of(44_100, samples))
    np.testing.assert_array_equal(features_of(tokens_of(44_100, samples, cuts)), whole)


def test_stream_and_clip_give_the_same_numbers() -> None:
    packets = list(range(0, len(SPEECH), 640))
    tokens = tokens_of(16_000, SPEECH, packets)
    np.testing.assert_array_equal(features_of(tokens), embed_clip(SPEECH))


def test_tokens_are_numbered_and_timed_by_their_last_sample() -> None:
    tokens = tokens_of(16_000, SPEECH[:16_000])
    assert [token.index for token in tokens] == list(range(12))
    assert [token.time_s for token in tokens] == pytest.approx(
        [HOP_S * (index + 1) for index in range(12)]
    )
    assert tokens[0].features.shape == (FEATURE_DIM,)
    assert tokens[0].features.dtype == torch.float32
    assert tokens[0].features.device.type == "cpu"


@pytest.mark.parametrize("sample_rate_hz", [8_000, 11_025, 44_100, 48_000, 96_000])
def test_the_rate_of_the_source_does_not_move_the_tokens(sample_rate_hz: int) -> None:
    samples = np.zeros(sample_rate_hz * 2, np.float32)
    tokens = tokens_of(sample_rate_hz, samples)
    assert len(tokens) == 25
    assert tokens[-1].time_s == pytest.approx(2.0)


def test_reset_begins_a_new_stream() -> None:
    tokenizer = SpeechTokenizer(44_100)
    samples = np.random.default_rng(1).uniform(-0.3, 0.3, 20_000).astype(np.float32)
    first = tokenizer.push(samples)
    tokenizer.reset()
    again = tokenizer.push(samples)
    np.testing.assert_array_equal(features_of(first), features_of(again))
    assert again[0].index == 0


def test_tokens_do_not_share_memory() -> None:
    first, second = tokens_of(16_000, SPEECH[:2_560])
    kept = second.features.clone()
    first.features.zero_()
    assert torch.equal(second.features, kept)


def test_a_single_sample_gives_no_token() -> None:
    assert tokens_of(44_100, np.zeros(1, np.float32)) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_refused(bad: float) -> None:
    samples = np.zeros(2_000, np.float32)
    samples[1_000] = bad
    with pytest.raises(ClaError, match="not numbers"):
        SpeechTokenizer(16_000).push(samples)
    with pytest.raises(ClaError, match="not numbers"):
        embed_clip(samples)


@pytest.mark.parametrize(
    "samples", [np.zeros((2, 100), np.float32), np.zeros(100, np.int16)], ids=["stereo", "int16"]
)
def test_samples_of_another_kind_are_refused(samples: NDArray[np.float32]) -> None:
    with pytest.raises(ClaError, match="one channel of floats"):
        SpeechTokenizer(16_000).push(samples)
