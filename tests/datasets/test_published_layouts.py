"""GTZAN, THUMOS14, clips and arrays of one's own: small files of the same layouts."""

import json
import wave
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tiny_arrays import LABELS, write_arrays

from cla.datasets import TokenSet, open_dataset
from cla.datasets.clips import Clip, ClipSet
from cla.datasets.own_sets import clip_folder, is_video
from cla.datasets.sound_sets import GENRES, gtzan, gtzan_filtered, published_split
from cla.datasets.sound_sets import TEST as GTZAN_TEST
from cla.datasets.thumos import AMBIGUOUS, BACKGROUND, TEST, TRAIN, thumos14
from cla.datasets.token_sets import Extractor, extract
from cla.errors import ClaError


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_gtzan_leaves_out_what_is_damaged_or_repeated(tmp_path: Path):
    touch(tmp_path, *(f"{genre}/{genre}.00000.wav" for genre in GENRES))
    touch(tmp_path, "jazz/jazz.00054.wav", "disco/disco.00050.au", "disco/disco.00070.au")
    touch(tmp_path, "disco/._disco.00001.au", "jazz/notes.txt")
    found = gtzan(tmp_path)
    assert len(found.clips) == 11
    assert {clip.label for clip in found.clips} == set(range(10))
    assert all(clip.fold is None for clip in found.clips)
    with pytest.raises(ClaError, match=r"kaggle.*1\.2 GB"):
        gtzan(tmp_path / "elsewhere")


def test_gtzan_comes_in_its_published_parts(tmp_path: Path):
    touch(tmp_path, *(f"{name.split('.')[0]}/{name}.wav" for name in published_split()))
    parts = Counter(clip.fold for clip in gtzan_filtered(tmp_path).clips)
    # 443 to train without the damaged one; nothing is decided by the third part.
    assert sorted(parts.values()) == [290, 442]
    assert parts[GTZAN_TEST] == 290


def write_video(folder: Path, name: str, labels: list[int], cut: int = 0) -> None:
    rng = np.random.default_rng(len(name))
    for part, size in (("rgb_kinetics_resnet50", 2048), ("flow_kinetics_bninception", 1024)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        features = rng.standard_normal((len(labels) - cut, size)).astype(np.float32)
        np.save(folder / part / f"{name}.npy", features)
    (folder / "target_perframe").mkdir(exist_ok=True)
    np.save(folder / "target_perframe" / f"{name}.npy", np.eye(22, dtype=np.float32)[labels])


def test_thumos_features_are_joined_and_labeled_frame_by_frame(tmp_path: Path):
    write_video(tmp_path, "video_validation_0000051", [0, 9, 9, 21])
    write_video(tmp_path, "video_test_0000004", [0, 0, 3])
    found = thumos14(tmp_path)
    assert (found.sequences[0].features.shape[1], len(found.labels), found.window) == (3072, 22, 64)
    assert (found.background, found.ignored) == (BACKGROUND, AMBIGUOUS)
    by_name = {one.name: one for one in found.sequences}
    assert by_name["video_validation_0000051"].fold == TRAIN
    assert by_name["video_validation_0000051"].labels.tolist() == [0, 9, 9, 21]
    assert by_name["video_test_0000004"].fold == TEST
    (tmp_path / "data_info.json").write_text(
        json.dumps(
            {"THUMOS": {"train_session_set": ["video_test_0000004"], "test_session_set": []}}
        )
    )
    assert [one.fold for one in thumos14(tmp_path).sequences] == [TRAIN]


def test_thumos_files_that_do_not_fit_or_hold_objects_are_refused(tmp_path: Path):
    with pytest.raises(ClaError, match="6 GB"):
        thumos14(tmp_path)
    write_video(tmp_path, "video_test_0000004", [0, 0, 3], cut=1)
    with pytest.raises(ClaError, match="3 annotated frames"):
        thumos14(tmp_path)
    write_video(tmp_path, "video_test_0000004", [0, 0, 3])
    flow = tmp_path / "flow_kinetics_bninception" / "video_test_0000004.npy"
    np.save(flow, np.array([{}, {}, {}], object))
    with pytest.raises(ClaError, match="cannot be read"):
        thumos14(tmp_path)
    touch(tmp_path, "rgb_anet_resnet50/x.npy")
    with pytest.raises(ClaError, match="--features"):
        thumos14(tmp_path)


def test_arrays_become_sequences_with_the_folds_of_their_folders(tmp_path: Path):
    write_arrays(tmp_path, count=3, background="none", measure="average_precision")
    with np.load(tmp_path / "train" / "00.npz") as packed:
        arrays = dict(packed)
    (tmp_path / "more").mkdir()
    np.savez(tmp_path / "more" / "a.npz", **arrays)
    found: TokenSet = open_dataset("arrays", tmp_path, tmp_path)
    assert found.labels == LABELS
    assert (found.background, found.measure) == (0, "average_precision")
    by_name = {Path(one.name).name: one for one in found.sequences}
    assert {*by_name} == {"00.npz", "01.npz", "02.npz", "a.npz"}
    assert (by_name["02.npz"].fold, by_name["01.npz"].fold, by_name["a.npz"].fold) == (0, 1, None)
    np.testing.assert_array_equal(by_name["a.npz"].features, arrays["features"])


@pytest.mark.parametrize(
    ("arrays", "what"),
    [
        ({"features": np.ones((3, 5)), "labels": np.array([0, 1, 3])}, "no class"),
        ({"features": np.full((3, 5), np.nan), "labels": np.zeros(3, int)}, "not numbers"),
        ({"features": np.ones((3, 5)), "labels": np.zeros(2, int)}, r"\(T, F\)"),
        ({"features": np.ones((3, 5))}, "cannot be read"),
        ({"features": np.ones((3, 4)), "labels": np.zeros(3, int)}, "sizes"),
        ({"features": np.array([[{}]]), "labels": np.zeros(1, int)}, "cannot be read"),
    ],
)
def test_arrays_that_are_wrong_are_refused(tmp_path: Path, arrays: dict, what: str):
    write_arrays(tmp_path, count=3)
    np.savez(tmp_path / "wrong.npz", **arrays)
    with pytest.raises(ClaError, match=what):
        open_dataset("arrays", tmp_path, tmp_path)


def write_sound(path: Path, seconds: float, hz: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 8000 * np.sin(2 * np.pi * hz * np.arange(int(16_000 * seconds)) / 16_000)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(samples.astype(np.int16).tobytes())


def test_clips_come_from_folders_or_a_table_and_become_tokens_once(tmp_path: Path):
    write_sound(tmp_path / "low" / "a.wav", 0.5, 200)
    write_sound(tmp_path / "high" / "b.wav", 1.0, 2000)
    found = open_dataset("clips", tmp_path, tmp_path / "cache", "speech")
    assert found.labels == ("high", "low")
    shapes = {one.features.shape for one in found.sequences}
    assert shapes == {(6, 96), (12, 96)}  # a token each 80 ms
    refuse = Extractor("speech", 0.08, lambda path: pytest.fail(f"{path} was computed again"))
    extract(clip_folder(tmp_path), refuse, tmp_path / "cache")
    table = "path,label,fold\nlow/a.wav,deep,0\nhigh/b.wav,shrill,1\n"
    (tmp_path / "clips.csv").write_text(table)
    clips = clip_folder(tmp_path)
    assert clips.labels == ("deep", "shrill")
    assert [clip.fold for clip in clips.clips] == [0, 1]
    (tmp_path / "clips.csv").write_text("path,label\nmissing.wav,deep\n")
    with pytest.raises(ClaError, match=r"missing\.wav"):
        clip_folder(tmp_path)


def test_sound_and_pictures_are_not_mixed(tmp_path: Path):
    assert is_video(clip_folder(touch(tmp_path / "v", "a/1.mp4")))
    with pytest.raises(ClaError, match="sound and video"):
        is_video(clip_folder(touch(tmp_path / "m", "a/1.mp4", "b/1.wav")))
    with pytest.raises(ClaError, match="a folder of sound or video"):
        clip_folder(tmp_path / "nothing")
    with pytest.raises(ClaError, match="no data set"):
        open_dataset("esc11", tmp_path, tmp_path)


def test_a_changed_recording_is_computed_anew(tmp_path: Path):
    (tmp_path / "x.wav").write_bytes(b"1")
    clips = ClipSet("own", ("a",), (Clip(tmp_path / "x.wav", 0),))
    seen: list[Path] = []

    def embed(path: Path) -> np.ndarray:
        seen.append(path)
        return np.zeros((2, 3), np.float32)

    for content in (b"1", b"1", b"12"):
        (tmp_path / "x.wav").write_bytes(content) if content != b"1" else None
        extract(clips, Extractor("e", 1.0, embed), tmp_path / "cache")
    assert len(seen) == 2
