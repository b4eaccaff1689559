"""Stacks of layers of any sizes are timed."""

from cla.attention import AttentionConfig
from cla.benchmark import affordable, measure_stacks
from cla.benchmark.timing import Effort


def test_every_stack_gets_its_times():
    full = [AttentionConfig("full", 8, 2, 16)]
    fixed = AttentionConfig("continual_nystrom", 8, 2, 16, 2, "fixed", "retroactive")
    deep = [fixed, AttentionConfig("continual_nystrom", 8, 2, 16, 2, "fixed")]
    for timing in measure_stacks([full, deep], Effort(rounds=2, steps=5, turn_s=0.05)):
        assert 0 < timing.median_s <= timing.p95_s


def test_what_would_take_gigabytes_is_not_affordable():
    assert not affordable([AttentionConfig("full", 8, 2, 65_536)])
    assert affordable([AttentionConfig("continual", 8, 2, 65_536)])
