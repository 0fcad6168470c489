"""Pictures for tests that look natural enough for a network to win, in integers: the same everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]


def _hash(i: I64, j: I64, seed: int) -> I64:
    """Pseudo-random 0 .. 65535 for every pair."""
    h = (i * 73856093 ^ j * 19349663 ^ seed * 83492791) & 0xFFFFFFFF
    for _ in range(2):
        h = (h ^ (h >> 15)) * 2246822519 & 0xFFFFFFFF
    return (h ^ (h >> 13)) >> 8 & 0xFFFF


def _octave(height: int, width: int, cell: int, seed: int) -> I64:
    """Smooth noise (H, W), 0 .. 65535: a lattice every ``cell`` pixels, interpolated linearly."""
    i, j = np.mgrid[:height, :width].astype(np.int64)
    y, x, fy, fx = i // cell, j // cell, i % cell, j % cell
    top = _hash(y, x, seed) * (cell - fx) + _hash(y, x + 1, seed) * fx
    bottom = _hash(y + 1, x, seed) * (cell - fx) + _hash(y + 1, x + 1, seed) * fx
    smooth: I64 = (top * (cell - fy) + bottom * fy) // (cell * cell)
    return smooth


def natural(height: int, width: int, channels: int = 3, bits: int = 8, seed: int = 1) -> NDArray[Any]:
    """Samples (H, W, C), uint8 or uint16: soft shapes, some texture, a little noise, channels that go together."""
    light = sum(_octave(height, width, cell, seed + cell) * share for cell, share in ((24, 9), (7, 4), (3, 2))) // 16
    planes = []
    for c in range(channels):
        tint = _octave(height, width, 19, seed + 100 + c)
        grain = _octave(height, width, 1, seed + 200 + c)
        planes.append((light * 13 + tint * 2 + grain // 8) // 16)
    samples = np.stack(planes, axis=-1) >> (16 - bits)
    return samples.astype(np.uint16 if bits > 8 else np.uint8)
