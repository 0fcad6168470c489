"""Distributions, SPEC 8: F of n sites at any boundaries, rows of frequencies, and samples that are coded by them."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from exact import Array, table

Distribution = Callable[[Array], Array]  # boundaries b (n, any) to F(b) of the same shape


def frequencies(distribution: Distribution, before: Array, width: int, after: int) -> Array:
    """SPEC 8.1: frequencies (n, 2^width) of the digit between the digits `before` (n,) and `after` bits."""
    alphabet = 1 << width
    k = np.arange(alphabet + 1, dtype=np.int64)
    below = distribution(((before[:, None] << width) + k) << after)
    below = below - below[:, :1]
    span = below[:, -1:]
    starts = k + ((1 << 24) - alphabet) * below // np.maximum(span, 1)
    return np.diff(np.where(span > 0, starts, k * (1 << 24) // alphabet), axis=1)


def mixture_weights(a: Array) -> Array:
    """SPEC 8.2: mixture weights (n, K) of log2 weights (n, K)."""
    index = a.max(axis=1, keepdims=True) - a
    e = np.where(index < 4096, table("E")[np.minimum(index, 4095)], 0)
    w: Array = e * ((1 << 14) - 4) // e.sum(axis=1, keepdims=True)
    w[:, 0] += (1 << 14) - 4 - w.sum(axis=1)
    return w


def mixture(b: Array, w: Array, m: Array, q: Array, bits: int, unit: int) -> Array:
    """SPEC 8.2: F(b) (n, any) of mixtures with weights, means and scales (n, K)."""
    f = 7 if bits <= 8 else 13
    d = ((16 * b - 8) << max(0, -unit))[:, :, None] - m[:, None, :]
    d = d if bits <= 8 else np.clip(d, -(1 << 21), (1 << 21) - 1)
    z = d * (table("Q")[q % 128] << (f - 7))[:, None, :] >> (6 + max(0, unit) - (q >> 7))[:, None, :]
    parts = w[:, None, :] * table(f"T_{f}")[np.clip(z + (16 << f), 0, (32 << f) - 1)]
    return np.where(b == 0, 0, np.where(b == 1 << bits, 1 << 30, parts.sum(axis=2) + (b << (18 - bits))))


class Samples:
    """SPEC 8.1: what decodes the samples of an item's steps, of `bits` bits each."""

    def __init__(self, coder: Callable[..., Iterator[int]], item: bytes, bits: int) -> None:
        """SPEC 7: `coder` takes the rows of frequencies from a queue; an empty row says that no more will come."""
        self.rows: deque[list[int]] = deque()
        self.symbols, self.bits, self.hash = coder(item, iter(self.rows.popleft, [])), bits, hashlib.sha256()

    def decode(self, n: int, distribution: Distribution) -> Array:
        """SPEC 8.1, order of symbols: the samples (n,) of a step."""
        samples, after = np.zeros(n, np.int64), self.bits
        while after:
            width, after = after % 4 or 4, (after - 1) // 4 * 4
            rows = frequencies(distribution, samples, width, after)
            self.hash.update(rows.astype("<u4").tobytes())
            self.rows.extend(rows.tolist())
            samples = (samples << width) + np.array([next(self.symbols) for _ in rows], np.int64)
        return samples

    def end(self) -> str:
        """SPEC 5.3 and 8.4: after the last step the stream must be exhausted; the digest of its tables."""
        self.rows.append([])
        next(self.symbols, None)
        return self.hash.digest()[:16].hex()
