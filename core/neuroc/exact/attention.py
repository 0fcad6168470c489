"""Dot-product attention in integers (SPEC section 10.5).

    s = (q . k + 2**(r-1)) >> r          log2 of a weight, in 1/256
    e = exp2_table[max s - s]            0 beyond the table; the largest is 2**16
    o = floor((2 sum e v + sum e) / (2 sum e))

Products of two activations have no weights to bound them, so the bound is on the clamps of queries, keys and values:
scores in float32 below 2**24, the weighted sum in float64 below 2**53, both exact in any order of summation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ExactnessError
from .layers import FLOAT32_BOUND, FLOAT64_BOUND
from .tables import EXP2_SIZE, SIGMOID_ONE, exp2_table


@dataclass(frozen=True, slots=True)
class Attention:
    """Attention whose operands are bounded: |query|, |key| <= ``key_max``, |value| <= ``value_max``."""

    features: int  # of queries and keys
    shift: int  # r, from products to 1/256 of an octave
    key_max: int
    value_max: int
    most_keys: int

    def __post_init__(self) -> None:
        if not 1 <= self.shift <= 30:
            raise ExactnessError(f"a shift of {self.shift} in an attention")
        if self.features * self.key_max**2 + (1 << self.shift) >= FLOAT32_BOUND:
            raise ExactnessError(f"scores of an attention reach {self.features * self.key_max**2}, 2**24 or more")
        if self.most_keys * SIGMOID_ONE * self.value_max * 2 >= FLOAT64_BOUND:
            raise ExactnessError("the weighted values of an attention do not fit 53 bits")

    def __call__(self, query: NDArray[Any], key: NDArray[Any], value: NDArray[Any]) -> NDArray[np.int32]:
        """Outputs (B, n, V) for queries (B, n, D), keys (B, m, D) and values (B, m, V), integers in any type."""
        if key.shape[1] > self.most_keys:
            raise ValueError(f"{key.shape[1]} keys, proved for {self.most_keys}")
        # (B, m, n): the queries along the fast axis, as in every sum below.
        product = np.matmul(key.astype(np.float32), query.astype(np.float32).transpose(0, 2, 1))
        score = (product.astype(np.int32) + np.int32(1 << self.shift >> 1)) >> np.int32(self.shift)
        below = score.max(axis=1, keepdims=True) - score
        weight = _padded_table().take(below, mode="clip")  # (B, m, n) float64
        total = weight.sum(axis=1)[:, :, None].astype(np.int64)
        mixed = np.matmul(weight.transpose(0, 2, 1), value.astype(np.float64)).astype(np.int64)
        result: NDArray[np.int32] = ((2 * mixed + total) // (2 * total)).astype(np.int32)
        return result


def _padded_table() -> NDArray[np.float64]:
    """exp2_table with a zero after its end, which "clip" takes for everything beyond."""
    table = np.zeros(EXP2_SIZE + 1, dtype=np.float64)
    table[:-1] = exp2_table()
    return table
