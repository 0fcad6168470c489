"""Mixtures of logistic distributions in integers (SPEC section 8.2).

A component has a weight, a mean and log2 of its inverse scale in 1/128. With b the boundary
below level b,

    D = (16 b - 8) 2**max(0, -unit) - mean                             1/16 of a level or unit, whichever is smaller
    z = floor(D * mantissa * 2**(f - 7) / 2**(shift + max(0, unit)))   argument of the sigmoid in 2**-f
    F(b) = sum_k weight_k * T_f(clamp(z_k)) + b 2**(18 - bits)         weights sum to 2**14 - 4

The last term is a uniform share of 2**-12: no sample costs more than about 20 bits. A unit is 2**unit levels: 16-bit
pictures are coded by 8-bit networks in units of 2**unit levels, pictures of fewer bits in parts of a level.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exact.tables import EXP2_SIZE, SIGMOID_RANGE, exp2_table, mantissa_table, sigmoid_table
from .base import Boundaries, Digits

Ints = NDArray[np.int32]

WEIGHT_BITS = 14
WEIGHT_TOTAL = (1 << WEIGHT_BITS) - 4  # the rest is the uniform share
CDF_BITS = 30
SCALE_BITS = 7
SCALE_MIN, SCALE_MAX = -7 << SCALE_BITS, 5 << SCALE_BITS
DISTANCE_LIMIT = 1 << 21  # of D: 2**16 levels in 1/16, and some room

MEAN_LIMITS = (1 << 19, 1 << 31)  # of |mean|, up to 8 bits and above: what the arithmetic below has room for

COARSE, FINE = 7, 13  # step bits f of the sigmoid table up to 8 bits and above


def mean_limit(bits: int) -> int:
    """What the absolute value of every mean must stay below, for samples of ``bits`` bits.

    Up to 8 bits everything is int32: (2**19 + 2**14) * 1019 < 2**31. Above, distances are int64 and clamped.
    """
    return MEAN_LIMITS[bits > 8]


def mixture_weights(logits: Ints) -> Ints:
    """Weights (n, K) that sum to 2**14 - 4 from log2 weights (n, K) in 1/256; the remainder goes to the first."""
    below = logits.max(axis=1, keepdims=True) - logits
    e = np.where(below < EXP2_SIZE, exp2_table()[np.minimum(below, EXP2_SIZE - 1)], 0)
    weights = e * np.int64(WEIGHT_TOTAL) // e.sum(axis=1, keepdims=True)
    weights[:, 0] += WEIGHT_TOTAL - weights.sum(axis=1)
    result: Ints = weights.astype(np.int32)
    return result


class Mixture(Digits):
    """n mixtures of K logistics over samples of ``bits`` bits.

    weights: (n, K) int32 from mixture_weights.
    means:   (n, K) int32, absolute, 1/16 of a level (of a unit where unit < 0), |mean| < mean_limit(bits).
    scales:  (n, K) int32, log2 of the inverse scale in units, in 1/128, within [SCALE_MIN, SCALE_MAX].
    unit:    a unit is 2**unit levels, -6..8.
    """

    def __init__(self, weights: Ints, means: Ints, scales: Ints, bits: int, unit: int = 0) -> None:
        super().__init__(len(weights), bits)
        coarser, finer = max(0, unit), max(0, -unit)
        self._deep = bits > 8
        step = FINE if self._deep else COARSE
        dtype: Any = np.int64 if self._deep else np.int32
        self._table = sigmoid_table(step)
        self._half = dtype(SIGMOID_RANGE << step)
        # (K, 1, n): the samples along the fast axis.
        self._weights = np.ascontiguousarray(weights.T)[:, None]
        self._means = np.ascontiguousarray(means.T).astype(dtype)[:, None]
        log2 = np.ascontiguousarray(scales.T)
        self._mantissa = (mantissa_table()[log2 & 127].astype(dtype) << (step - COARSE))[:, None]
        self._shift = (6 + coarser - (log2 >> SCALE_BITS)).astype(dtype)[:, None]
        self._slope, self._offset = dtype(16 << finer), dtype(8 << finer)
        self._uniform = 18 - bits

    @property
    def total(self) -> int:
        return 1 << CDF_BITS

    def cumulative(self, b: Boundaries) -> NDArray[Any]:
        z: NDArray[Any] = (b * self._slope - self._offset) - self._means  # (K, m, n)
        if self._deep:  # else |z| < 2**20 anyway
            np.clip(z, -DISTANCE_LIMIT, DISTANCE_LIMIT - 1, out=z)
        z *= self._mantissa
        z >>= self._shift
        z += self._half
        if self._deep:  # z passes 2**31, where take would wrap it on machines of 32 bits
            np.clip(z, 0, len(self._table) - 1, out=z)
        f = self._table.take(z, mode="clip")
        f *= self._weights
        mixed: NDArray[Any] = f.sum(axis=0, dtype=np.int32) + (b.astype(np.int32) << self._uniform)
        return mixed
