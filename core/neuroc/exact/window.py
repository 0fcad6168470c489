"""Causal windows: the neighbours of each pixel of a tile, in an order in which they are known (SPEC section 12.1).

A tap (di, dj) of the pixel in row i, column j is the pixel (i + di, j + dj). Outside the tile it is replaced:

    rows above, left or right of the tile   -> the first or last pixel of that row
    anything else                           -> the left neighbour (i, j-1), in the first column the upper one (i-1, 0)
    the pixel (0, 0) has none               -> the constant 2**(bits-1), kept in cell H*W
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Taps = tuple[tuple[int, int], ...]

LEFT, UP = (0, -1), (-1, 0)

_ROWS = 1 << 9  # pixels whose neighbours are found at a time: the rule needs a kilobyte for each


def neighbours(i: Any, j: Any, height: Any, width: Any, taps: Taps) -> NDArray[np.int64]:
    """Flat positions (n, len(taps)) of the taps of pixels (i, j), each (n,); ``height * width`` is the constant.

    ``height`` and ``width`` are one size for all pixels or (n,) arrays, for pixels of several pictures.
    """
    di, dj = (np.array(d, dtype=np.int64) for d in zip(*taps, strict=True))
    i, j = np.asarray(i, dtype=np.int64)[:, None], np.asarray(j, dtype=np.int64)[:, None]
    height, width = (np.asarray(s, dtype=np.int64).reshape(-1, 1) for s in (height, width))
    y, x = i + di, j + dj
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    beside = (y >= 0) & (y < i) & ~inside
    position = y * width + np.clip(x, 0, width - 1)
    nearest = np.where(j > 0, i * width + j - 1, np.where(i > 0, (i - 1) * width, height * width))
    flat: NDArray[np.int64] = np.where(inside | beside, position, nearest)
    return flat


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A tile's pixels in decoding order, with the neighbours of each."""

    sites: NDArray[np.intp]  # (H*W,) flat positions
    starts: NDArray[np.int64]  # (steps + 1,) where each step begins in ``sites``
    context: NDArray[np.int32]  # (H*W, taps) flat positions of the neighbours, H*W for the constant

    @property
    def steps(self) -> int:
        return len(self.starts) - 1


@lru_cache(maxsize=8)
def pixel_order(slope: int, height: int, width: int, taps: Taps) -> Order:
    """The order by j + slope * i, within a step from the top row down; the sizes of a picture stay cached.

    With the slope ``width`` a step has one pixel. Numbers without a pixel are no steps.
    """
    i, j = np.divmod(np.arange(height * width, dtype=np.int64), width)
    time = j + slope * i
    sites = np.argsort(time, kind="stable")
    counts = np.bincount(time.astype(np.intp, copy=False))
    starts = np.concatenate([[0], np.cumsum(counts[counts > 0])]).astype(np.int64)
    context = np.empty((height * width, len(taps)), dtype=np.int32)
    for block in range(0, height * width, _ROWS):
        rows = sites[block : block + _ROWS]
        context[block : block + _ROWS] = neighbours(i[rows], j[rows], height, width, taps)
    return Order(sites, starts, context)
