"""An exported step gives the numbers of the library's own, over several windows of a stream."""

import json
import logging

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from rows import assert_rows_close

from cla.attention import KINDS, AttentionConfig, make_attention
from cla.attention.config import PseudoInverse
from cla.attention.state import names_of, tensors_of
from cla.cli import main
from cla.errors import ClaError
from cla.export import NEXT, FlatStep, write_onnx, write_program
from cla.export.flat_step import CascadeStep, is_cascade, step_of
from cla.export.window_step import is_windowed
from cla.models import ClassifierConfig, StreamClassifier, load_task

KINDS_AND_MODES = [
    (name, mode) for name, kind in KINDS.items() for mode in kind.landmark_modes or ("continual",)
]
OUTPUTS = ["single_output", "retroactive"]
STREAMS, WINDOW = 2, 9


def some_at_once(*kinds):
    """All configurations, those of other kinds and retroactive ones slow: each takes seconds."""
    return [
        pytest.param(
            *(kind, mode, output),
            marks=[] if output == OUTPUTS[0] and kind in kinds else pytest.mark.slow,
        )
        for kind, mode in KINDS_AND_MODES
        for output in OUTPUTS
    ]


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def quiet_exporters():
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def make_layer(kind, mode, output, inverse="ridge", marks=4, window=WINDOW):
    torch.manual_seed(0)
    marks = marks if KINDS[kind].landmark_modes else None
    layer = make_attention(AttentionConfig(kind, 12, 2, window, marks, mode, output, inverse))
    if layer.takes_landmarks:
        layer.set_landmarks(torch.randn(2, marks, 6), torch.randn(2, marks, 6))
    return layer.eval()


def make_stream(size, length):
    return torch.randn(length, STREAMS, size, generator=torch.Generator().manual_seed(1))


def assert_same_stream(model, run, stream):
    """`run` takes a token and returns the output, from a state that it keeps."""
    state = model.init_state(stream.shape[1])
    for token in stream:
        expected = model.step(token, state).output
        assert_rows_close(run(token), expected)


def pure_runner(step):
    """Of a step that has not been exported."""
    state = step.initial

    @torch.no_grad()
    def run(token):
        nonlocal state
        output, *state = step(token, *state)
        return output

    return run


def torch_runner(path):
    program = torch.export.load(path)
    state = program.example_inputs[0][1:]
    module = program.module()

    def run(token):
        nonlocal state
        output, *state = module(token, *state)
        return output

    return run


def onnx_runner(path, state):
    session = onnxruntime.InferenceSession(path)
    assert [entry.name for entry in session.get_inputs()] == ["token", *state]
    assert [entry.name for entry in session.get_outputs()][1:] == [NEXT + name for name in state]

    def run(token):
        nonlocal state
        output, *values = session.run(None, {"token": token.numpy(), **state})
        state = dict(zip(state, values, strict=True))
        return torch.from_numpy(output)

    return run


@pytest.mark.parametrize(("window", "marks"), [(9, 4), (12, 3), (10, 1), (7, 6), (6, 6)])
@pytest.mark.parametrize("inverse", PseudoInverse.__args__)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(("kind", "mode"), KINDS_AND_MODES)
def test_a_step_of_few_operators_equals_the_steps(kind, mode, output, inverse, window, marks):
    layer = make_layer(kind, mode, output, inverse, marks, window)
    assert is_windowed(layer)
    assert_same_stream(layer, pure_runner(step_of(layer, STREAMS)), make_stream(12, 3 * window))


@pytest.mark.parametrize("mode", ["fixed", "continual"])
def test_a_step_of_few_operators_keeps_bad_tokens_where_they_are(mode):
    layer = make_layer("continual_nystrom", mode, "single_output")
    stream = make_stream(12, 5 * WINDOW)
    stream[2 * WINDOW, 0] = torch.nan
    run, state = pure_runner(step_of(layer, STREAMS)), layer.init_state(STREAMS)
    for token in stream:
        expected = layer.step(token, state).output
        found = run(token)
        assert torch.equal(found.isnan(), expected.isnan())
        assert_rows_close(found.nan_to_num(), expected.nan_to_num())


@pytest.mark.parametrize("layers", [1, 2])
def test_a_classifiers_step_from_windows_equals_its_steps(layers):
    torch.manual_seed(0)
    config = ClassifierConfig(
        6, 3, 12, 2, 12, WINDOW, 2 * WINDOW, 3, num_layers=layers, stack_mode="cascaded"
    )
    classifier = StreamClassifier(config).eval().with_attention("continual_nystrom", 4)
    assert is_cascade(classifier)
    run = pure_runner(CascadeStep(classifier, STREAMS))
    assert_same_stream(classifier, run, make_stream(6, 4 * WINDOW))


@pytest.mark.parametrize(
    ("mode", "window", "nodes"),
    [
        ("continual", 120, 400),
        ("fixed", 4096, 80),
        pytest.param("fixed", 120, 80, marks=pytest.mark.slow),
    ],
)
def test_graphs_are_small(mode, window, nodes, tmp_path):
    config = AttentionConfig("continual_nystrom", 96, 8, window, 16, mode)  # that of the README
    layer = make_attention(config).eval()
    if mode == "fixed":
        layer.set_landmarks(torch.randn(8, 16, 12), torch.randn(8, 16, 12))
    write_onnx(layer, tmp_path / "step.onnx")
    assert len(onnx.load(tmp_path / "step.onnx").graph.node) <= nodes


@pytest.mark.parametrize(("kind", "mode", "output"), some_at_once())
def test_a_program_equals_the_steps(kind, mode, output, tmp_path):
    layer = make_layer(kind, mode, output, "exact")
    write_program(layer, tmp_path / "step.pt2", streams=STREAMS)
    assert_same_stream(layer, torch_runner(tmp_path / "step.pt2"), make_stream(12, 4 * WINDOW))


@pytest.mark.parametrize(("kind", "mode", "output"), some_at_once("continual_nystrom"))
def test_onnx_equals_the_steps(kind, mode, output, tmp_path):
    layer = make_layer(kind, mode, output)
    state_path = write_onnx(layer, tmp_path / "step.onnx", streams=STREAMS)
    run = onnx_runner(tmp_path / "step.onnx", dict(np.load(state_path)))
    assert_same_stream(layer, run, make_stream(12, 4 * WINDOW))


@pytest.mark.parametrize(("kind", "mode", "output"), some_at_once("continual"))
def test_a_step_compiles_to_one_graph(kind, mode, output):
    torch.compiler.reset()  # it counts graphs of the same function, of other layers too
    layer = make_layer(kind, mode, output)
    step, state = torch.compile(layer.step, fullgraph=True, backend="eager"), layer.init_state(2)

    def run(token):
        with torch.no_grad():
            return step(token, state).output

    assert_same_stream(layer, run, make_stream(12, 2 * WINDOW))


@pytest.mark.parametrize(
    ("kind", "mode", "output"),
    [
        ("continual", "continual", OUTPUTS[0]),
        ("continual_nystrom", "fixed", OUTPUTS[0]),
        *(
            pytest.param(*given, marks=pytest.mark.slow)
            for given in (
                ("continual_nystrom", "fixed", OUTPUTS[1]),
                ("continual_nystrom", "continual", OUTPUTS[0]),
                ("continual_nystrom", "continual", OUTPUTS[1]),
            )
        ),
    ],
)
def test_a_state_may_be_bound_as_input_and_output(kind, mode, output, tmp_path):
    layer = make_layer(kind, mode, output)
    arrays = dict(np.load(write_onnx(layer, tmp_path / "step.onnx", streams=STREAMS)))
    session = onnxruntime.InferenceSession(tmp_path / "step.onnx")
    state = {name: onnxruntime.OrtValue.ortvalue_from_numpy(one) for name, one in arrays.items()}
    binding = session.io_binding()
    for name, value in state.items():
        binding.bind_ortvalue_input(name, value)
        binding.bind_ortvalue_output(NEXT + name, value)

    def run(token):
        binding.bind_cpu_input("token", token.numpy())
        binding.bind_output("output")
        session.run_with_iobinding(binding)
        return torch.from_numpy(binding.get_outputs()[-1].numpy())

    assert_same_stream(layer, run, make_stream(12, 3 * WINDOW))


def test_fixed_landmarks_export_whatever_the_pseudo_inverse(tmp_path):
    layer = make_layer("continual_nystrom", "fixed", "single_output", "exact")
    state_path = write_onnx(layer, tmp_path / "step.onnx", streams=STREAMS)
    run = onnx_runner(tmp_path / "step.onnx", dict(np.load(state_path)))
    assert_same_stream(layer, run, make_stream(12, 3 * WINDOW))


@pytest.mark.parametrize("kind", ["nystrom", "continual_nystrom"])
def test_singular_values_are_refused_for_onnx(kind, tmp_path):
    layer = make_layer(kind, "continual", "single_output", "exact")
    with pytest.raises(ClaError, match="singular values") as caught:
        write_onnx(layer, tmp_path / "step.onnx")
    assert "ridge" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_stream_moves_to_onnx_in_the_middle(tmp_path):
    layer = make_layer("continual_nystrom", "fixed", "single_output")
    write_onnx(layer, tmp_path / "step.onnx", streams=STREAMS)
    stream = make_stream(12, 3 * WINDOW)
    state = layer.init_state(STREAMS)
    for token in stream[:13]:
        layer.step(token, state)
    named = zip(names_of(state), tensors_of(state), strict=True)
    arrays = {
        name: tensor.clone().numpy()
        for name, tensor in named
        if name in step_of(layer, STREAMS).names
    }
    run = onnx_runner(tmp_path / "step.onnx", arrays)
    for token in stream[13:]:
        expected = layer.step(token, state).output
        assert_rows_close(run(token), expected)


def test_a_flat_step_changes_nothing_that_it_is_given():
    step = FlatStep(make_layer("continual_nystrom", "continual", "retroactive"), STREAMS)
    before = [tensor.clone() for tensor in step.initial]
    step(make_stream(12, 1)[0], *step.initial)
    assert all(torch.equal(*pair) for pair in zip(step.initial, before, strict=True))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("continual_nystrom", "fixed"),
        pytest.param("continual_nystrom", "continual", marks=pytest.mark.slow),
        pytest.param("nystrom", "continual", marks=pytest.mark.slow),
        pytest.param("full", "continual", marks=pytest.mark.slow),
        pytest.param("continual", "continual", marks=pytest.mark.slow),
    ],
)
def test_a_task_exported_on_the_command_line_runs_by_onnxruntime_alone(kind, mode, tmp_path):
    path = tmp_path / "digits.onnx"
    given = ["--kind", kind, "--landmark-mode", mode, "--streams", str(STREAMS)]
    assert main(["export", str(path), *given]) == 0
    task = load_task("digits")
    classifier = task.with_attention(kind, 16 if "nystrom" in kind else None, mode)
    run = onnx_runner(path, dict(np.load(tmp_path / "digits.state.npz")))
    stream = make_stream(classifier.config.input_dim, 2 * classifier.config.window + 40)
    assert_same_stream(classifier, run, stream)
    properties = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    assert json.loads(properties["labels"]) == list(task.labels)
    assert json.loads(properties["hop_s"]) == task.hop_s
    assert json.loads(properties["attention"])[-1]["kind"] == kind


def test_a_task_is_exported_as_a_program(tmp_path):
    path = tmp_path / "digits.pt2"
    assert main(["export", str(path), "--streams", str(STREAMS)]) == 0
    classifier = load_task("digits").with_attention("continual_nystrom", 16, "fixed")
    stream = make_stream(classifier.config.input_dim, classifier.config.window + 20)
    assert_same_stream(classifier, torch_runner(path), stream)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["model.bin"], "names no format"),
        (["model.onnx", "--streams", str(10**15)], "cannot be"),
        (["missing/model.onnx"], "cannot be written"),
        (["model.onnx", "--landmarks", "17"], "17"),
        (["model.onnx", "--streams", "0"], "--streams 0"),
        (["model.onnx", "--task", "none"], "none"),
    ],
)
def test_wrong_options_are_named(arguments, named, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", *arguments]) == 2
    assert named in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
