"""Exact linear layers and the proof that a float carrier holds every intermediate (SPEC section 10.1 and 10.2).

    y = clamp((sum_i w_i x_i + b + 2**(s-1)) >> s, lo, hi)        all integers, s >= 1

In a float carrier the row is stored as w * 2**-s, so that the product gives acc * 2**-s and one floor finishes it:
scaling by a power of two changes no significand. With |x| bounded, every partial sum in any order lies between
the sum of the negative terms and the sum of the positive ones; if that is below 2**24 (2**53), float32 (float64)
represents each of them, so no rounding ever happens, with or without fused multiply-add.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ExactnessError, WeightsError

FLOAT32_BOUND = 1 << 24
FLOAT64_BOUND = 1 << 53
MAX_SHIFT = 30
MAX_WIDTH = 1 << 16

I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """Elementwise integer bounds lo <= x <= hi, each (n,) int64."""

    lo: I64
    hi: I64

    @classmethod
    def of(cls, lo: int, hi: int, n: int) -> Interval:
        return cls(np.full(n, lo, dtype=np.int64), np.full(n, hi, dtype=np.int64))

    @classmethod
    def each(cls, bounds: Sequence[tuple[int, int]]) -> Interval:
        """From (lo, hi) of each number."""
        lo, hi = np.array(bounds, dtype=np.int64).T
        return cls(np.ascontiguousarray(lo), np.ascontiguousarray(hi))


def magnitude(a: I64) -> int:
    """The largest |value|; numpy's abs has none for -2**63."""
    return max(-int(a.min(initial=0)), int(a.max(initial=0)))


def row_bounds(weight: I64, constant: I64, x: Interval) -> I64:
    """The largest |partial sum| of each row (out,) for inputs in ``x``, in any order, ``constant`` added last.

    Weights are untrusted: what could overflow int64 gives 2**62, which no carrier holds.
    """
    largest_x = max(magnitude(x.lo), magnitude(x.hi))
    if magnitude(weight) * largest_x * weight.shape[1] >= 1 << 61 or magnitude(constant) >= 1 << 61:
        return np.full(len(weight), 1 << 62, dtype=np.int64)
    a, b = weight * x.lo, weight * x.hi
    zero = np.int64(0)
    positive = np.maximum(zero, np.maximum(a, b)).sum(axis=1, dtype=np.int64)
    negative = np.maximum(zero, np.maximum(-a, -b)).sum(axis=1, dtype=np.int64)
    bounds: I64 = np.maximum(positive, negative) + np.abs(constant)
    return bounds


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """One exact layer; weight (out, in), the others (out,), all int64."""

    weight: I64
    bias: I64
    shift: I64
    clamp: Interval

    def __post_init__(self) -> None:
        out = len(self.weight)
        shapes = {self.bias.shape, self.shift.shape, self.clamp.lo.shape, self.clamp.hi.shape}
        if self.weight.ndim != 2 or shapes != {(out,)} or not 0 < out <= MAX_WIDTH or not 0 < self.inputs <= MAX_WIDTH:
            raise WeightsError(f"the tensors of a layer do not fit each other: {self.weight.shape}, {shapes}")
        if int(self.shift.min()) < 1 or int(self.shift.max()) > MAX_SHIFT:
            raise WeightsError(f"a shift is outside 1..{MAX_SHIFT}")
        if bool((self.clamp.lo > self.clamp.hi).any()):
            raise WeightsError("an empty clamp range")
        if max(magnitude(self.clamp.lo + 1), magnitude(self.clamp.hi)) >= 1 << 31:
            raise WeightsError("a clamp beyond 32 bits")
        if max(magnitude(self.weight), magnitude(self.bias)) >= FLOAT64_BOUND:
            raise ExactnessError("a weight or bias of 2**53 or more", remedy="These weights cannot be used")

    @property
    def inputs(self) -> int:
        return int(self.weight.shape[1])

    @property
    def outputs(self) -> int:
        return int(self.weight.shape[0])

    def finer_input(self, bits: int) -> Linear:
        """The same layer for inputs that carry ``bits`` more fraction bits."""
        carrier(magnitude(self.bias) << bits)  # the shift below must not lose bits
        return Linear(self.weight, self.bias << bits, self.shift + bits, self.clamp)

    def bound(self, x: Interval) -> int:
        """The largest |partial sum|, bias and rounding term included, over all inputs in ``x`` and all orders."""
        half = np.int64(1) << (self.shift - 1)
        # The bias and the rounding term are added last, as one number.
        return int(row_bounds(self.weight, self.bias + half, x).max())

    def reference(self, x: I64) -> I64:
        """Outputs (n, out) for inputs (n, in) in int64: the definition that engines are held to."""
        acc = x.astype(np.int64) @ self.weight.T + self.bias
        half = np.int64(1) << (self.shift - 1)
        y: I64 = np.clip((acc + half) >> self.shift, self.clamp.lo, self.clamp.hi)
        return y


def beside(layers: Sequence[Linear]) -> Linear:
    """One layer with the outputs of all, for the same inputs."""
    return Linear(
        np.concatenate([x.weight for x in layers]),
        np.concatenate([x.bias for x in layers]),
        np.concatenate([x.shift for x in layers]),
        Interval(np.concatenate([x.clamp.lo for x in layers]), np.concatenate([x.clamp.hi for x in layers])),
    )


def carrier(bound: int) -> type[np.float32] | type[np.float64]:
    """The narrowest float type that is exact for sums below ``bound``; raises ExactnessError if none is."""
    if bound < FLOAT32_BOUND:
        return np.float32
    if bound < FLOAT64_BOUND:
        return np.float64
    raise ExactnessError(f"partial sums reach {bound}, above 2**53", remedy="These weights cannot be used")


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A chain of exact layers with the input range it is proved for."""

    layers: tuple[Linear, ...]
    input: Interval
    carriers: tuple[type[np.float32] | type[np.float64], ...]
    bounds: tuple[int, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one evaluation."""
        return sum(layer.inputs * layer.outputs for layer in self.layers)


def prove(layers: tuple[Linear, ...], x: Interval) -> Network:
    """Bound every layer for inputs in ``x`` and choose its carrier; raises ExactnessError, WeightsError."""
    carriers, bounds = [], []
    first = x
    for layer in layers:
        if layer.inputs != len(x.lo):
            raise WeightsError(f"a layer expects {layer.inputs} inputs but gets {len(x.lo)}")
        bounds.append(layer.bound(x))
        narrow = carrier(bounds[-1])
        # A range wholly beyond the sums is a constant output, which the type must hold too.
        beyond = int(layer.clamp.lo.max()) > FLOAT32_BOUND or int(layer.clamp.hi.min()) < -FLOAT32_BOUND
        carriers.append(np.float64 if beyond else narrow)
        x = layer.clamp
    return Network(layers, first, tuple(carriers), tuple(bounds))
