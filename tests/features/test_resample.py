import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rows import assert_rows_close

from cla.features import StreamResampler, resampled

RATES_HZ = (4_000, 8_000, 11_025, 16_000, 22_050, 44_099, 44_100, 48_000, 96_000, 191_999)


def noise(samples: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)


def convert(source_hz: int, samples: NDArray[np.float32], cuts: list[int]) -> NDArray[np.float32]:
    resampler = StreamResampler(source_hz, 16_000)
    pieces = [out for piece in np.split(samples, sorted(cuts)) for out in resampler.push(piece)]
    return np.concatenate([*pieces, *resampler.flush()])


def naive(source_hz: int, samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sums the windowed sinc over all samples, output sample by output sample, in float64."""
    scale = 0.99 * min(1.0, 16_000 / source_hz)
    converted = np.empty(math.ceil(len(samples) * 16_000 / source_hz))
    for index in range(len(converted)):
        distance = (np.arange(len(samples)) - index * source_hz / 16_000) * scale
        window = np.where(np.abs(distance) < 6, np.cos(distance / 6 * np.pi / 2) ** 2, 0.0)
        converted[index] = np.sum(samples * np.sinc(distance) * window * scale)
    return converted


@given(source_hz=st.sampled_from(RATES_HZ), samples=st.integers(0, 5_000), data=st.data())
@settings(max_examples=60)
def test_any_split_gives_the_same_samples(
    source_hz: int, samples: int, data: st.DataObject
) -> None:
    signal = noise(samples)
    cuts = data.draw(st.lists(st.integers(0, samples), max_size=12))
    whole = convert(source_hz, signal, [])
    np.testing.assert_array_equal(convert(source_hz, signal, cuts), whole)


@pytest.mark.parametrize("source_hz", [hz for hz in RATES_HZ if hz != 16_000])
def test_streaming_equals_the_naive_sum_over_the_whole_clip(source_hz: int) -> None:
    signal = noise(source_hz // 20)
    cuts = list(range(0, len(signal), 77))
    assert_rows_close(convert(source_hz, signal, cuts), naive(source_hz, signal))


def test_a_long_push_is_converted_in_blocks() -> None:
    signal = noise(100_000)
    cuts = list(range(0, len(signal), 1_234))
    np.testing.assert_array_equal(convert(48_000, signal, []), convert(48_000, signal, cuts))


@pytest.mark.parametrize("source_hz", [8_000, 11_025, 22_050, 44_099, 44_100, 48_000])
def test_a_tone_keeps_its_time_and_height(source_hz: int) -> None:
    duration_s = 2.0
    time_in_s = np.arange(round(duration_s * source_hz)) / source_hz
    tone = np.sin(2 * np.pi * 440 * time_in_s).astype(np.float32)
    converted = convert(source_hz, tone, [1_000, 1_001, 30_000 % len(tone)])
    time_out_s = np.arange(len(converted)) / 16_000
    inner = slice(800, -800)
    expected = np.sin(2 * np.pi * 440 * time_out_s)
    np.testing.assert_allclose(converted[inner], expected[inner], atol=2e-3)
    assert len(converted) == math.ceil(len(tone) * 16_000 / source_hz)


def test_samples_come_as_soon_as_the_filter_allows() -> None:
    resampler = StreamResampler(48_000, 16_000)
    given_back = len(resampler.push(noise(4_800))[0])
    assert given_back >= 1_600 - 10


def test_memory_stays_bounded() -> None:
    resampler = StreamResampler(44_100, 16_000)
    sizes = []
    for _ in range(50):
        resampler.push(noise(4_410))
        sizes.append(len(resampler._buffer))
    assert max(sizes) < 100


def test_after_a_flush_a_new_stream_begins() -> None:
    resampler = StreamResampler(44_100, 16_000)
    signal = noise(3_000)
    first = np.concatenate(resampler.push(signal) + resampler.flush())
    second = np.concatenate(resampler.push(signal) + resampler.flush())
    np.testing.assert_array_equal(first, second)


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 and 16000"):
        StreamResampler(0, 16_000)


@pytest.mark.parametrize("source_hz", RATES_HZ)
def test_a_whole_recording_becomes_what_its_stream_does(source_hz: int) -> None:
    signal = noise(source_hz // 10)
    whole = resampled(signal, source_hz, 16_000)
    np.testing.assert_allclose(whole, convert(source_hz, signal, []), atol=2e-6)


def test_a_recording_of_no_samples_stays_empty() -> None:
    assert len(resampled(noise(0), 44_100, 16_000)) == 0
