"""Sixty-four bytes at a time, for use inside other kernels: which of them are of a class, as a mask of 64 bits.

Bit i of a mask is byte i from the lowest on, so `mask << 1` is true behind what `mask` is true of. Vector instructions
do it, which Numba has no words for: one load, and a comparison for each range of bytes.

Shapes: B = bytes of the buffer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]  # no stubs
from numba import njit, types
from numba.extending import intrinsic

from pipeline.kernels.leaf import leaf

WIDTH = 64
PAD_BYTES = WIDTH + 8  # so that eight bytes can be loaded from any of them
Range = tuple[int, int]


def byte_masks(*classes: tuple[Range, ...]) -> Any:  # what Numba calls a function that it compiles has no type
    """`masks(text_B, at)`, for kernels: of the 64 bytes from `at`, a mask for each class of bytes.

    A class is ranges of bytes, first and last. text_B must have 64 bytes from `at` on: see `padded`.
    """

    @intrinsic
    def masks(typing_context, text_B, at):
        signature = types.UniTuple(types.uint64, len(classes))(text_B, types.int64)

        def generate(context, builder, signature, args):
            bytes_type = ir.VectorType(ir.IntType(8), WIDTH)
            pointer = builder.gep(context.make_array(signature.args[0])(context, builder, args[0]).data, [args[1]])
            chunk = builder.load(builder.bitcast(pointer, bytes_type.as_pointer()), align=1)

            def all_are(byte: int) -> ir.Constant:
                return ir.Constant(bytes_type, [byte] * WIDTH)

            def between(first: int, last: int) -> ir.Instruction:
                return builder.icmp_unsigned("<=", builder.sub(chunk, all_are(first)), all_are(last - first))

            found = []
            for ranges in classes:
                mask = between(*ranges[0])
                for one in ranges[1:]:
                    mask = builder.or_(mask, between(*one))
                found.append(builder.bitcast(mask, ir.IntType(WIDTH)))
            return context.make_tuple(builder, signature.return_type, found)

        return signature, generate

    return masks


@intrinsic
def first_bit(typing_context, mask):
    """Index of the lowest bit that is set; 64 where there is none."""

    def generate(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@intrinsic
def num_bits(typing_context, mask):
    """How many bits are set."""

    def generate(context, builder, signature, args):
        return builder.ctpop(args[0])

    return types.int64(types.uint64), generate


@njit(cache=True, nogil=True, inline="always")
def without_first(mask):
    """The mask without its lowest bit."""
    return mask & (mask - np.uint64(1))


@leaf
def padded(text_B, at, end, pad_B):
    """Write text_B[at:end], up to 64 bytes of it, to the front of pad_B of PAD_BYTES, zeros behind it."""
    num = min(end - at, np.int64(WIDTH))
    for k in range(num):
        pad_B[k] = text_B[at + k]
    for k in range(num, pad_B.size):
        pad_B[k] = 0
