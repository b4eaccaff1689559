"""Attention over streams: one layer per kind, one streaming contract for all."""

from cla.attention.config import AttentionConfig, AttentionKind, OutputMode, PseudoInverse
from cla.attention.counted import counted_products
from cla.attention.counts import (
    OperationCount,
    operation_count,
    refresh_count,
    refresh_operations,
    step_operations,
    summed,
)
from cla.attention.emits import FullEmits, NystromEmits, attention_map, attention_row
from cla.attention.kinds.defaults import (
    BATCH_LOW_RANK,
    DEFAULT_LANDMARKS,
    LOW_RANK,
    REFERENCE,
    STREAMED,
)
from cla.attention.kinds.kind import Kind, Look
from cla.attention.kinds.registry import (
    KINDS,
    LandmarkMode,
    System,
    all_systems,
    register_kind,
)
from cla.attention.kinds.shipped import SHIPPED
from cla.attention.kinds.windowed import WindowKind
from cla.attention.layer import AttentionLayer, make_attention
from cla.attention.operations import Part
from cla.attention.own_kinds import load_kinds
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
    "BATCH_LOW_RANK",
    "DEFAULT_LANDMARKS",
    "KINDS",
    "LOW_RANK",
    "REFERENCE",
    "SHIPPED",
    "STREAMED",
    "AttentionConfig",
    "AttentionKind",
    "AttentionLayer",
    "FullEmits",
    "Kind",
    "LandmarkMode",
    "Look",
    "NystromEmits",
    "OperationCount",
    "OutputMode",
    "Part",
    "PseudoInverse",
    "Step",
    "System",
    "WindowKind",
    "all_systems",
    "attention_map",
    "attention_row",
    "clone_state",
    "counted_products",
    "load_kinds",
    "load_state",
    "make_attention",
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
