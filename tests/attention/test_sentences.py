"""What does not fit is refused in a sentence that says what it is, before anything is done."""

import numpy as np
import pytest
import torch
from contract import KINDS_AND_MODES, make_layer, make_stream, run
from rows import assert_rows_close

from cla.attention import (
    KINDS,
    AttentionConfig,
    clone_state,
    load_state,
    move_state,
    save_state,
)
from cla.attention.state import tensors_of
from cla.errors import ClaError
from cla.models import ClassifierConfig, StreamClassifier

SIZES = {"kind": "continual_nystrom", "embed_dim": 12, "num_heads": 2, "window": 8}
MODEL = {
    "input_dim": 6, "num_classes": 3, "embed_dim": 12, "num_heads": 2, "window": 8,
    "position_period": 16, "position_harmonics": 3,
}  # fmt: skip


def config_of(kind, mode, window=9):
    marks = 4 if KINDS[kind].landmark_modes else None
    return AttentionConfig(kind, 12, 2, window, marks, mode)


@pytest.fixture(params=KINDS_AND_MODES, ids="-".join)
def layer(request):
    return make_layer(config_of(*request.param))


def classifier(layers=1, **options):
    return StreamClassifier(ClassifierConfig(**MODEL, num_layers=layers, **options)).eval()


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (torch.zeros(2, 13), r"shape \(2, 13\)"),
        (torch.zeros(3, 12), r"shape \(3, 12\) does not fit a state of 2 streams"),
        (torch.ones(2, 12, dtype=torch.int64), "torch.int64"),
        (torch.zeros(2, 12, device="meta"), "tokens are on meta, the state on cpu"),
        (np.zeros((2, 12)), "ndarray"),
        ([0.0] * 12, "list"),
    ],
)
@pytest.mark.parametrize("compiled", [True, False], ids=["kernels", "pytorch"])
def test_tokens_that_do_not_fit(layer, token, said, compiled):
    layer.use_fused = layer.use_fused and compiled
    state = layer.init_state(2)
    before = clone_state(state)
    with pytest.raises(ClaError, match=said):
        layer.step(token, state)
    assert all(torch.equal(*pair) for pair in zip(*map(tensors_of, (state, before)), strict=True))
    if isinstance(token, torch.Tensor):
        with pytest.raises(ClaError, match=r"fit|torch\.int64|on meta"):
            layer.scan(token[:, None], state)


def test_tokens_are_widened_and_never_rounded():
    layer = make_layer(config_of("continual", "continual"))
    wide = torch.randn(2, 5, 12, dtype=torch.float64)
    for call in (layer.scan, lambda x, state: layer.step(x[:, 0], state)):
        with pytest.raises(ClaError, match=r"would be rounded to torch\.float32"):
            call(wide, layer.init_state(2))
    with pytest.raises(ClaError, match=r"torch\.int64"):
        layer(torch.ones(2, 3, 12, dtype=torch.int64))
    narrow = wide.bfloat16()
    found = layer.scan(narrow, layer.init_state(2))[0]
    assert torch.equal(found, layer.scan(narrow.float(), layer.init_state(2))[0])


def test_states_that_do_not_fit(layer):
    token = torch.zeros(2, 12)
    others = [config_of(*other) for other in KINDS_AND_MODES]
    strangers = [(make_layer(one).init_state(2), "State") for one in others]
    strangers = [pair for pair in strangers if not isinstance(pair[0], layer.kind.state_type)]
    window = config_of(layer.config.kind, layer.config.landmark_mode, window=8)
    strangers += [(None, "NoneType"), ((token,), "tuple"), (classifier().init_state(2), "Classif")]
    strangers += [(make_layer(window).init_state(2), r", 8(, 6)?\), not \(.*, 9(, 6)?\)")]
    for state, said in strangers:
        with pytest.raises(ClaError, match=f"another layer: .*{said}"):
            layer.step(token, state)
    with pytest.raises(ClaError, match="the state on meta"):
        layer.step(token, move_state(layer.init_state(2), device="meta"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"window": 0}, {"window": 8.0}, {"window": "8"}, {"window": True}, {"num_landmarks": "4"},
        {"num_landmarks": 0}, {"num_landmarks": None}, {"embed_dim": None}, {"kind": ["full"]},
        {"pseudo_inverse": "svd"}, {"kind": "full", "num_landmarks": "4"},
    ],
    ids=str,
)  # fmt: skip
def test_sizes_that_are_none(wrong):
    with pytest.raises(ClaError, match="|".join(wrong)):
        AttentionConfig(**{**SIZES, "num_landmarks": 4, **wrong})


def test_whole_numbers_of_numpy_are_taken_for_pythons():
    config = AttentionConfig(**{**SIZES, "window": np.int64(8), "num_landmarks": np.int32(4)})
    assert type(config.window) is type(config.num_landmarks) is int


@pytest.mark.parametrize(
    "wrong",
    [
        {"num_classes": 0}, {"input_dim": 0}, {"num_layers": 1.5}, {"position_period": 0},
        {"position_harmonics": -1}, {"dropout": 2}, {"pseudo_inverse": "svd"},
    ],
    ids=str,
)  # fmt: skip
def test_sizes_of_a_classifier_that_are_none(wrong):
    with pytest.raises(ClaError, match="|".join(wrong)):
        ClassifierConfig(**{**MODEL, **wrong})


@pytest.mark.parametrize("layers", [1, 2])
def test_what_does_not_fit_a_classifier(layers, tmp_path):
    model = classifier(layers)
    state = model.init_state(2)
    for token in (torch.zeros(2, 7), torch.zeros(3, 6), torch.zeros(2, 6).long()):
        with pytest.raises(ClaError, match=r"fit|torch\.int64"):
            model.step(token, state)
    with pytest.raises(ClaError, match="rounded"):
        model.step(torch.zeros(2, 6, dtype=torch.float64), state)
    wide = torch.zeros(2, 4, 7)
    calls = (model, model.state_from_window, lambda x: model.explain(x, state))
    for call in (*calls, lambda x: model.scan(x, state)):
        with pytest.raises(ClaError, match=r"\(2, 4, 7\)"):
            call(wide)
    cascade = classifier(3 - layers, stack_mode="cascaded").init_state(2)
    for stranger in (None, state.stack.layers[0], cascade):
        with pytest.raises(ClaError, match="another model"):
            model.step(torch.zeros(2, 6), stranger)
    save_state(state, tmp_path / "state.safetensors")
    for like, said in (
        (model.init_state(3), r"shape \(2,\), not .* \(3,\)"),
        (model.with_attention("full", window=4).init_state(2), r"8, 6\), not .*4, 6\)"),
        (model.init_state(2, dtype=torch.float64), "float32 .*, not torch.float64"),
        (state.stack.layers[0], "differs in"),
    ):
        with pytest.raises(ClaError, match=said):
            load_state(tmp_path / "state.safetensors", like=like)


def test_a_classifiers_state_goes_on_outside_of_inference_mode():
    model = classifier(2)
    with torch.inference_mode():
        state = model.init_state(1)
        model.step(torch.ones(1, 6), state)
    assert not model.step(torch.ones(1, 6), state).output.is_inference()


def test_a_scan_of_some_streams_leaves_the_others(layer):
    stream = make_stream(layer.config, 30, batch=3)
    active = torch.tensor([True, False, True])
    with torch.no_grad():
        _, state = layer.scan(stream[:, :13], layer.init_state(3))
        outputs, after = layer.scan(stream[:, 13:20], state, active=active)
    stepped = clone_state(state)
    steps = [
        layer.step(token, stepped, active=active).output for token in stream[:, 13:20].unbind(1)
    ]
    assert_rows_close(outputs, torch.stack(steps, 1))
    assert_rows_close(run(layer, stream[:, 20:], after), run(layer, stream[:, 20:], stepped))
    with pytest.raises(ClaError, match="mask of 3 booleans"):
        layer.scan(stream, state, active=active[:2])


def test_a_scan_of_some_streams_of_a_classifier():
    model = classifier(2)
    features = torch.randn(2, 20, 6)
    active = torch.tensor([False, True])
    with torch.no_grad():
        outputs, after = model.scan(features, model.init_state(2), active=active)
        alone, _ = model.scan(features[1:], model.init_state(1))
    assert_rows_close(outputs[1:], alone)
    assert not outputs[0].any()
    assert after.valid_tokens.tolist() == [0, 8]
