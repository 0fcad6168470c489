"""Passes: which pixels are coded together, and which known ones each of them sees (SPEC section 16.1).

Every pass is a coset of a lattice and so is, with it, all that is known before it: every pixel of a pass has its known
neighbours at the same places.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

Sites = NDArray[np.intp]

PASSES = (1, 2, 4, 8)
TAPS = 24  # known neighbours that a pixel sees: the nearest ones
NEAREST = 4  # of them give the centre
MARGIN = 26  # reach of the taps: see the test
PERIOD = 8

# The pass of the pixel (i mod 8, j mod 8), for each number of passes.
_ORIGINS: dict[int, tuple[tuple[tuple[int, int, int], ...], ...]] = {
    # (row, column, period) of the square lattices that make up each pass
    1: (((0, 0, 1),),),
    2: (((0, 0, 2), (1, 1, 2)), ((0, 1, 2), (1, 0, 2))),
    4: (((0, 0, 2),), ((1, 1, 2),), ((0, 1, 2),), ((1, 0, 2),)),
    8: (
        ((0, 0, 8),),
        ((4, 4, 8),),
        ((0, 4, 8), (4, 0, 8)),
        ((2, 2, 4),),
        ((0, 2, 4), (2, 0, 4)),
        ((1, 1, 2),),
        ((0, 1, 2),),
        ((1, 0, 2),),
    ),
}

# Levels whose latents a number of passes stores: the more passes, the less is left to tell beforehand.
LATENTS: dict[int, tuple[int, ...]] = {1: (4, 3, 2, 1), 2: (4, 3, 2, 1), 4: (4, 3, 2), 8: (4, 3)}


def has_taps(passes: int, number: int) -> bool:
    """Whether anything is known before a pass."""
    return number > 0


@cache
def cell(passes: int) -> NDArray[np.int8]:
    """The pass of each pixel (8, 8) of a cell."""
    numbers = np.full((PERIOD, PERIOD), -1, dtype=np.int8)
    for number, lattices in enumerate(_ORIGINS[passes]):
        for i, j, period in lattices:
            numbers[i::period, j::period] = number
    return numbers


@cache
def taps(passes: int, number: int) -> tuple[tuple[int, int], ...]:
    """Offsets (row, column) of the nearest pixels known before a pass: nearest first, then by row and column."""
    numbers = cell(passes)
    i, j = (int(a[0]) for a in np.nonzero(numbers == number))
    reach = range(-MARGIN, MARGIN + 1)
    known = [
        (di * di + dj * dj, di, dj)
        for di in reach
        for dj in reach
        if numbers[(i + di) % PERIOD, (j + dj) % PERIOD] < number
    ]
    return tuple((di, dj) for _, di, dj in sorted(known)[:TAPS])


@lru_cache(maxsize=32)
def sites(passes: int, number: int, height: int, width: int) -> Sites:
    """Flat positions (n,) of the pixels of a pass in raster order."""
    numbers = np.tile(cell(passes), (-(-height // PERIOD), -(-width // PERIOD)))[:height, :width]
    return np.flatnonzero(numbers == number)
