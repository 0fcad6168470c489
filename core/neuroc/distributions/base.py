"""Digits of a sample and their frequencies from a cumulative distribution (SPEC section 8.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..coder import PRECISION, TOTAL
from ..exact.tables import EXP2_STEPS, exp2_table

Ints = NDArray[np.int32]
Boundaries = NDArray[Any]  # (m, n) integers, or (m, 1) where they are the same for every row


class Distribution(Protocol):
    """Tables for n samples that are coded together."""

    @property
    def digits(self) -> tuple[int, ...]:
        """Bits of each digit, most significant first."""

    def tables(self, digit: int, prefix: Ints) -> NDArray[Any]:
        """Frequencies (n, 2**digits[digit]), each >= 1, rows sum to 2**24; ``prefix`` (n,) holds the digits before."""

    def intervals(self, symbols: Ints) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint32]]]:
        """For each digit (start, freq), both (n,), of the samples ``symbols`` (n,)."""


def digit_bits(bits: int) -> tuple[int, ...]:
    """Bits of each digit of a sample: 8 -> (4, 4), 6 -> (2, 4), 2 -> (2,)."""
    first = bits % 4
    return ((first,) if first else ()) + (4,) * (bits // 4)


class Digits:
    """Base of distributions that have a cumulative function; ``n`` samples of ``bits`` bits."""

    def __init__(self, n: int, bits: int) -> None:
        self.n = n
        self.bits = bits
        self.digits = digit_bits(bits)

    def cumulative(self, b: Boundaries) -> NDArray[Any]:
        """F (m, n) at boundaries strictly inside (0, 2**bits); values elsewhere are not used."""
        raise NotImplementedError

    @property
    def total(self) -> int:
        """F(2**bits), at most 2**30, so that products with 2**24 stay below 2**54."""
        raise NotImplementedError

    def _f(self, b: Boundaries) -> NDArray[Any]:
        """F (m, n) at any boundaries in [0, 2**bits]."""
        inside = self.cumulative(b)
        return np.where(b == 0, 0, np.where(b == 1 << self.bits, self.total, inside))

    def tables(self, digit: int, prefix: Ints) -> NDArray[Any]:
        remaining = sum(self.digits[digit + 1 :])
        size = 1 << self.digits[digit]
        k = np.arange(size + 1, dtype=np.int32)[:, None]
        if digit == 0:
            f = self.cumulative(k << remaining)
            f[0], f[-1] = 0, self.total
        else:
            first = prefix << self.digits[digit]
            f = self.cumulative((first + k) << remaining)
            f[0][prefix == 0] = 0
            np.copyto(f[-1], self.total, where=first + size == 1 << (self.bits - remaining))
        return frequencies(f)

    def intervals(self, symbols: Ints) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint32]]]:
        lower = np.zeros(self.n, dtype=np.uint64)
        upper = np.full(self.n, self.total, dtype=np.uint64)
        remaining = self.bits
        for width in self.digits:
            remaining -= width
            value = symbols >> remaining
            digit = (value & ((1 << width) - 1)).astype(np.uint64)
            f = self._f(np.stack([value, value + 1]) << remaining).astype(np.uint64)
            span = upper - lower
            free = np.uint64(TOTAL - (1 << width))
            empty = span == 0
            divisor = np.where(empty, np.uint64(1 << width), span)
            part = np.where(empty, np.stack([digit, digit + np.uint64(1)]), f - lower)
            start, end = free * part // divisor + np.stack([digit, digit + np.uint64(1)])
            yield start.astype(np.uint32), (end - start).astype(np.uint32)
            lower, upper = f


def frequencies(f: NDArray[Any]) -> NDArray[np.int32]:
    """Frequencies (n, A) from F (A+1, n) at the boundaries of a digit."""
    size = len(f) - 1
    part = (f[1:] - f[0]).astype(np.uint64)
    span = part[-1].copy()
    if not span.all():  # a branch that has no mass is uniform
        empty = span == 0
        part[:, empty] = np.arange(1, size + 1, dtype=np.uint64)[:, None]
        span = np.where(empty, np.uint64(size), span)
    part *= np.uint64(TOTAL - size)
    part //= span
    c = np.empty((size + 1, f.shape[1]), dtype=np.int32)
    c[0] = 0
    c[1:] = part
    return np.ascontiguousarray((c[1:] - c[:-1] + np.int32(1)).T)


def code_length(freq: NDArray[np.uint32]) -> int:
    """Code length of intervals in 1/256 bit, rounded per symbol; integer, so that choices made by it are portable."""
    mantissa, exponent = np.frexp(freq.astype(np.float64))  # exact: 1/2 <= mantissa < 1
    octave = exp2_table()[EXP2_STEPS::-1]  # 2**15 .. 2**16, ascending
    fraction = np.searchsorted(octave, (mantissa * (1 << 16)).astype(np.int64), side="right") - 1
    log2 = (exponent.astype(np.int64) - 1) * EXP2_STEPS + fraction
    return int((PRECISION * EXP2_STEPS - log2).sum())


def estimate_bits(freq: NDArray[np.uint32]) -> float:
    """Ideal code length of intervals in bits: what the coder needs but for the end of the stream."""
    return float(np.sum(PRECISION - np.log2(freq.astype(np.float64))))
