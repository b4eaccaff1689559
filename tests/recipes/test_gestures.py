"""`cla train gestures` from recordings to a model that its card describes, on made-up ones."""

import shutil
from dataclasses import replace
from functools import partial

import pytest

from cla.capture import sample_clips
from cla.experiments.presets import preset
from cla.models import read_task
from recipes.gestures import recipe


@pytest.mark.timeout(240)
def test_recordings_become_a_task_judged_on_those_left_out(tmp_path, monkeypatch):
    (clip,) = sample_clips("gestures")
    data = tmp_path / "data" / "gesture-phase"
    data.mkdir(parents=True)
    for name in ("a1", "a2"):
        shutil.copy(clip.path, data / f"{name}_raw.csv")

    def short(*named):
        config = preset(*named)
        training = replace(config.training, epochs=1, variants=1, stride=200)
        return replace(config, training=training)

    monkeypatch.setattr(recipe, "preset", short)
    fit = partial(recipe.fit_landmarks, tokens=400, counts=(2, 4))
    monkeypatch.setattr(recipe, "fit_landmarks", fit)
    lanes = [one for one in recipe.LANES if one.num_landmarks in (None, 4)]
    monkeypatch.setattr(recipe, "LANES", lanes)
    arguments = ["--work-dir", str(tmp_path / "work"), "--recordings", str(tmp_path / "data")]
    assert recipe.main(arguments) == 0
    task = read_task(tmp_path / "work" / "model")
    assert (task.landmark_counts, task.features) == ((2, 4), "joints")
    left_out = task.card["figures"]["left out"]
    assert set(left_out) == {
        "full", "continual_nystrom fixed M=4", "continual_nystrom continual M=4",
    }  # fmt: skip
    assert left_out["full"]["agreement_with_full"] == 1
    assert set(task.card["figures"]["left out: ablation"]) >= {"attention zeroed", "window 1"}
