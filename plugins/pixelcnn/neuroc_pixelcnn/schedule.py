"""The order in which pixels are decoded (SPEC section 14.5).

    raster      t = W i + j     one pixel a step
    wavefront   t = j + 4 i     W + 4 (H-1) steps, the same contexts and so the same rate

A window of radius 3 ends three columns to the right, so a row may follow the one above it at a distance of four.
Pixels of one step are independent given the earlier ones; within a step they are coded from the top row down.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .context import Taps, neighbours
from .network import RADIUS

SCHEDULES = ("wavefront", "raster")
SLOPE = RADIUS + 1


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A tile's pixels in decoding order, with the neighbours of each."""

    sites: NDArray[np.intp]  # (H*W,) flat positions
    starts: NDArray[np.int64]  # (steps + 1,) where each step begins in ``sites``
    context: tuple[NDArray[np.int32], ...]  # for each set of taps (H*W, taps) flat positions, H*W for the constant


def step_count(schedule: str, height: int, width: int) -> int:
    """Sequential steps of a tile, three stages each in colour."""
    return height * width if schedule == "raster" else width + SLOPE * (height - 1)


@lru_cache(maxsize=8)
def order(schedule: str, height: int, width: int, taps: tuple[Taps, ...]) -> Order:
    """The order of a tile and the neighbours for each set of ``taps``; the sizes in use stay cached."""
    i, j = np.divmod(np.arange(height * width, dtype=np.int64), width)
    time = j + (width if schedule == "raster" else SLOPE) * i
    sites = np.argsort(time, kind="stable")
    counts = np.bincount(time.astype(np.intp, copy=False))
    starts = np.concatenate([[0], np.cumsum(counts[counts > 0])]).astype(np.int64)
    context = []
    for wanted in taps:
        positions = np.empty((height * width, len(wanted)), dtype=np.int32)
        for block in range(0, height * width, 1 << 15):  # the rule needs int64 temporaries
            rows = sites[block : block + (1 << 15)]
            positions[block : block + (1 << 15)] = neighbours(i[rows], j[rows], height, width, wanted)
        context.append(positions)
    return Order(sites, starts, tuple(context))
