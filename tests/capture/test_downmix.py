"""Channels to one: speech keeps its level, and what cancels is heard all the same."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cla.capture import open_audio
from cla.capture.downmix import WEIGHTS, Downmix, channel_weights

RATE_HZ = 1_000
RNG = np.random.default_rng(0)
NOISE = (0.2 * RNG.standard_normal((2, 4_000))).astype(np.float32)
VOICE, OTHER = NOISE


def names(layout):
    return [channel.name for channel in av.AudioLayout(layout).channels]


def mixed(samples, layout="stereo", cuts=()):
    mix = Downmix(names(layout), RATE_HZ)
    parts = [mix.mix(part) for part in np.split(np.asarray(samples, np.float32), cuts, axis=1)]
    return np.concatenate([*parts, mix.flush()])


def test_two_channels_are_averaged_exactly() -> None:
    for left, right in [(VOICE, VOICE), (VOICE, OTHER), (VOICE, 0 * VOICE)]:
        np.testing.assert_array_equal(mixed([left, right]), (left + right) / 2)


LAYOUTS = ("2.1", "3.0", "3.1", "4.0", "4.1", "5.0", "5.1", "5.1(side)", "6.1", "7.1", "7.1(wide)")


@pytest.mark.parametrize("layout", [*LAYOUTS, "quad", "hexagonal", "octagonal", "hexadecagonal"])
def test_speech_in_front_has_one_level_in_every_layout(layout) -> None:
    speakers = names(layout)
    for pair in [("FL", "FR"), ("FC",)]:
        if set(pair) <= set(speakers):
            samples = np.array([VOICE if name in pair else 0 * VOICE for name in speakers])
            np.testing.assert_allclose(mixed(samples, layout), VOICE, atol=1e-6)


def test_bass_is_left_out_and_what_is_around_is_quieter() -> None:
    weights = dict(zip(names("5.1"), channel_weights(names("5.1")), strict=True))
    assert weights["LFE"] == 0
    assert 0 < weights["BL"] == weights["BR"] < weights["FL"] < weights["FC"] == 1
    bass = np.array([VOICE if name == "LFE" else 0 * VOICE for name in names("5.1")])
    assert not mixed(bass, "5.1").any()


def test_unknown_channels_are_averaged() -> None:
    np.testing.assert_allclose(channel_weights(["NONE"] * 3), 1 / 3)
    np.testing.assert_allclose(channel_weights(["FL", "AMBI0"]), 1 / 2)
    assert channel_weights(["LFE"]) == channel_weights(["FL"]) == 1
    assert set(names("22.2")) <= WEIGHTS.keys()


@pytest.mark.parametrize("share", [1.0, 0.8])
def test_channels_that_cancel_are_heard_at_the_louder_ones_level(share) -> None:
    heard = mixed([-VOICE, share * VOICE])
    np.testing.assert_allclose(heard[50:], -VOICE[50:], atol=1e-6)


def test_one_of_many_unknown_channels_is_heard() -> None:
    mix = Downmix(["NONE"] * 8, RATE_HZ)
    samples = np.zeros((8, len(VOICE)), np.float32)
    samples[5] = VOICE
    np.testing.assert_array_equal(mix.mix(samples)[50:], VOICE[50:])


def test_a_change_between_mix_and_channel_makes_no_click() -> None:
    tone = np.sin(2 * np.pi * 5 * np.arange(9_000) / RATE_HZ).astype(np.float32)
    turned = tone.copy()
    turned[3_000:6_000] *= -1
    heard = mixed([tone, turned])
    assert np.abs(np.diff(heard)).max() < 1.5 * np.abs(np.diff(tone)).max()
    for at in (slice(0, 3_000), slice(3_500, 6_000), slice(6_500, 9_000)):
        np.testing.assert_allclose(heard[at], tone[at], atol=1e-5)


@given(st.lists(st.integers(0, 4_000), max_size=6).map(sorted))
def test_the_cut_of_a_stream_does_not_matter(cuts) -> None:
    samples = np.stack([VOICE, np.where(np.arange(4_000) < 2_000, -VOICE, OTHER)])
    np.testing.assert_array_equal(mixed(samples, cuts=cuts), mixed(samples))


def test_a_file_with_the_voice_in_the_center(write_sound, tone) -> None:
    samples = np.zeros((6, len(tone)), np.float32)
    samples[2] = tone
    with open_audio(write_sound("film.wav", samples)) as file:
        heard = np.concatenate([chunk.samples for chunk in file])
    np.testing.assert_allclose(heard, tone, atol=1e-4)


def test_a_file_whose_channels_cancel_says_so(write_sound, tone) -> None:
    with open_audio(write_sound("room.flac", np.stack([tone, -tone]))) as file:
        heard = np.concatenate([chunk.samples for chunk in file])
        assert any("cancel each other" in notice for notice in file.notices)
    np.testing.assert_allclose(heard[3_000:], tone[3_000:], atol=1e-4)
