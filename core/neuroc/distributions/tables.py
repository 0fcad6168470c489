"""Distributions given by a frequency per symbol: softmax over an alphabet, and ready tables (SPEC section 8.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exact.tables import EXP2_SIZE, exp2_table
from .base import Boundaries, Digits

LARGEST_TOTAL = 1 << 30


class Cumulative(Digits):
    """Samples whose cumulative frequencies are known at every boundary.

    cumulative: (n, 2**bits + 1) int64, rows start at 0, do not decrease, and end at most at 2**30.
    """

    def __init__(self, cumulative: NDArray[np.int64], bits: int) -> None:
        if cumulative.shape[1:] != ((1 << bits) + 1,):
            raise ValueError(f"{cumulative.shape} is not (n, 2**{bits} + 1)")
        if len(cumulative) and (int(cumulative[:, -1].max()) > LARGEST_TOTAL or bool(cumulative[:, 0].any())):
            raise ValueError("cumulative frequencies must start at 0 and stay within 2**30")
        super().__init__(len(cumulative), bits)
        # Rows may have different totals, so the end is read from the rows and not from ``total``.
        self._rows = cumulative

    @property
    def total(self) -> Any:
        return self._rows[:, -1]

    def cumulative(self, b: Boundaries) -> NDArray[Any]:
        f: NDArray[Any] = self._rows[np.arange(self.n)[None], np.broadcast_to(b, (len(b), self.n))]
        return f


def softmax(logits: NDArray[np.int32]) -> Cumulative:
    """Probabilities proportional to 2**(logit / 256) for logits (n, 2**bits); integer, exact."""
    below = logits.max(axis=1, keepdims=True) - logits
    e = np.where(below < EXP2_SIZE, exp2_table()[np.minimum(below, EXP2_SIZE - 1)], 0)
    return table(e)


def table(freqs: NDArray[np.int64]) -> Cumulative:
    """Probabilities proportional to frequencies (n, 2**bits) >= 0 whose sum is at most 2**30."""
    n, size = freqs.shape
    bits = size.bit_length() - 1
    if size != 1 << bits or bits < 1:
        raise ValueError(f"an alphabet of {size} is no power of two; pad it with zeros")
    if int(freqs.min(initial=0)) < 0:
        raise ValueError("a negative frequency")
    cumulative = np.zeros((n, size + 1), dtype=np.int64)
    np.cumsum(freqs, axis=1, dtype=np.int64, out=cumulative[:, 1:])
    return Cumulative(cumulative, bits)
