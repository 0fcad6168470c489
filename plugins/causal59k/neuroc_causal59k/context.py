"""The causal neighbourhoods and the rule for neighbours outside the tile (SPEC section 12.1).

A tap (di, dj) of the pixel in row i, column j is the pixel (i + di, j + dj). Outside the tile it is replaced:

    rows above, left or right of the tile   -> the first or last pixel of that row
    anything else                           -> the left neighbour (i, j-1), in the first column the upper one (i-1, 0)
    the pixel (0, 0) has none               -> the constant 2**(bits-1), kept in cell H*W
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Taps = tuple[tuple[int, int], ...]

LEFT, UP = (0, -1), (-1, 0)

# Two rows above and two pixels to the left: known in raster order and on the wavefront t = j + 3i.
RASTER_TAPS: Taps = (
    *((-2, dj) for dj in range(-2, 3)),
    *((-1, dj) for dj in range(-2, 3)),
    (0, -2),
    LEFT,
)
# Known on the diagonal t = i + j; closed under transposition. (1, -2) and (2, -3) lie below the pixel.
DIAGONAL_TAPS: Taps = (
    UP, LEFT, (-1, -1), (-2, 0), (0, -2), (-2, -1), (-1, -2), (-2, 1), (1, -2), (-2, -2), (-3, 2), (2, -3),
)  # fmt: skip

TAPS: dict[str, Taps] = {"raster": RASTER_TAPS, "diagonal": DIAGONAL_TAPS}


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
