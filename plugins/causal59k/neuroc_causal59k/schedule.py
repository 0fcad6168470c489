"""The order in which pixels are decoded (SPEC section 12.4).

    serial      t = W i + j     one pixel a step
    wavefront   t = j + 3 i     W + 3 (H-1) steps, the same contexts as serial
    diagonal    t = i + j       H + W - 1 steps, contexts of its own

Pixels of one step are independent given the earlier ones; within a step they are coded from the top row down.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .context import Taps, neighbours

SCHEDULES = ("wavefront", "serial", "diagonal")
SLOPES = {"wavefront": 3, "serial": 0, "diagonal": 1}  # t = j + slope * i; 0 stands for the width


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A tile's pixels in decoding order, with the neighbours of each."""

    sites: NDArray[np.intp]  # (H*W,) flat positions
    starts: NDArray[np.int64]  # (steps + 1,) where each step begins in ``sites``
    context: NDArray[np.int32]  # (H*W, taps) flat positions of the neighbours, H*W for the constant

    @property
    def steps(self) -> int:
        return len(self.starts) - 1


def step_count(schedule: str, height: int, width: int) -> int:
    """Sequential steps of a tile."""
    return width + (SLOPES[schedule] or width) * (height - 1)


@lru_cache(maxsize=8)
def order(schedule: str, height: int, width: int, taps: Taps) -> Order:
    """The order of a tile; the sizes of an evenly split picture stay cached, alpha included."""
    i, j = np.divmod(np.arange(height * width, dtype=np.int64), width)
    time = j + (SLOPES[schedule] or width) * i
    sites = np.argsort(time, kind="stable")
    counts = np.bincount(time.astype(np.intp, copy=False))
    starts = np.concatenate([[0], np.cumsum(counts[counts > 0])]).astype(np.int64)
    context = np.empty((height * width, len(taps)), dtype=np.int32)
    for block in range(0, height * width, 1 << 15):  # the rule needs int64 temporaries
        rows = sites[block : block + (1 << 15)]
        context[block : block + (1 << 15)] = neighbours(i[rows], j[rows], height, width, taps)
    return Order(sites, starts, context)
