"""The order of a tile's pixels and where its steps end (SPEC section 15.2).

The rank of a pixel is its value in the ordered dither matrix of 64 x 64: the finest parities of its coordinates are
the most significant bits, so that the first quarter of the ranks is every second pixel of every second row, the first
half a checkerboard. A schedule of N steps is a list of ranks at which steps end; as many steps as pixels are raster
order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LARGEST_TILE = 64
RANK_BITS = 12  # of the dither matrix: 64 x 64

# Where the steps of a schedule end, in ranks, the last one (4096) left out; chosen by the code lengths of the released
# network (plugins/italic/README.md says how). Above 16 steps, FURTHER ends are added one by one.
# ends: begin
ENDS: dict[int, tuple[int, ...]] = {
    1: (),
    2: (512,),
    3: (512, 2048),
    4: (128, 512, 2048),
    5: (128, 512, 1024, 2048),
    6: (24, 128, 512, 1024, 2048),
    7: (24, 128, 320, 512, 1024, 2048),
    8: (24, 128, 320, 512, 1024, 1536, 2048),
    9: (24, 128, 320, 512, 1024, 1536, 2048, 3072),
    10: (24, 128, 256, 384, 512, 1024, 1536, 2048, 3072),
    11: (8, 24, 128, 256, 384, 512, 1024, 1536, 2048, 3072),
    12: (8, 24, 96, 128, 256, 384, 512, 1024, 1536, 2048, 3072),
    13: (8, 24, 96, 128, 256, 384, 512, 1024, 1280, 1536, 2048, 3072),
    14: (8, 24, 96, 128, 256, 384, 512, 1024, 1280, 1536, 1792, 2048, 3072),
    15: (8, 24, 96, 128, 256, 320, 384, 512, 1024, 1280, 1536, 1792, 2048, 3072),
    16: (8, 24, 48, 96, 128, 256, 320, 384, 512, 1024, 1280, 1536, 1792, 2048, 3072),
}
FURTHER: tuple[int, ...] = (3584, 2560, 640, 32, 1408, 448, 12, 768, 1152, 16, 192, 896, 1664, 2304, 1920, 2816)
# ends: end


def table_ends(steps: int) -> tuple[int, ...]:
    """Ends by the table, without the last: ``steps - 1`` of them, or as many as there are; not in order."""
    return ENDS[min(steps, len(ENDS))] + FURTHER[: max(0, steps - len(ENDS))]


def ranks(height: int, width: int) -> NDArray[np.int64]:
    """Ranks (H, W) in 0..4095."""
    i, j = np.arange(height, dtype=np.int64)[:, None], np.arange(width, dtype=np.int64)[None]
    rank = np.zeros((height, width), dtype=np.int64)
    for level in range(RANK_BITS // 2):
        rank = rank << 2 | ((i ^ j) >> level & 1) << 1 | (i >> level & 1)
    return rank


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A tile's pixels in decoding order."""

    sites: NDArray[np.intp]  # (H*W,) flat positions
    ends: tuple[int, ...]  # where each step ends in ``sites``

    @property
    def steps(self) -> list[NDArray[np.intp]]:
        """The sites of each step, from the top row down."""
        return [np.sort(self.sites[a:b]) for a, b in pairwise((0, *self.ends))]


def step_count(steps: int, height: int, width: int) -> int:
    """Steps of a tile: never more than pixels."""
    return min(steps, height * width)


@lru_cache(maxsize=8)
def order(steps: int, height: int, width: int) -> Order:
    """The order of a tile in ``steps`` steps, or as many as it has pixels."""
    pixels = height * width
    if steps >= pixels:
        return Order(np.arange(pixels, dtype=np.intp), tuple(range(1, pixels + 1)))
    rank = ranks(height, width).reshape(-1)
    known = np.searchsorted(np.sort(rank), (*table_ends(steps), 1 << RANK_BITS))
    ends = sorted({int(n) for n in known if n})
    # Small tiles leave steps empty and the table ends somewhere: the largest step is halved, the first of equals.
    while len(ends) < steps:
        starts = [0, *ends[:-1]]
        size, n = max((b - a, -k) for k, (a, b) in enumerate(zip(starts, ends, strict=True)))
        ends.append(ends[-n] - size + (size + 1) // 2)
        ends.sort()
    return Order(np.argsort(rank, kind="stable"), tuple(ends))


def knots(known: int, pixels: int, count: int) -> NDArray[np.int32]:
    """The step embedding (count,): hat functions of log2 of the known share, one an octave, that sum to 256."""
    at = 0
    if known:
        at = min(max(16, 16 * (count - 1) + _log2(known) - _log2(pixels)), 16 * (count - 1))
    hats: NDArray[np.int32] = np.maximum(0, 256 - 16 * np.abs(16 * np.arange(count, dtype=np.int32) - at))
    return hats.astype(np.int32)


def _log2(n: int) -> int:
    """floor(16 log2 n)."""
    return int((n**16).bit_length() - 1)
