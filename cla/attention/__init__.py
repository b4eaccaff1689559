"""Attention over streams: one layer per kind, one streaming contract for all."""

from cla.attention.config import AttentionConfig, AttentionKind, OutputMode, PseudoInverse
from cla.attention.continual_nystrom import ContinualNystromAttention
from cla.attention.counted import counted_products
from cla.attention.counts import (
    OperationCount,
    memory_bytes,
    operation_count,
    refresh_count,
    refresh_operations,
    step_operations,
    summed,
)
from cla.attention.emits import FullEmits, NystromEmits, attention_map, attention_row
from cla.attention.factory import make_attention
from cla.attention.full import FullAttention
from cla.attention.layer import AttentionLayer
from cla.attention.own_kinds import load_kinds
from cla.attention.registry import KINDS, SHIPPED, Kind, LandmarkMode, Part, register_kind
from cla.attention.state import (
    Step,
    clone_state,
    move_state,
    split_state,
    stack_states,
    state_bytes,
)
from cla.attention.state_file import load_state, save_state

__all__ = [
    "KINDS",
    "SHIPPED",
    "AttentionConfig",
    "AttentionKind",
    "AttentionLayer",
    "ContinualNystromAttention",
    "FullAttention",
    "FullEmits",
    "Kind",
    "LandmarkMode",
    "NystromEmits",
    "OperationCount",
    "OutputMode",
    "Part",
    "PseudoInverse",
    "Step",
    "attention_map",
    "attention_row",
    "clone_state",
    "counted_products",
    "load_kinds",
    "load_state",
    "make_attention",
    "memory_bytes",
    "move_state",
    "operation_count",
    "refresh_count",
    "refresh_operations",
    "register_kind",
    "save_state",
    "split_state",
    "stack_states",
    "state_bytes",
    "step_operations",
    "summed",
]
