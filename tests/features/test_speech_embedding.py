import threading
from runpy import run_path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from rows import assert_rows_close

from cla.features import FEATURE_DIM, HOP_SAMPLES, embed_clip
from cla.features.speech_embedding import SAMPLE_RATE_HZ, SpeechEmbedding, shared_embedding
from cla.onnx_network import onnx_network
from cla.resources import asset_path, verified_asset


def noise(samples: int, seed: int = 0) -> NDArray[np.float32]:
    return (np.random.default_rng(seed).standard_normal(samples) * 0.1).astype(np.float32)


def arrays(state):
    return [state.context, state.mel, *state.rows]


def test_the_start_is_as_if_silence_had_gone_before() -> None:
    embedding = shared_embedding()
    silent = embedding.init_state()
    for _ in range(12):
        _, silent = embedding.step(np.zeros(HOP_SAMPLES, np.float32), silent)
    for filled, fresh in zip(arrays(silent), arrays(embedding.init_state()), strict=True):
        np.testing.assert_array_equal(filled, fresh)


def test_tokens_are_those_of_the_published_network_bit_for_bit() -> None:
    """From the first token on, over all phases, also where streams share the network."""
    embedding = shared_embedding()
    published = onnx_network(verified_asset("features/embedding_model.onnx"))
    states = [embedding.init_state() for _ in range(2)]
    silence = np.repeat(states[0].mel[:1], 76, 0)
    windows = [silence, silence]
    for token in range(40):
        for stream, state in enumerate(states):
            hop = noise(HOP_SAMPLES, seed=2 * token + stream) * 10.0 ** -(token % 5)
            ours, states[stream] = embedding.step(hop, state)
            windows[stream] = np.concatenate((windows[stream][8:], states[stream].mel))
            window = windows[stream][np.newaxis, :, :, np.newaxis]
            (theirs,) = published.run(None, {"input_1": window})
            np.testing.assert_array_equal(ours, theirs.reshape(FEATURE_DIM))
        if token == 25:  # a stream that begins anew beside one that goes on
            states[0], windows[0] = embedding.init_state(), silence


def test_the_shipped_network_is_what_its_script_makes() -> None:
    folder = asset_path("features")
    made = run_path(str(folder / "make_continual_embedding.py"))["continual"](
        onnx.load(folder / "embedding_model.onnx")
    )
    assert onnx.load(folder / "continual_embedding.onnx") == made


def test_mel_frames_equal_those_of_the_whole_clip() -> None:
    """Frame by frame the stream computes what one call on the whole clip computes."""
    embedding = shared_embedding()
    samples = noise(20 * HOP_SAMPLES)
    state = embedding.init_state()
    frames = []
    for hop in samples.reshape(-1, HOP_SAMPLES):
        _, state = embedding.step(hop, state)
        frames.append(state.mel)
    padded = np.concatenate([np.zeros(352, np.float32), samples])
    (whole,) = embedding._mel.run(None, {"input": padded[np.newaxis] * 32_767.0})
    expected = np.maximum(whole.reshape(-1, 32), 20.0) / 10.0 + 2.0
    assert_rows_close(np.concatenate(frames), expected)


def test_a_step_leaves_the_given_state_alone() -> None:
    embedding = shared_embedding()
    state = embedding.init_state()
    before = [field.copy() for field in arrays(state)]
    embedding.step(noise(HOP_SAMPLES), state)
    for field, kept in zip(arrays(state), before, strict=True):
        np.testing.assert_array_equal(field, kept)


def test_nothing_older_than_the_receptive_field_has_influence() -> None:
    hops = int(np.ceil(0.775 * SAMPLE_RATE_HZ / HOP_SAMPLES))
    samples = noise(20 * HOP_SAMPLES)
    changed = samples.copy()
    changed[: (20 - hops - 1) * HOP_SAMPLES] = noise(len(samples), seed=1)[
        : (20 - hops - 1) * HOP_SAMPLES
    ]
    ours, other = embed_clip(samples), embed_clip(changed)
    np.testing.assert_array_equal(ours[-1], other[-1])
    assert np.abs(ours[0] - other[0]).max() > 1.0


def test_a_muted_pause_and_a_quiet_one_give_the_same_token() -> None:
    muted = np.zeros(15 * HOP_SAMPLES, np.float32)
    quiet = noise(len(muted)) * 1e-4  # -100 dBFS
    assert_rows_close(embed_clip(quiet), embed_clip(muted))


def test_threads_share_the_networks_without_mixing_streams() -> None:
    clips = [noise(12 * HOP_SAMPLES, seed) for seed in range(3)]
    expected = [embed_clip(clip) for clip in clips]
    results: dict[int, NDArray[np.float32]] = {}

    def work(index: int) -> None:
        results[index] = embed_clip(clips[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, features in enumerate(expected):
        np.testing.assert_array_equal(results[index], features)


@pytest.mark.parametrize("samples", [0, 1, HOP_SAMPLES - 1, HOP_SAMPLES, 3 * HOP_SAMPLES + 1])
def test_a_clip_gives_one_token_per_whole_hop(samples: int) -> None:
    features = embed_clip(noise(samples))
    assert features.shape == (samples // HOP_SAMPLES, FEATURE_DIM)
    assert features.dtype == np.float32


def test_extreme_samples_give_finite_features() -> None:
    square = np.sign(noise(10 * HOP_SAMPLES)).astype(np.float32)
    assert np.isfinite(embed_clip(square)).all()
    assert np.isfinite(embed_clip(square * np.float32(1e38))).all()


def test_two_instances_agree() -> None:
    hop = noise(HOP_SAMPLES)
    ours, _ = SpeechEmbedding().step(hop, SpeechEmbedding().init_state())
    np.testing.assert_array_equal(ours, embed_clip(hop)[0])
