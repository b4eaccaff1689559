"""Labeled recordings, conditions, figures of them, and the command that judges them."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sounds import written

from cla.cli.evaluate import main
from cla.errors import ClaError
from cla.evaluation.audio_streams import AudioStream, Gaps, streams_of
from cla.evaluation.conditions import Condition, in_room, load_noise
from cla.evaluation.recorded import labeled_streams, single_digits
from cla.evaluation.scoring import wilson
from cla.evaluation.streams import Occurrence, TokenStream
from cla.features import SAMPLE_RATE_HZ
from cla.models import EventConfig
from recipes.digits.left_out import (
    ALL,
    GRID,
    Heard,
    best_settings,
    figures_of,
    points_of_sensitivity,
)


def buzz(length_s=0.5, pitch_hz=150.0):
    time_s = np.arange(round(length_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (0.3 * np.sign(np.sin(2 * np.pi * pitch_hz * time_s))).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    for digit in range(3):
        for speaker in ("ann", "bob"):
            path = tmp_path / f"{digit}_{speaker}_0.wav"
            written(path, buzz(0.4 + 0.1 * digit)[np.newaxis], SAMPLE_RATE_HZ)
    written(tmp_path / "other.wav", buzz()[np.newaxis], SAMPLE_RATE_HZ)
    return tmp_path


def test_single_digits_are_known_by_their_names(folder):
    clips = single_digits(folder)
    assert sorted((clip.label, clip.voice) for clip in clips) == [
        (label, voice) for label in (1, 2, 3) for voice in ("ann", "bob")
    ]
    assert single_digits(folder, takes=range(1, 5)) == []


def test_words_of_a_stream_lie_where_its_clips_are(folder):
    streams = list(streams_of(single_digits(folder), Gaps((0.5, 0.5)), seed=1))
    assert len(streams) == 2  # one of each speaker
    for stream in streams:
        assert len(stream.words) == 3
        for word in stream.words:
            spoken = stream.samples[
                round(word.onset_s * SAMPLE_RATE_HZ) : round(word.end_s * SAMPLE_RATE_HZ)
            ]
            assert np.abs(spoken).mean() > 0.2
            assert word.end_s - word.onset_s == pytest.approx(0.3 + 0.1 * word.label, abs=0.02)


def test_runs_pause_between_their_words_only(folder):
    gaps = Gaps((2.0, 2.0), run=3, within_s=(0.1, 0.1))
    for stream in labeled_streams(folder, gaps):
        first, second, third = stream.words
        assert first.onset_s > 1.9
        assert second.onset_s - first.end_s < 0.2
        assert third.onset_s - second.end_s < 0.2


def test_a_table_says_when_words_begin(tmp_path):
    written(tmp_path / "talk.wav", buzz(3.0)[np.newaxis], SAMPLE_RATE_HZ)
    (tmp_path / "words.csv").write_text(
        "file,digit,start_s,end_s\ntalk.wav,seven,0.5,1.0\ntalk.wav,3,2,\ntalk.wav,hello,1.2,1.5\n"
    )
    (stream,) = labeled_streams(tmp_path, Gaps())
    assert stream.words == (
        Occurrence(8, 0.5, 1.0),
        Occurrence(4, 2.0, 2.6),
        Occurrence(0, 1.2, 1.5),
    )


@pytest.mark.parametrize(
    "table", ["", "file,digit\ntalk.wav,7\n", "file,digit,start_s\ntalk.wav,7,soon\n"]
)
def test_what_is_not_labeled_is_explained(tmp_path, table):
    if table:
        (tmp_path / "words.csv").write_text(table)
    with pytest.raises(ClaError, match=r"no labeled recording|cannot be read"):
        labeled_streams(tmp_path, Gaps())


def spoken_stream():
    silence = np.zeros(SAMPLE_RATE_HZ // 2, np.float32)
    samples = np.concatenate((silence, buzz(1.0), silence))
    return AudioStream(samples, (Occurrence(1, 0.5, 1.5),))


@pytest.mark.parametrize("snr_db", [20.0, 0.0])
def test_noise_lies_so_far_below_the_words(snr_db):
    hiss = np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
    heard = Condition(hiss, "hiss", snr_db).apply(spoken_stream()).samples
    noise = np.square(heard[: SAMPLE_RATE_HZ // 2]).mean()
    both = np.square(heard[SAMPLE_RATE_HZ // 2 : 3 * SAMPLE_RATE_HZ // 2]).mean()
    assert 10 * np.log10((both - noise) / noise) == pytest.approx(snr_db, abs=0.5)


def test_a_room_has_its_tail_so_far_below_the_direct_sound():
    click = np.zeros(SAMPLE_RATE_HZ, np.float32)
    click[0] = 1.0
    wet = in_room(click, 5.0, 0.5, np.random.default_rng(1))
    assert wet[0] == pytest.approx(1.0, abs=1e-4)
    assert -10 * np.log10(np.square(wet[1:]).sum()) == pytest.approx(5.0, abs=0.1)


def test_conditions_say_what_they_are():
    assert str(Condition()) == "clean"
    assert str(Condition(narrow=True)) == "8 kHz"
    assert str(Condition(np.ones(3, np.float32), "rain", 5.0)) == "rain at 5 dB"
    assert str(Condition(direct_db=0.0)) == "room of 0.5 s, direct sound +0 dB"
    assert str(Condition(peak_db=-30.0)) == "peak at -30 dB"


def test_noise_may_be_a_folder(folder):
    assert len(load_noise(folder)) > len(load_noise(folder / "other.wav"))
    empty = folder / "empty"
    empty.mkdir()
    with pytest.raises(ClaError, match="no sound file"):
        load_noise(empty)


@given(of=st.integers(1, 2_000), share=st.floats(0, 1))
def test_an_interval_holds_its_share(of, share):
    found = round(share * of)
    low, high = wilson(found, of)
    assert 0 <= low <= found / of + 1e-12
    assert found / of - 1e-12 <= high <= 1


def test_an_interval_is_that_of_the_textbook():
    # 81 of 263, in Newcombe, Statistics in Medicine 17, 1998, table I.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def outputs_of(peak):
    """A stream of 60 tokens in which class 1 is likely for a while."""
    rows = np.full((60, 11), 0.001, np.float32)
    rows[:, 0] = 0.99
    rows[20:26] = 0.001
    rows[20:26, 1], rows[20:26, 0] = peak, 1 - peak
    return rows


WORD = Occurrence(1, 1.2, 1.6)


def stream(*words):
    return TokenStream.of(np.zeros((60, 96), np.float32), words)


def left_out_speakers(weak=0.5):
    return [
        Heard("full", name, "clean", [outputs_of(peak)], [stream(WORD)])
        for name, peak in (("ann", 0.9), ("bob", weak))
    ]


def test_settings_find_what_they_can_without_false_events():
    none = [[outputs_of(0.35)]]
    chosen = best_settings(left_out_speakers(), none, [stream()])[ALL]
    assert chosen in GRID
    assert 0.35 < chosen.enter <= 0.5


def test_figures_are_of_each_speaker_and_of_all():
    settings = dict.fromkeys(("ann", "bob"), EventConfig(0.5, 0.25, 1))
    figures = figures_of(left_out_speakers(weak=0.2), settings)
    assert figures["all"]["clean"]["full"]["words"] == 2
    assert figures["all"]["clean"]["full"]["recall"] == 0.5
    assert figures["ann"]["clean"]["full"]["recall"] == 1
    assert figures["bob"]["clean"]["full"]["wrong_in_100_words"] == 0


def test_the_settings_of_a_speaker_are_chosen_on_the_others():
    none = [[outputs_of(0.5)]]
    chosen = best_settings(left_out_speakers(weak=0.47), none, [stream()])
    assert chosen["ann"].enter < 0.47
    assert chosen["bob"].enter > 0.5
    assert chosen[ALL] == chosen["ann"]


def test_more_is_found_and_more_is_false_towards_missing_nothing():
    points = points_of_sensitivity(
        left_out_speakers(weak=0.45), [([outputs_of(0.35)], [stream()])], EventConfig(0.5, 0.25, 1)
    )
    enters = [point["enter"] for point in points]
    assert enters == sorted(enters, reverse=True)
    for name in ("found", "false_per_minute"):
        values = [point[name] for point in points]
        assert values == sorted(values)
        assert values[0] < values[-1]


def test_the_command_judges_a_folder(folder, capsys, tmp_path):
    report = tmp_path / "figures.json"
    status = main(["digits", "--clips", str(folder), "--room", "5", "--json", str(report)])
    assert status == 0
    figures = json.loads(report.read_text("utf-8"))
    assert list(figures) == ["clean", "room of 0.5 s, direct sound +5 dB"]
    assert figures["clean"]["full"]["words"] == 6
    assert "clean" in capsys.readouterr().out


def test_a_ratio_without_a_noise_is_refused(folder):
    with pytest.raises(ClaError, match="--snr"):
        main(["digits", "--clips", str(folder), "--snr", "5"])
