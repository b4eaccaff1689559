"""ESC-10 in both of its layouts, built small."""

from pathlib import Path

import pytest

from cla.datasets import esc10
from cla.errors import ClaError

TABLE = """filename,fold,target,category,esc10,src_file,take
1-100032-A.wav,1,0,dog,True,100032,A
5-17367-A.wav,5,10,rain,True,17367,A
1-1-A.wav,1,1,cow,False,1,A
2-2-A.wav,2,12,crackling_fire,True,2,A
"""


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_folders_and_file_names_give_label_and_fold(tmp_path: Path):
    touch(
        tmp_path / "001 - Dog bark" / "1-100032-A.ogg",
        tmp_path / "001 - Dog bark" / "4-194754-A.ogg",
        tmp_path / "010 - Fire crackling" / "5-17742-A.ogg",
        tmp_path / "010 - Fire crackling" / "notes.txt",
        tmp_path / "README.md",
    )
    found = esc10(tmp_path)
    assert [(clip.label, clip.fold) for clip in found.clips] == [(0, 0), (0, 3), (9, 4)]
    assert found.labels[9] == "crackling fire"


def test_the_table_of_esc50_gives_the_same(tmp_path: Path):
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "esc50.csv").write_text(TABLE)
    names = ("1-100032-A", "5-17367-A", "2-2-A", "1-1-A")
    touch(*(tmp_path / "audio" / f"{name}.wav" for name in names))
    found = esc10(tmp_path)
    labels = sorted((found.labels[clip.label], clip.fold) for clip in found.clips)
    assert labels == [("crackling fire", 1), ("dog", 0), ("rain", 4)]
    (tmp_path / "audio" / "2-2-A.wav").unlink()
    with pytest.raises(ClaError, match="2-2-A"):
        esc10(tmp_path)


def test_a_missing_data_set_says_where_it_comes_from(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ClaError, match=r"github\.com/karolpiczak.*MB"):
            esc10(folder)
