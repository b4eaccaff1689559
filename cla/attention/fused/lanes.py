"""Eight float64 numbers at once, as a type of compiled code.

Compilers turn loops over few numbers, whose count they do not know, into code that checks and
peels more than it computes. Kernels therefore say which numbers go together; a machine of narrower
vectors takes two or four of its own for one of these.

A run of numbers that is no multiple of eight ends in fewer: see `runs`.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, register_model

from cla.attention.fused.index import place

COUNT = 8
STEP = place(COUNT)
"""From some numbers of a run to the next."""

_FLAGS = ("contract",)
_NUMBER, _INT = ir.DoubleType(), ir.IntType(32)
VECTOR = ir.VectorType(_NUMBER, COUNT)
_CHOICE = ir.VectorType(ir.IntType(1), COUNT)


class Lanes(types.Type):
    """The type of eight float64 numbers."""

    def __init__(self) -> None:
        super().__init__(f"Lanes({COUNT})")


class Some(types.Type):
    """The type of a choice of lanes."""

    def __init__(self) -> None:
        super().__init__(f"Some({COUNT})")


LANES, SOME = Lanes(), Some()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)  # type: ignore[no-untyped-call]  # numba's


@register_model(Some)
class _SomeModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _CHOICE)  # type: ignore[no-untyped-call]  # as above


def _take(symbol: Callable[..., object], instruction: str) -> None:
    """Let an operator take lanes."""

    @infer_global(symbol)
    class _Typed(ConcreteTemplate):
        cases = (signature(LANES, LANES, LANES),)

    @lower_builtin(symbol, Lanes, Lanes)  # type: ignore[untyped-decorator]  # numba's
    def _lowered(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return getattr(builder, instruction)(*arguments, flags=_FLAGS)


_take(operator.add, "fadd")
_take(operator.iadd, "fadd")
_take(operator.sub, "fsub")
_take(operator.mul, "fmul")
_take(operator.truediv, "fdiv")


def every(builder: Any, kind: Any, number: Any) -> Any:
    """The same number in all lanes."""
    nothing = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(_INT, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_INT, COUNT), [0] * 8))


def constant(number: float) -> Any:
    """A number that is known while code is made, in all lanes."""
    return ir.Constant(VECTOR, [number] * COUNT)


def built_in(builder: Any, name: str, kind: Any, arguments: Any, flags: Any = ()) -> Any:
    """Call what LLVM knows by name."""
    function = builder.module.globals.get(name)
    if function is None:
        function_kind = ir.FunctionType(kind, [argument.type for argument in arguments])
        function = ir.Function(builder.module, function_kind, name)
    return builder.call(function, arguments, fastmath=flags)


@intrinsic
def spread(_: Any, number: Any) -> Any:
    """The same number in all lanes."""

    def generate(context: Any, builder: Any, _typed: Any, arguments: Any) -> Any:
        wide = context.cast(builder, arguments[0], number, types.float64)
        return every(builder, VECTOR, wide)

    return LANES(number), generate


@intrinsic
def only(_: Any, lanes: Any, some: Any, other: Any) -> Any:  # noqa: ARG001  # its value counts, not its type
    """`some` lanes, and another number in the others."""

    def generate(_context: Any, builder: Any, _typed: Any, arguments: Any) -> Any:
        return builder.select(arguments[1], arguments[0], every(builder, VECTOR, arguments[2]))

    return LANES(lanes, some, types.float64), generate


@intrinsic
def larger(_: Any, left: Any, right: Any) -> Any:
    """The larger of each two numbers; the first if either is no number."""

    def generate(_context: Any, builder: Any, _typed: Any, arguments: Any) -> Any:
        left_, right_ = arguments
        return builder.select(builder.fcmp_ordered("<", left_, right_), right_, left_)

    return LANES(left, right), generate


@intrinsic
def total(_: Any, lanes: Any) -> Any:
    """The sum of all lanes."""

    def generate(_context: Any, builder: Any, _typed: Any, arguments: Any) -> Any:
        name = f"llvm.vector.reduce.fadd.v{COUNT}f64"
        parts = [ir.Constant(_NUMBER, -0.0), arguments[0]]
        return built_in(builder, name, _NUMBER, parts, ("reassoc",))

    return types.float64(lanes), generate


@intrinsic
def largest(_: Any, lanes: Any) -> Any:
    """The largest number of all lanes."""

    def generate(_context: Any, builder: Any, _typed: Any, arguments: Any) -> Any:
        return built_in(builder, f"llvm.vector.reduce.fmax.v{COUNT}f64", _NUMBER, [arguments[0]])

    return types.float64(lanes), generate


@intrinsic
def totals(_: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """The sum of each of eight times eight lanes: halves of two are laid side by side and added."""
    halves = (
        ([0, 8, 2, 10, 4, 12, 6, 14], [1, 9, 3, 11, 5, 13, 7, 15]),
        ([0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]),
        ([0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]),
    )

    def generate(_context: Any, builder: Any, _typed: Any, arguments: Any) -> Any:
        parts, kind = list(arguments), ir.VectorType(_INT, COUNT)
        for orders in halves:
            pairs = zip(parts[::2], parts[1::2], strict=True)
            parts = [
                builder.fadd(
                    *(builder.shuffle_vector(*pair, ir.Constant(kind, order)) for order in orders)
                )
                for pair in pairs
            ]
        return parts[0]

    return LANES(a, b, c, d, e, f, g, h), generate
