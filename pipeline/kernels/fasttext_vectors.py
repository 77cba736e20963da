"""Sums of rows of floats, sixteen columns at a time, for use inside other kernels.

Numba's own loop over a row of 16 numbers is too short for the vectors that LLVM makes of it, and runs number by number.
Every column is added up in the order of the rows, as in a plain loop. Arrays are float32 and contiguous.

Shapes: N = numbers per row, R and T = rows, W = tokens.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]  # no stubs
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
LINE_BYTES = 64  # a row of 16 numbers in one cache line costs one miss, across two it costs two


def aligned(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """An array that begins with a cache line, not filled."""
    num_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.empty(num_bytes + LINE_BYTES, np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    return room[start : start + num_bytes].view(dtype).reshape(shape)


@intrinsic
def copy_row(typing_context, target_TN, t, rows_RN, r):
    """Make row t of target_TN row r of rows_RN."""

    def generate(context, builder, signature, args):
        target, dim = _row(context, builder, signature, args, 0)
        row, _ = _row(context, builder, signature, args, 2)
        for lanes, first, stop in _columns(builder, dim):
            with cgutils.for_range_slice(builder, first, stop, _size(lanes)) as (n, _):
                _store(builder, _load(builder, row, n, lanes), target, n)

    return types.void(target_TN, types.int64, rows_RN, types.int64), generate


@intrinsic
def add_row(typing_context, target_TN, t, rows_RN, r):
    """Add row r of rows_RN to row t of target_TN."""

    def generate(context, builder, signature, args):
        target, dim = _row(context, builder, signature, args, 0)
        row, _ = _row(context, builder, signature, args, 2)
        for lanes, first, stop in _columns(builder, dim):
            with cgutils.for_range_slice(builder, first, stop, _size(lanes)) as (n, _):
                _store(
                    builder, builder.fadd(_load(builder, target, n, lanes), _load(builder, row, n, lanes)), target, n
                )

    return types.void(target_TN, types.int64, rows_RN, types.int64), generate


@intrinsic
def add_rows(typing_context, target_TN, t, rows_RN, row_W, first, stop):
    """Add the rows row_W[first:stop], int32, to row t of target_TN."""

    def generate(context, builder, signature, args):
        target, dim = _row(context, builder, signature, args, 0)
        rows = context.make_array(signature.args[2])(context, builder, args[2]).data
        numbers = context.make_array(signature.args[3])(context, builder, args[3]).data
        for lanes, begin, end in _columns(builder, dim):
            with cgutils.for_range_slice(builder, begin, end, _size(lanes)) as (n, _):
                total = cgutils.alloca_once_value(builder, _load(builder, target, n, lanes))
                with cgutils.for_range_slice(builder, args[4], args[5], _size(1)) as (w, _):
                    number = builder.zext(builder.load(builder.gep(numbers, [w])), ir.IntType(64))
                    at = builder.add(builder.mul(number, dim), n)
                    builder.store(builder.fadd(builder.load(total), _load(builder, rows, at, lanes)), total)
                _store(builder, builder.load(total), target, n)

    return types.void(target_TN, types.int64, rows_RN, row_W, types.int64, types.int64), generate


@intrinsic
def prefetch(typing_context, array, i):
    """Ask for the first cache line of array[i], to be there when it is read or written."""

    def generate(context, builder, signature, args):
        made = context.make_array(signature.args[0])(context, builder, args[0])
        stride = cgutils.unpack_tuple(builder, made.strides, signature.args[0].ndim)[0]
        start = builder.bitcast(made.data, ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [start.type, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [start.type], kind)
        place = builder.gep(start, [builder.mul(args[1], stride)])
        builder.call(function, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


def _row(context, builder, signature, args, i):
    """(pointer to the row that arguments i and i + 1 name, numbers per row)."""
    array = context.make_array(signature.args[i])(context, builder, args[i])
    dim = cgutils.unpack_tuple(builder, array.shape, 2)[1]
    return builder.gep(array.data, [builder.mul(args[i + 1], dim)]), dim


def _columns(builder, dim):
    """(numbers at once, first column, column behind) of the two loops over a row."""
    whole = builder.and_(dim, _size(-LANES))
    return (LANES, _size(0), whole), (1, whole, dim)


def _load(builder, row, at, lanes):
    pointer = builder.bitcast(builder.gep(row, [at]), ir.VectorType(ir.FloatType(), lanes).as_pointer())
    return builder.load(pointer, align=4)


def _store(builder, numbers, row, at):
    builder.store(numbers, builder.bitcast(builder.gep(row, [at]), numbers.type.as_pointer()), align=4)


def _size(number: int) -> ir.Constant:
    return ir.Constant(ir.IntType(64), number)
