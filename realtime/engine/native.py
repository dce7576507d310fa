"""What compiled code needs from the machine: C functions by address, atomics, the clock, denormals.

Addresses arrive at run time in the engine's state. Captured in the code instead, they would keep numba
from caching the compiled callback on disk, and every start would pay for its compilation.
"""

import ctypes
import platform
from collections.abc import Callable
from typing import Any, cast

import numba
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

compiled = cast("Callable[[Callable[..., Any]], Callable[..., Any]]", intrinsic)
"""``intrinsic``, typed as the callers of its result see it: without the typing context."""
carray = cast("Any", getattr(numba, "carray"))  # noqa: B009 - numba exports it without declaring it
"""An array over memory, from compiled code; untyped: no checker knows a dtype that is given at run time."""

X86 = platform.machine() in ("x86_64", "AMD64")
FLUSH_DENORMALS = 0x8040  # MXCSR bits FTZ and DAZ


def c_function(result: types.Type, *arguments: types.Type) -> Callable[..., Any]:
    """Return a compiled ``call(address, (arg, ...))`` of a C function with this numba signature."""

    @compiled
    def call(typing_context, address, values):
        def generate(context, builder, signature, args):
            function = ir.FunctionType(
                context.get_value_type(result), [context.get_value_type(t) for t in arguments]
            )
            given = cgutils.unpack_tuple(builder, args[1])
            cast = [
                context.cast(builder, value, have, want)
                for value, have, want in zip(given, signature.args[1].types, arguments, strict=True)
            ]
            return builder.call(builder.inttoptr(args[0], function.as_pointer()), cast)

        return result(types.int64, values), generate

    return call


def address_of(function: Any) -> int:
    """Return the address of a function of a ctypes library."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0


@compiled
def pointer(typing_context, address):
    """Return the integer ``address`` as a void pointer, for ``carray``."""

    def generate(context, builder, signature, args):
        return builder.inttoptr(args[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.int64), generate


@compiled
def load_shared(typing_context, address):
    """Return the int64 at ``address``, in one order with all other shared loads and stores."""

    def generate(context, builder, signature, args):
        place = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        return builder.load_atomic(place, "seq_cst", 8)

    return types.int64(types.int64), generate


@compiled
def store_shared(typing_context, address, value):
    """Write int64 ``value`` at ``address``, in one order with all other shared loads and stores."""

    def generate(context, builder, signature, args):
        place = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        word = context.cast(builder, args[1], signature.args[1], types.int64)
        builder.store_atomic(word, place, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.int64, value), generate


def _mxcsr_intrinsic(name):
    @compiled
    def access(typing_context, address):
        def generate(context, builder, signature, args):
            byte_pointer = ir.IntType(8).as_pointer()
            function = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.VoidType(), [byte_pointer]), name
            )
            builder.call(function, [builder.inttoptr(args[0], byte_pointer)])
            return context.get_dummy_value()

        return types.void(types.int64), generate

    return access


_read_mxcsr = _mxcsr_intrinsic("llvm.x86.sse.stmxcsr")
_write_mxcsr = _mxcsr_intrinsic("llvm.x86.sse.ldmxcsr")

if X86:

    @njit
    def denormals_off(scratch):
        """Treat denormal floats as zero on this thread; keep the old setting in ``scratch`` (int32, 2)."""
        address = scratch.ctypes.data
        _read_mxcsr(address)
        scratch[1] = scratch[0] | FLUSH_DENORMALS
        _write_mxcsr(address + 4)

    @njit
    def denormals_back(scratch):
        """Put back what ``denormals_off`` kept: a caller from Python must not notice."""
        _write_mxcsr(scratch.ctypes.data)

else:  # Arm cores handle denormals at full speed

    @njit
    def denormals_off(scratch):
        """Nothing to do on this processor."""

    @njit
    def denormals_back(scratch):
        """Nothing to do on this processor."""


SWAPPED = -1
"""Clock id of Windows: ``timespec_get(time, 1)`` in the place of ``clock_gettime(id, time)``."""

_clock_gettime = c_function(types.int32, types.int64, types.int64)
_getcpu = c_function(types.int32)


@njit
def now_ns(clock_address, clock_id, timespec):
    """Return a monotonic time in ns, without a system call; ``timespec`` is scratch (int64, 2)."""
    if clock_id == SWAPPED:
        _clock_gettime(clock_address, (timespec.ctypes.data, 1))
    else:
        _clock_gettime(clock_address, (clock_id, timespec.ctypes.data))
    return timespec[0] * 1_000_000_000 + timespec[1]


@njit
def processor(getcpu_address):
    """Return the number of the processor that runs the caller, without a system call; -1: not known."""
    return _getcpu(getcpu_address, ()) if getcpu_address != 0 else -1
