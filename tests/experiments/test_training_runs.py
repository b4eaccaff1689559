"""Runs: repeatable, resumed after a kill with the same course, landmarks fitted layer by layer."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_arrays import SMALL, write_arrays

pytest.importorskip("lightning", reason="the extra `paper` is not installed")

from cla.errors import ClaError
from cla.experiments.config import ExperimentConfig, read_config, with_settings
from cla.experiments.lanes import LaneSpec, lane_of, partly_fixed
from cla.experiments.module import StreamModule
from cla.experiments.presets import preset
from cla.experiments.run_one import do_run, open_data
from cla.experiments.runs import read_phase, read_run
from cla.experiments.training import Reporting, train_run
from cla.models import StreamClassifier

QUIET = Reporting(progress=False, logs=False)


def config_of(folder: Path, **model: object) -> ExperimentConfig:
    config = preset("arrays", write_arrays(folder / "data"))
    given = {**SMALL, "model": {**SMALL["model"], **model}}
    return with_settings(config, given)


def weights(classifier: StreamClassifier) -> torch.Tensor:
    return torch.cat([one.flatten() for one in classifier.state_dict().values()])


def run_weights(config: ExperimentConfig, folder: Path) -> torch.Tensor:
    data, parts = open_data(config, folder / "tokens")
    return weights(train_run(data, parts, config, folder, QUIET).classifier)


def test_a_run_is_repeatable_and_a_seed_makes_another(tmp_path: Path):
    config = config_of(tmp_path, kind="any", layers=2)
    first = run_weights(config, tmp_path / "first")
    assert torch.equal(run_weights(config, tmp_path / "second"), first)
    other = run_weights(replace(config, seed=1), tmp_path / "third")
    assert not torch.equal(other, first)


def test_a_killed_run_goes_on_as_if_nothing_had_been(tmp_path: Path, monkeypatch):
    config = config_of(tmp_path, kind="full")
    drawn = {"mixup": 0.4, "mask_tokens": 3, "mask_features": 2, "schedule": "cosine"}
    config = with_settings(config, {"training": drawn})
    whole = run_weights(config, tmp_path / "whole")
    steps = []
    step = StreamModule.training_step

    def dying_step(self, batch, index):
        steps.append(self.global_step)
        if self.global_step == 5:  # in the last epoch
            raise KeyboardInterrupt
        return step(self, batch, index)

    monkeypatch.setattr(StreamModule, "training_step", dying_step)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run_weights(config, tmp_path / "killed")
    assert not (tmp_path / "killed" / "train.safetensors").exists()
    monkeypatch.setattr(StreamModule, "training_step", step)
    resumed = run_weights(config, tmp_path / "killed")
    assert steps == [0, 1, 2, 3, 4, 5]
    assert torch.equal(resumed, whole)


def test_landmarks_are_fitted_layer_by_layer_and_trained_on(tmp_path: Path):
    config = config_of(
        tmp_path, kind="continual_nystrom", landmarks=2, landmark_mode="fixed", layers=2
    )
    rows = do_run(config, tmp_path / "run", tmp_path / "tokens", QUIET)
    phases = [tmp_path / "run" / f"{name}.safetensors" for name in ("train", "fit-layer-1")]
    assert all(path.exists() for path in phases)
    run = read_run(tmp_path / "run")
    assert [layer.queries.shape for layer in run.landmarks[2]] == [(2, 2, 8)] * 2
    lane = lane_of(run.classifier, LaneSpec("continual_nystrom", 2, "fixed"), run.landmarks)
    mixed = partly_fixed(run.classifier, 2, run.landmarks[2][:1])
    kinds = [attention.config.kind for attention in mixed.attentions]
    assert kinds == ["continual_nystrom", "full"]
    window = torch.randn(2, 8, 5)
    assert not torch.allclose(lane(window), mixed(window))
    (row,) = [row for row in rows if row["landmarks"] == 2]
    assert row["system"] == "continual_nystrom, fixed"
    assert row["trained_with"] == "continual_nystrom, fixed, M=2"


def test_frozen_layers_stay_as_they_were_when_fitted(tmp_path: Path):
    config = config_of(
        tmp_path, kind="continual_nystrom", landmarks=2, landmark_mode="fixed", layers=2
    )
    config = with_settings(config, {"training": {"freeze": True, "average": 0.0}})
    data, parts = open_data(config, tmp_path / "tokens")
    run = train_run(data, parts, config, tmp_path, QUIET)
    before = StreamClassifier(run.classifier.config)
    read_phase(tmp_path / "train.safetensors", before)
    first = (one.attentions[0].query_proj.weight for one in (before, run.classifier))
    assert torch.equal(*first)
    assert not torch.equal(before.head.weight, run.classifier.head.weight)


@pytest.mark.parametrize("epochs", [1, 2, 3, 5])
def test_a_run_of_a_few_steps_has_a_schedule_too(epochs: int, tmp_path: Path):
    given = {"epochs": epochs, "batch_size": 12, "schedule": "one_cycle"}  # a step an epoch
    config = with_settings(config_of(tmp_path, kind="full"), {"training": given})
    assert run_weights(config, tmp_path / "run").isfinite().all()


def test_masks_take_a_run_of_tokens_and_one_of_features(tmp_path: Path):
    settings = {"training": {"mask_tokens": 6, "mask_features": 3}}
    config = with_settings(config_of(tmp_path), settings).training
    module = StreamModule(
        StreamClassifier(preset("arrays", tmp_path).model.classifier(8, 2, 20)),
        config,
        lambda classifier, _: classifier,
        seed=0,
        whole_clips=True,
    )
    masked = module._masked(torch.ones(200, 20, 8)) == 0
    tokens, features = masked.all(2), masked.all(1)
    assert torch.equal(masked, tokens[:, :, None] | features[:, None])
    for axis, width in ((tokens, 6), (features, 3)):
        edges = torch.nn.functional.pad(axis.int(), (1, 1)).diff().abs().sum(1)
        assert set(edges.tolist()) == {0, 2}  # one run, or none
        # The width is drawn below the one that was given.
        assert set(axis.sum(1).tolist()) == set(range(width))


def test_settings_come_from_a_file_and_unknown_ones_are_refused(tmp_path: Path):
    path = tmp_path / "run.yaml"
    path.write_text("seed: 4\nmodel:\n  kind: nystrom\n  landmarks: 4\n")
    config = read_config(path, preset("gtzan", tmp_path))
    assert (config.seed, config.model.landmarks, config.training.learning_rate) == (4, 4, 1e-5)
    path.write_text("model:\n  marks: 4\n")
    with pytest.raises(ClaError, match="marks"):
        read_config(path, config)
    with pytest.raises(ClaError, match="landmarks"):
        with_settings(config, {"model": {"landmarks": None}})


def test_presets_are_the_published_models(tmp_path: Path):
    audio = preset("gtzan", tmp_path).model.classifier(128, 10, 120)
    assert (audio.embed_dim, audio.num_heads, audio.feed_forward_dim) == (192, 16, 192)
    video = preset("thumos14", tmp_path).model.classifier(3072, 22, 64)
    assert (video.embed_dim, video.num_heads, video.window) == (1024, 8, 64)
    learned = replace(preset("gtzan", tmp_path).model, positions="learned", layers=2)
    classifier = StreamClassifier(learned.classifier(4, 2, 6))
    lane = classifier.with_attention("full")
    assert lane.position_table is classifier.position_table
    assert "position_table" in dict(classifier.named_parameters())


@pytest.mark.parametrize("mode", ["retroactive", "cascaded"])
def test_pieces_longer_than_a_window_train_every_token_or_windows_drawn_of_them(
    mode: str, tmp_path: Path
):
    data = write_arrays(tmp_path / "data", length=20)
    settings = {"loss": "every", "piece": 16, "stride": 4, "epochs": 2, "balance": 0.5}
    config = with_settings(
        preset("arrays", data),
        {
            "model": {**SMALL["model"], "kind": "full", "layers": 2, "stack_mode": mode},
            "training": {**SMALL["training"], **settings},
        },
    )
    first, again = (run_weights(config, tmp_path / name) for name in ("first", "again"))
    assert first.isfinite().all()
    assert torch.equal(first, again)
    shorter = with_settings(config, {"training": {"piece": 8}})
    assert not torch.equal(run_weights(shorter, tmp_path / "shorter"), first)
