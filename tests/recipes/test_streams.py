"""How streams are put together and distorted."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cla.evaluation.audio_streams import Clip, speech_bounds, trimmed_clip
from cla.evaluation.conditions import leveled
from cla.evaluation.digits import LABELS
from cla.features import SAMPLE_RATE_HZ
from recipes.audio import gliding, noise
from recipes.audio.noise import stretched
from recipes.digits.augment import (
    LINES,
    AugmentConfig,
    distort,
    low_pass,
    mixed,
    mu_law,
    retimed,
    room,
    telephone,
)
from recipes.digits.kinds import APART, GLIDING, HARD, ROOMS, StreamConfig
from recipes.digits.streams import MAKERS, Material, make_stream
from recipes.digits.utterances import HELD_OUT_VOICES, plan
from recipes.digits.vocabulary import DIGITS, NEAR_WORDS, label_index


def tone(duration_s, frequency_hz=440.0):
    time_s = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return np.sin(2 * np.pi * frequency_hz * time_s).astype(np.float32) * 0.5


def level_db(samples):
    return 10 * np.log10(np.square(samples).mean() + 1e-20)


def calls(length, rng):
    return noise.calls(length, [tone(0.6, 150), tone(0.3, 900)], rng)


def make_material():
    clips = [
        Clip(tone(0.4, 300 + 50 * label), label, 0.03, 0.37, voice=voice)
        for voice in ("a", "b", "c")
        for label in range(1, 11)
    ]
    others = [Clip(tone(0.5, 900), 0, 0.03, 0.47)]
    return Material.of(clips + others, [Clip(tone(2.0, 1_200), 0, 0.0, 2.0)], [tone(1.0, 80)])


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), pasted=st.sampled_from((0.0, 1.0)))
def test_a_stream_says_its_words_in_order_and_in_time(seed, pasted):
    config = StreamConfig(duration_s=6.0, pasted_share=pasted)
    samples, words = make_stream(make_material(), config, np.random.default_rng(seed))
    assert samples.shape == (6 * SAMPLE_RATE_HZ,)
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1
    assert all(0 <= word.onset_s < word.end_s <= 6 for word in words)
    assert all(first.end_s < second.onset_s for first, second in pairwise(words))
    assert all(0 <= word.label < len(LABELS) for word in words)


def test_the_same_seed_gives_the_same_stream():
    streams = [
        make_stream(make_material(), StreamConfig(duration_s=6.0), np.random.default_rng(3))
        for _ in range(2)
    ]
    np.testing.assert_array_equal(streams[0][0], streams[1][0])
    assert streams[0][1] == streams[1][1]


def test_words_lie_where_the_sound_is():
    clean = AugmentConfig(0, 0, 0, 0, 0, resample=(0.9, 1.1), snr_db=(80, 80))
    config = StreamConfig(
        duration_s=12.0, only_noise_share=0, only_other_share=0, pasted_share=0, augment=clean
    )
    samples, words = make_stream(make_material(), config, np.random.default_rng(1))
    assert words
    for word in words:
        first, last = (round(t * SAMPLE_RATE_HZ) for t in (word.onset_s, word.end_s))
        gap = samples[last + SAMPLE_RATE_HZ // 20 : last + SAMPLE_RATE_HZ // 16]
        assert level_db(samples[first:last]) > level_db(gap) + 20


def test_streams_of_no_digits_hold_none():
    config = replace(StreamConfig(duration_s=8.0), only_noise_share=0.0, only_other_share=1.0)
    for seed in range(5):
        _, words = make_stream(make_material(), config, np.random.default_rng(seed))
        assert {word.label for word in words} <= {0}


def test_a_telephone_keeps_its_band_only():
    speech, hiss, hum = tone(1.0, 1_000), tone(1.0, 6_000), tone(1.0, 60)
    assert level_db(telephone(speech)) == pytest.approx(level_db(speech), abs=1)
    assert level_db(telephone(hiss)) < level_db(hiss) - 30
    assert level_db(telephone(hum)) < level_db(hum) - 30
    assert level_db(low_pass(hiss, 3_400.0)) < level_db(hiss) - 30


def test_every_line_keeps_speech_and_its_length():
    speech, hiss = tone(1.0, 1_000), tone(1.0, 6_000)
    for line in LINES:
        heard = telephone(speech, line)
        assert heard.shape == speech.shape
        assert np.corrcoef(heard[400:-400], speech[400:-400])[0, 1] > 0.99
        assert level_db(telephone(hiss, line)) < level_db(hiss) - 30
    hum = tone(1.0, 120)
    assert level_db(telephone(hum, "band")) > level_db(telephone(hum, "gsm")) + 10


def test_a_choice_of_lines_leaves_streams_of_one_as_they_were():
    wide = AugmentConfig(0, 0, 1.0, 0, 0)
    speech = tone(1.0, 1_000)
    one = distort(speech, None, wide, np.random.default_rng(1))
    # The draws are: room, equalizer, level, clipping, telephone, level of the line.
    rng = np.random.default_rng(1)
    level = [rng.random(), rng.random(), rng.uniform(*wide.level_db)][-1]
    line_db = [rng.random(), rng.random(), rng.uniform(*wide.line_db)][-1]
    expected = leveled(telephone(leveled(speech, line_db)), level)
    np.testing.assert_allclose(one, expected, atol=1e-6)
    several = replace(wide, lines=("mu-law", "gsm", "band"))
    heard = [distort(speech, None, several, np.random.default_rng(seed)) for seed in range(8)]
    alike = [bool(np.corrcoef(each, one)[0, 1] > 0.9999) for each in heard]
    assert set(alike) == {True, False}


@pytest.mark.parametrize("kind", [HARD, GLIDING, ROOMS, APART])
def test_kinds_of_streams_are_made(kind):
    samples, words = make_stream(
        make_material(), replace(kind, duration_s=12.0), np.random.default_rng(4)
    )
    assert samples.shape == (12 * SAMPLE_RATE_HZ,)
    assert np.isfinite(samples).all()
    assert all(0 <= word.onset_s < word.end_s <= 12 for word in words)


@given(st.floats(-2, 2))
def test_mu_law_rounds_to_256_levels(value):
    once = mu_law(np.array([value]))
    np.testing.assert_allclose(mu_law(once), once, atol=1e-6)
    assert abs(once[0] - np.clip(value, -1, 1)) <= 0.03


def test_a_room_leaves_the_direct_sound_in_place():
    click = np.zeros(SAMPLE_RATE_HZ, np.float32)
    click[2_000] = 1.0
    wet = room(click, 0.4, 0.6, np.random.default_rng(0))
    assert np.abs(wet).argmax() == 2_000
    assert np.abs(wet[:1_990]).max() < 1e-6
    assert level_db(wet[2_100:6_000]) > level_db(wet[10_000:])


def test_noise_is_added_at_its_ratio():
    rng = np.random.default_rng(0)
    speech, hiss = tone(1.0), rng.standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
    added = mixed(speech, hiss, 20.0) - speech
    loud = 10 * np.log10(np.quantile(np.square(speech), 0.95))
    assert loud - level_db(added) == pytest.approx(20, abs=0.1)


def test_level_and_speed():
    assert np.abs(leveled(tone(0.2), -6.0)).max() == pytest.approx(10 ** (-6 / 20), rel=1e-3)
    assert len(stretched(tone(1.0), 1.25)) == pytest.approx(0.8 * SAMPLE_RATE_HZ, abs=2)


@pytest.mark.parametrize("factor", [0.75, 1.0, 1.3])
def test_tempo_changes_without_the_pitch(factor):
    spoken = tone(1.0, 220.0)
    said = retimed(spoken, factor)
    assert len(said) == round(len(spoken) / factor)
    strength = np.abs(np.fft.rfft(said * np.hanning(len(said))))
    assert strength.argmax() * SAMPLE_RATE_HZ / len(said) == pytest.approx(220, abs=2)
    middle = said[len(said) // 4 : -len(said) // 4]
    assert level_db(middle) == pytest.approx(level_db(spoken), abs=0.5)


def test_a_voice_behind_speaks_forwards_and_backwards():
    said = [np.linspace(-0.5, 0.5, SAMPLE_RATE_HZ).astype(np.float32)]
    heard = [noise.voice(40_000, said, np.random.default_rng(seed)) for seed in range(20)]
    rising = [np.median(np.diff(one)) > 0 for one in heard]
    assert {bool(each) for each in rising} == {True, False}
    assert all(np.std(one) == pytest.approx(0.1, rel=0.01) for one in heard)


def test_words_played_backwards_are_no_digits():
    config = replace(
        ROOMS, duration_s=12.0, digit_share=0.0, backwards_share=1.0, only_noise_share=0.0,
        only_other_share=0.0, run_share=0.0,
    )  # fmt: skip
    _, words = make_stream(make_material(), config, np.random.default_rng(2))
    assert words
    assert {word.label for word in words} == {0}


@pytest.mark.parametrize(
    "maker",
    [noise.colored, noise.hum, noise.clicks, noise.music, calls, gliding.glides, gliding.cries],
)
@pytest.mark.parametrize("length", [800, 20_000])
def test_noises_have_length_and_level(maker, length):
    samples = maker(length, np.random.default_rng(2))
    assert samples.shape == (length,)
    assert np.std(samples) == pytest.approx(0.1, rel=0.3)


def pitch_track_hz(samples, frame=1_024):
    """Strongest frequency of each loud frame."""
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    loud = frames[np.std(frames, axis=1) > 0.5 * np.std(samples)]
    strength = np.abs(np.fft.rfft(loud * np.hanning(frame)))
    return strength.argmax(axis=1) * SAMPLE_RATE_HZ / frame


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20)
def test_the_pitch_of_a_glide_moves_within_the_band(seed):
    pitch_hz = pitch_track_hz(gliding.glides(5 * SAMPLE_RATE_HZ, np.random.default_rng(seed)))
    assert pitch_hz.max() > 1.05 * pitch_hz.min()
    assert pitch_hz.min() >= 50
    assert pitch_hz.max() <= 6_000


def test_hard_streams_are_made_of_gliding_sounds_too(monkeypatch):
    made = []
    for name in ("glides", "cries"):
        maker = getattr(gliding, name)
        monkeypatch.setitem(
            MAKERS, name, lambda *args, name=name, maker=maker: made.append(name) or maker(*args)
        )
    config = replace(HARD, duration_s=4.0, only_noise_share=1.0)
    for seed in range(20):
        samples, words = make_stream(make_material(), config, np.random.default_rng(seed))
        assert not words
        assert np.isfinite(samples).all()
    assert set(made) == {"glides", "cries"}


def test_distorted_silence_stays_finite():
    silence = np.zeros(SAMPLE_RATE_HZ, np.float32)
    for seed in range(8):
        out = distort(silence, None, AugmentConfig(), np.random.default_rng(seed))
        assert np.isfinite(out).all()


def test_speech_is_found_between_silences():
    quiet = np.random.default_rng(0).normal(0, 1e-4, SAMPLE_RATE_HZ).astype(np.float32)
    first, last = speech_bounds(np.concatenate((quiet, tone(0.5), quiet)), SAMPLE_RATE_HZ)
    assert first == pytest.approx(SAMPLE_RATE_HZ, abs=170)
    assert last == pytest.approx(1.5 * SAMPLE_RATE_HZ, abs=170)
    clip = trimmed_clip(np.concatenate((quiet, tone(0.5), quiet)), label=4)
    assert clip.end_s - clip.onset_s == pytest.approx(0.5, abs=0.03)
    assert np.abs(clip.samples).max() == pytest.approx(0.5)


def test_the_plan_is_the_same_each_time_and_covers_every_digit_and_voice():
    utterances = list(plan(1))
    assert utterances == list(plan(1))
    assert {u.word for u in utterances if label_index(u.word)} == set(DIGITS)
    assert {u.engine for u in utterances} == {"espeak", "flite", "kokoro"}
    heard = {voice for u in utterances if u.held_out for voice in u.voice.split(":")}
    assert heard >= HELD_OUT_VOICES
    assert not any(label_index(word) for word in NEAR_WORDS)
