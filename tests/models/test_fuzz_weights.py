"""Cards and weights that lie: refused in a sentence, whatever they say, and without much memory."""

import copy
import hashlib
import json

import pytest
from fuzzing import explained, fuzzed
from hypothesis import given
from hypothesis import strategies as st
from tiny_tasks import tiny_sound_task

from cla.errors import ClaError
from cla.models import TaskModel, read_task, write_task

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 10), st.sampled_from([2**31, 2**63, 10**30]),
    st.floats(), st.text(max_size=5), st.lists(st.integers(-3, 70), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("task")
    write_task(tiny_sound_task(), folder, {})
    card = json.loads((folder / "card.json").read_text())
    return folder, card, (folder / "model.safetensors").read_bytes()


def read(folder, card, weights):
    """A task or a sentence, and nothing else."""
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "card.json").write_text(json.dumps(card))
    with explained():
        assert isinstance(read_task(folder), TaskModel)


@fuzzed()
@given(data=st.data())
def test_a_card_that_lies(shipped, data):
    folder, card, weights = shipped
    card = copy.deepcopy(card)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from([card, card["classifier"], card["events"]]))
        if isinstance(place, dict) and place:
            place[data.draw(st.sampled_from(sorted(place)))] = data.draw(VALUES)
        if not all(isinstance(card.get(name), dict) for name in ("classifier", "events")):
            break
    read(folder, card, weights)


@fuzzed()
@given(at=st.integers(0, 3000), noise=st.binary(min_size=1, max_size=40))
def test_weights_that_are_damaged_though_their_checksum_is_right(shipped, at, noise):
    folder, card, weights = shipped
    weights = weights[:at] + noise + weights[at + len(noise) :]
    read(folder, {**card, "sha256": hashlib.sha256(weights).hexdigest()}, weights)


@pytest.mark.parametrize("size", ["embed_dim", "feed_forward_dim", "num_layers", "window"])
def test_a_card_cannot_ask_for_memory(shipped, size):
    folder, card, weights = shipped
    card = {**card, "classifier": {**card["classifier"], size: 2**40}}
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(ClaError, match=size):
        read_task(folder)
