"""The neighbourhoods of the masked layers and the rule for neighbours outside the tile (SPEC section 14.1).

A tap (di, dj) of the pixel in row i, column j is the pixel (i + di, j + dj). Outside the tile it is replaced:

    rows above, left or right of the tile   -> the first or last pixel of that row
    anything else                           -> the left neighbour (i, j-1), in the first column the upper one (i-1, 0)
    the pixel (0, 0) has none               -> the constant cell H*W
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Taps = tuple[tuple[int, int], ...]

LEFT, UP = (0, -1), (-1, 0)
CENTRE: Taps = ((0, 0),)


def causal_taps(radius: int) -> Taps:
    """Rows above, top first, 2 * radius + 1 wide, and ``radius`` pixels to the left: the window of mask A."""
    above = ((di, dj) for di in range(-radius, 0) for dj in range(-radius, radius + 1))
    return (*above, *((0, dj) for dj in range(-radius, 0)))


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
