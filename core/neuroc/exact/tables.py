"""Integer tables of sigmoid and powers of two, defined by formula and computed without floating point (SPEC 10.3).

Every value is the correctly rounded real number; fixed-point arithmetic with 128 fraction bits is far more
than the rounding needs, and SPEC.md gives the SHA-256 of each table.
"""

from __future__ import annotations

from functools import cache
from math import isqrt

import numpy as np
from numpy.typing import NDArray

_P = 128  # fraction bits of the fixed-point numbers below
_ONE = 1 << _P

SIGMOID_ONE = 1 << 16
SIGMOID_RANGE = 16  # the tables cover arguments of -16 .. 16
EXP2_STEPS = 256  # entries per octave
EXP2_SIZE = 4096
MANTISSA_STEPS = 128


def _exp_minus(numerator: int, log2_denominator: int) -> int:
    """floor-ish 2**_P * exp(-numerator / 2**log2_denominator) for an argument below one, by its series."""
    x = (numerator << _P) >> log2_denominator
    term, total, n = _ONE, _ONE, 0
    while term:
        n += 1
        term = term * x // n >> _P
        total += -term if n % 2 else term
    return total


def _root_of_half(octave_bits: int) -> int:
    """2**_P * 2**(-1 / 2**octave_bits)."""
    value = _ONE >> 1
    for _ in range(octave_bits):
        value = isqrt(value << _P)
    return value


@cache
def sigmoid_table(step_bits: int) -> NDArray[np.int32]:
    """round(2**16 * sigmoid((i + 1/2) / 2**step_bits)) for i = -16 * 2**step_bits .. 16 * 2**step_bits - 1, int32."""
    half = SIGMOID_RANGE << step_bits
    e = _exp_minus(1, step_bits + 1)
    ratio = _exp_minus(1, step_bits)
    upper = np.empty(half, dtype=np.int32)
    for i in range(half):
        upper[i] = ((SIGMOID_ONE << (_P + 1)) // (_ONE + e) + 1) >> 1
        e = e * ratio >> _P
    # sigmoid(-x) = 1 - sigmoid(x); no value lies on a rounding tie, so the rounded ones mirror too.
    table = np.concatenate([SIGMOID_ONE - upper[::-1], upper])
    table.setflags(write=False)
    return table


@cache
def exp2_table() -> NDArray[np.int64]:
    """round(2**16 * 2**(-i / 256)) for i = 0 .. 4095, int64."""
    ratio = _root_of_half(8)
    value = _ONE
    table = np.empty(EXP2_SIZE, dtype=np.int64)
    for i in range(EXP2_SIZE):
        table[i] = ((value >> (_P - 17)) + 1) >> 1
        value = value * ratio >> _P
    table.setflags(write=False)
    return table


@cache
def mantissa_table() -> NDArray[np.int32]:
    """round(512 * 2**(f / 128)) for f = 0 .. 127, int32."""
    ratio = _root_of_half(7)
    table = np.empty(MANTISSA_STEPS, dtype=np.int32)
    value = _ONE << 1  # 2 * 2**(-g / 128) = 2**(f / 128) with f = 128 - g
    for g in range(MANTISSA_STEPS + 1):
        if g:
            table[MANTISSA_STEPS - g] = ((value >> (_P - 10)) + 1) >> 1
        value = value * ratio >> _P
    table.setflags(write=False)
    return table
