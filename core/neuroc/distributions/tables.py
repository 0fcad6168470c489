"""Distributions given by a frequency per symbol: softmax over an alphabet, and ready tables (SPEC section 8.3)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exact.tables import exp2_table
from .base import Boundaries, Digits

LARGEST_TOTAL = 1 << 30


class Cumulative(Digits):
    """Samples whose cumulative frequencies are known at every boundary.

    cumulative: (n, 2**bits + 1) int64, rows start at 0, do not decrease, and end at most at 2**30.
    origin:     (n,) the sample that the first entry of a row is about, 0 if None; the others follow modulo 2**bits.
    """

    def __init__(self, cumulative: NDArray[np.int64], bits: int, origin: NDArray[np.int32] | None = None) -> None:
        if cumulative.shape[1:] != ((1 << bits) + 1,):
            raise ValueError(f"{cumulative.shape} is not (n, 2**{bits} + 1)")
        if len(cumulative) and (int(cumulative[:, -1].max()) > LARGEST_TOTAL or bool(cumulative[:, 0].any())):
            raise ValueError("cumulative frequencies must start at 0 and stay within 2**30")
        super().__init__(len(cumulative), bits)
        # Rows may have different totals, so the end is read from the rows and not from ``total``.
        self._rows = cumulative
        # Sample b is entry b + first; the entries that wrap round come after those that do not.
        self._first = None if origin is None else (-origin.astype(np.int64)) & ((1 << bits) - 1)

    @property
    def total(self) -> Any:
        return self._rows[:, -1]

    def cumulative(self, b: Boundaries) -> NDArray[Any]:
        row = np.arange(self.n)
        if self._first is None:
            f: NDArray[Any] = self._rows[row, np.broadcast_to(b, (len(b), self.n))]
            return f
        entry = b + self._first
        wraps = entry >> self.bits
        f = self._rows[row, entry & ((1 << self.bits) - 1)]
        f += wraps * self.total
        f -= self._rows[row, self._first]
        return f


def softmax(logits: NDArray[np.int32], origin: NDArray[np.int32] | None = None) -> Cumulative:
    """Probabilities proportional to 2**(logit / 256) for logits (n, 2**bits); integer, exact.

    origin: (n,) the sample that logit 0 is about, 0 if None; the other logits are about the samples after it, modulo
            2**bits. A network that predicts samples relative to their neighbours needs no 2**bits shifted outputs.
    """
    below = logits.max(axis=1, keepdims=True) - logits
    return table(_weights().take(below, mode="clip"), origin)


@cache
def _weights() -> NDArray[np.int64]:
    """exp2_table with one entry more, for everything that is too small to count."""
    weights = np.append(exp2_table(), np.int64(0))
    weights.setflags(write=False)
    return weights


def table(freqs: NDArray[np.int64], origin: NDArray[np.int32] | None = None) -> Cumulative:
    """Probabilities proportional to frequencies (n, 2**bits) >= 0 whose sum is at most 2**30; origin as of softmax."""
    n, size = freqs.shape
    bits = size.bit_length() - 1
    if size != 1 << bits or bits < 1:
        raise ValueError(f"an alphabet of {size} is no power of two; pad it with zeros")
    if int(freqs.min(initial=0)) < 0:
        raise ValueError("a negative frequency")
    cumulative = np.zeros((n, size + 1), dtype=np.int64)
    np.cumsum(freqs, axis=1, dtype=np.int64, out=cumulative[:, 1:])
    return Cumulative(cumulative, bits, origin)
