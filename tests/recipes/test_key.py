"""The recipe of the key: labels of scores, songs, sound, tokens in all keys, figures."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from cla.features import BINS_PER_SEMITONE, PITCH_DIM, SAMPLE_RATE_HZ
from cla.models import read_task
from cla.models.landmarks import COUNTS, fit_landmarks
from cla.training.recipe import Run, build_streams
from recipes.key import perform, recipe
from recipes.key.composed import DRUM_PART, Piece, composed
from recipes.key.evaluate import Heard, mistakes, tokens_right
from recipes.key.keys import LABELS, NONE, keys_of, label_of, transposed
from recipes.key.labels import (
    UNSURE_TOKENS,
    UNSURE_WEIGHT,
    bins_moved,
    labeled,
    lasting,
    token_weights,
)
from recipes.key.perform import PIECE_S, SONGS, TEMPI
from recipes.key.render import DRUMS, TICKS, Played, write_midi
from recipes.key.scenes import BEYOND, KeyStream, Material, make_stream
from recipes.key.scores import MAJOR, MINOR, UNKNOWN, Score, read_scores
from recipes.key.sets import SETS

C, A_MINOR = LABELS.index("C major"), LABELS.index("A minor")


MAJOR_SCALE, MINOR_SCALE = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


def scale(tonic: int, times: int, start: float) -> list[tuple[float, float, int, int]]:
    """A major scale over its triad, a note a quarter."""
    quarters = [(start + quarter, 1.0) for quarter in range(7 * times)]
    steps = zip(quarters, MAJOR_SCALE * times, strict=True)
    melody = [(*when, tonic + step, 0) for when, step in steps]
    return melody + [(*when, tonic - 12 + step, 1) for when in quarters for step in (0, 4, 7)]


def test_keys_lie_by_fifths_and_move_with_the_music():
    assert [LABELS[transposed(C, up)] for up in (7, 2, -7, -1)] == [
        "G major", "D major", "F major", "B major",
    ]  # fmt: skip
    assert LABELS[transposed(A_MINOR, 3)] == "C minor"
    assert transposed(NONE, 5) == NONE
    for minor in (False, True):
        for tonic in range(12):
            named = LABELS[int(label_of(tonic, minor))]
            assert LABELS[transposed(int(label_of(0, minor)), tonic)] == named
            assert named.endswith("minor") == minor
    # A minor key stands where the major one with its signature does.
    assert A_MINOR - C == 12


def test_the_key_of_a_tune_is_the_one_written():
    notes = np.array(scale(62, 2, 0), np.float32)
    written = np.array([(0, 2, MAJOR), (7, 2, MINOR)], np.float32)
    keys = keys_of(Score(notes, written))
    assert [LABELS[key] for key in keys] == ["D major"] * 7 + ["B minor"] * 7


def test_the_key_of_other_scores_is_found_and_so_is_where_it_moves():
    pytest.importorskip("music21")
    notes = np.array(scale(60, 6, 0) + scale(64, 6, 42), np.float32)
    keys = keys_of(Score(notes, np.array([(0, 0, UNKNOWN)], np.float32)))
    changes = np.flatnonzero(np.diff(keys)) + 1
    assert [LABELS[keys[0]], LABELS[keys[-1]]] == ["C major", "E major"]
    assert len(changes) == 1
    assert abs(changes[0] - 42) <= 7
    # A bar of another key, which does not last, is no modulation.
    passing = np.array(scale(60, 3, 0) + scale(64, 1, 21)[:3] + scale(60, 3, 24), np.float32)
    keys = keys_of(Score(passing, np.array([(0, 0, UNKNOWN)], np.float32)))
    assert set(keys) == {C}


TUNES = """X:1
T:One
M:4/4
L:1/4
K:D
|:D E F G|A B c d|d c B A|G F E D:|

X:2
T:Two
M:4/4
L:1/4
K:Emix
E F G A|B c d e|e d c B|A G F E|E F G A|B c d e|e d c B|A G F E|
"""


def test_tunes_are_read_with_their_repeats_and_modes_of_no_key_are_left_out(tmp_path):
    pytest.importorskip("music21")
    path = tmp_path / "tunes.abc"
    path.write_text(TUNES, encoding="utf-8")
    (score,) = read_scores(path)
    assert score.quarters == 32
    assert score.notes[0].tolist() == [0, 1, 62, 0]
    assert {tuple(key) for key in score.written[:, 1:].tolist()} == {(2, MAJOR)}


def test_a_song_is_in_its_key():
    for seed in range(6):
        song = composed(np.random.default_rng(seed))
        assert LABELS[song.keys[0]] in ("C major", "C minor")
        assert song.notes[:, 0].max() < len(song.keys)
        before = int((song.keys == song.keys[0]).sum())
        pitched = song.notes[(song.notes[:, 3] != DRUM_PART) & (song.notes[:, 0] < before)]
        mode = MAJOR_SCALE if song.keys[0] == C else MINOR_SCALE
        assert np.isin(pitched[:, 2] % 12, mode).mean() > 0.8


def test_notes_are_written_when_and_how_long_they_sound(tmp_path):
    mido = pytest.importorskip("mido")
    notes = np.array([(0, 1, 60, 0), (0.5, 1, 38, 3), (1, 2, 64, 0)], np.float32)
    played = Played(notes, np.full(3, 80), (40, 41), 120.0, cents=50.0, drums=3)
    write_midi(played, tmp_path / "score.mid")
    now, found = 0, []
    for message in mido.MidiFile(tmp_path / "score.mid").tracks[0]:
        now += message.time
        if message.type in ("note_on", "note_off"):
            found.append((now / TICKS, message.type, message.note, message.channel))
        if message.type == "pitchwheel":
            assert message.pitch == 2_048  # a quarter of two semitones
    assert found == [
        (0, "note_on", 60, 0), (0.5, "note_on", 38, DRUMS), (1, "note_off", 60, 0),
        (1, "note_on", 64, 0), (1.5, "note_off", 38, DRUMS), (3, "note_off", 64, 0),
    ]  # fmt: skip


def sines(played: Played, _font) -> np.ndarray:
    """A plain instrument, for where there is no fluidsynth."""
    seconds = 60 / played.quarters_per_minute
    samples = np.zeros(round((played.notes[:, :2].sum(1).max() * seconds + 1) * SAMPLE_RATE_HZ))
    for onset, length, pitch, part in played.notes.tolist():
        if part == played.drums:
            continue
        begin = round(onset * seconds * SAMPLE_RATE_HZ)
        time_s = np.arange(round(length * seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
        tone = 0.1 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time_s)
        samples[begin : begin + len(tone)] += tone
    return samples.astype(np.float32)


@pytest.fixture
def material(monkeypatch, tmp_path):
    monkeypatch.setattr(perform, "rendered", sines)
    return Material({}, {SONGS: 1.0}, [np.ones(16_000, np.float32)], tmp_path)


def test_a_performance_has_a_key_for_each_token(material):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        samples, keys = perform.perform(composed(rng), SONGS, material.font, rng)
        assert len(keys) == len(samples) // 1_600
        assert NONE not in keys
        assert len(samples) <= (PIECE_S[1] + 2) * SAMPLE_RATE_HZ
    tune = Piece(np.array(scale(60, 2, 0), np.float32), np.full(14, C))
    rng = np.random.default_rng(4)
    samples, keys = perform.perform(tune, "tunes", material.font, rng)
    slowest, fastest = TEMPI["tunes"]
    seconds = len(samples) / SAMPLE_RATE_HZ
    assert 14 * 60 / fastest < seconds < 3 * 14 * 60 / slowest + 2
    assert len(set(keys.tolist())) == 1


def test_a_stream_is_music_and_what_is_none_and_the_same_again(material):
    first, again = (make_stream(material, np.random.default_rng(3), 120.0) for _ in "ab")
    np.testing.assert_array_equal(first.features, again.features)
    assert first.features.shape == (1_200, PITCH_DIM + 2 * BEYOND * BINS_PER_SEMITONE)
    assert np.isfinite(first.features).all()
    np.testing.assert_array_equal(first.labels == NONE, first.origin == -1)
    assert 0.5 < (first.labels != NONE).mean() < 1


def key_stream(tokens: int = 300, seed: int = 0) -> KeyStream:
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((tokens, PITCH_DIM + 2 * BEYOND * BINS_PER_SEMITONE))
    labels = np.repeat(rng.integers(0, len(LABELS), tokens // 100), 100)
    return KeyStream(features.astype(np.float16), labels, np.where(labels == NONE, -1, 0))


def test_tokens_are_learned_in_twelve_keys_and_none_is_made_up():
    stream = key_stream()
    twelve = labeled([stream])
    assert len(twelve) == 12
    for each, up in zip(twelve, range(-BEYOND, BEYOND), strict=True):
        assert np.shares_memory(each.features, stream.features)
        assert each.labels.tolist() == [
            transposed(int(label), up) for label in lasting(stream.labels)
        ]
        # What was heard lies so many semitones further up.
        np.testing.assert_array_equal(
            bins_moved(stream)[:, 30], bins_moved(stream, up)[:, 30 + BINS_PER_SEMITONE * up]
        )


def test_a_key_that_passes_is_no_modulation():
    labels = np.repeat([0, 3, 5, 3, 7, 0, 9, 0, 4, 6], [50, 300, 80, 90, 250, 9, 60, 9, 70, 300])
    expected = np.repeat([0, 3, 7, 0, 9, 0, 6], [50, 470, 250, 9, 60, 9, 370])
    np.testing.assert_array_equal(lasting(labels), expected)
    np.testing.assert_array_equal(lasting(np.full(5, 8)), np.full(5, 8))


def test_the_first_tokens_of_a_key_count_less():
    weights = token_weights(np.array([0] * 30 + [5] * 50))
    assert weights.tolist() == [1.0] * 30 + [np.float32(UNSURE_WEIGHT)] * UNSURE_TOKENS + [1.0] * 30


def test_mistakes_are_named_as_musicians_do():
    said = ["C major", "G major", "F major", "A minor", "C minor", "D major", "none", "none"]
    labels = np.array([C] * 7 + [NONE])
    stream = Heard(np.zeros((8, PITCH_DIM)), labels, np.zeros(8, np.int64))
    outputs = [np.eye(len(LABELS), dtype=np.float32)[[LABELS.index(one) for one in said]]]
    found = mistakes(outputs, [stream])
    sevenths = {name: round(7 * share) for name, share in found.items()}
    assert sevenths == {
        "right": 1, "a fifth away": 2, "relative": 1, "parallel": 1, "none": 1, "another": 1,
    }  # fmt: skip
    assert tokens_right(outputs, [stream]) == {"tokens_right": 0.25, "key_tokens_right": 0.1429}
    minor = Heard(np.zeros((2, PITCH_DIM)), np.array([A_MINOR] * 2), np.zeros(2, np.int64))
    said = [LABELS.index("A major"), LABELS.index("C major")]
    found = mistakes([np.eye(len(LABELS), dtype=np.float32)[said]], [minor])
    assert found["parallel"] == found["relative"] == 0.5


def test_the_recipe_makes_a_task_with_a_card(tmp_path, monkeypatch):
    monkeypatch.setattr("recipes.key.evaluate.WINDOWS", (10, 30))
    monkeypatch.setattr(recipe, "fit_landmarks", partial(fit_landmarks, tokens=400))
    small = replace(
        recipe.train_config(4),
        classifier=replace(recipe.train_config(4).classifier, window=64),
        scan_tokens=48,
        windows=2,
    )
    run = Run(tmp_path, tmp_path / "model", tmp_path, small)
    for place, name in enumerate(SETS):
        build_streams(run.streams(name), 1, lambda _, place=place: [key_stream(seed=place)])
    recipe.make_weights(run)
    recipe.make_landmarks(run)
    recipe.make_card(run)
    task = read_task(run.out)
    assert task.landmark_counts == COUNTS
    assert set(task.card["windows"]) == {"10", "30"}
    lanes = len(task.card["windows"]["30"])
    assert lanes == 1 + 2 * 2  # full attention, and both kinds of 4 and 16 landmarks
    assert task.card["figures"]["composers: mistakes"].keys() >= {"right", "relative"}
    assert "with attention's output set to zero" in task.card["attention"]
