"""Arrays from addresses, and memory asked for ahead.

Passing some twenty tensors as arrays would cost more than the kernel.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_INT = ir.IntType(32)


@intrinsic
def pointer(_: Any, address: Any) -> Any:
    """The void pointer of an address, for `numba.carray`."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(address), generate


@intrinsic
def fetch(_: Any, array: Any, at: Any) -> Any:
    """Ask for the cache line of an element that is needed soon; harmless beyond the array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        line = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, _INT, _INT, _INT])
        name = "llvm.prefetch.p0"
        prefetch = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        builder.call(prefetch, [line, _INT(0), _INT(3), _INT(1)])  # to read, into all caches, data
        return context.get_dummy_value()

    return types.void(array, at), generate
