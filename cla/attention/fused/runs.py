"""Runs of numbers in memory, eight at a time, as lanes.

A run that is no multiple of eight ends in fewer: `load` and `store` are told which of the eight
there are (`upto`); the others are neither read nor written.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from cla.attention.fused.lanes import COUNT, LANES, SOME, VECTOR, built_in, every

_NUMBER, _NARROW, _WHOLE, _INT = ir.DoubleType(), ir.FloatType(), ir.IntType(64), ir.IntType(32)
_WHOLES = ir.VectorType(_WHOLE, COUNT)


class _Run:
    """Some neighboring numbers of an array, in code being made."""

    def __init__(self, context: Any, builder: Any, typed: Any, arguments: Any) -> None:
        kind, self.builder, self.some = typed.args[0], builder, arguments[2]
        self.narrow = kind.dtype == types.float32
        self.vector = ir.VectorType(_NARROW if self.narrow else _NUMBER, COUNT)
        self.bytes = 4 if self.narrow else 8
        data = context.make_array(kind)(context, builder, arguments[0]).data
        self.start = builder.bitcast(builder.gep(data, [arguments[1]]), self.vector.as_pointer())
        self.align = ir.Constant(_INT, self.bytes)
        self.name = f"v{COUNT}f{8 * self.bytes}.p0"

    def load(self) -> Any:
        nothing = ir.Constant(self.vector, [0.0] * COUNT)
        arguments = [self.start, self.align, self.some, nothing]
        found = built_in(self.builder, f"llvm.masked.load.{self.name}", self.vector, arguments)
        return self.builder.fpext(found, VECTOR) if self.narrow else found

    def store(self, lanes: Any) -> None:
        builder = self.builder
        if self.narrow:
            lanes = builder.fptrunc(lanes, self.vector)
        # Some machines are slow to store a part.
        bits = builder.bitcast(self.some, ir.IntType(COUNT))
        all_ = builder.icmp_unsigned("==", bits, ir.Constant(bits.type, 2**COUNT - 1))
        with builder.if_else(all_, likely=True) as (whole, part):
            with whole:
                builder.store(lanes, self.start, align=self.bytes)
            with part:
                arguments = [lanes, self.start, self.align, self.some]
                built_in(builder, f"llvm.masked.store.{self.name}", ir.VoidType(), arguments)


@intrinsic
def upto(_: Any, count: Any) -> Any:
    """The lanes before `count`."""

    def generate(context: Any, builder: Any, _typed: Any, arguments: Any) -> Any:
        wide = context.cast(builder, arguments[0], count, types.int64)
        order = ir.Constant(_WHOLES, list(range(COUNT)))
        return builder.icmp_signed("<", order, every(builder, _WHOLES, wide))

    return SOME(count), generate


@intrinsic
def load(_: Any, array: Any, at: Any, some: Any) -> Any:
    """Neighboring numbers of a float64 or float32 array, in `some` lanes; zero in the others."""

    def generate(context: Any, builder: Any, typed: Any, arguments: Any) -> Any:
        return _Run(context, builder, typed, arguments).load()

    return LANES(array, at, some), generate


@intrinsic
def store(_: Any, array: Any, at: Any, some: Any, lanes: Any) -> Any:
    """Overwrite neighboring numbers of an array by `some` lanes."""

    def generate(context: Any, builder: Any, typed: Any, arguments: Any) -> Any:
        _Run(context, builder, typed, arguments).store(arguments[3])
        return context.get_dummy_value()

    return types.void(array, at, some, lanes), generate
