"""Pictures for the vectors, in integer arithmetic: the same on every machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuroc
from neuroc.picture import CHANNELS, Picture, Record

I64 = NDArray[np.int64]

GREYS = bytes(v for i in range(16) for v in (17 * i, 17 * i, 255 - 17 * i))  # a palette of 16 colours


def noise(height: int, width: int, channels: int, bits: int, seed: int = 1) -> I64:
    """Samples (H, W, C) without any structure."""
    i, j, c = np.mgrid[:height, :width, :channels].astype(np.int64)
    return hashed(i, j * 8 + c, seed) >> (16 - bits)


def flat(height: int, width: int, channels: int, bits: int) -> I64:
    """One colour."""
    colour = (np.arange(channels, dtype=np.int64) * 37 + 90) % (1 << bits)
    return np.broadcast_to(colour, (height, width, channels)).copy()


def natural(height: int, width: int, channels: int, bits: int, seed: int = 1) -> I64:
    """Soft shapes, some texture, channels that go together."""
    i, j = np.mgrid[:height, :width].astype(np.int64)
    light = (smooth(height, width, 17, seed) * 12 + smooth(height, width, 5, seed + 1) * 3) // 16
    planes = []
    for c in range(channels):
        grain = hashed(i, j, seed + 20 + c)
        planes.append((light * 14 + smooth(height, width, 13, seed + 10 + c) + grain // 32) // 16)
    return np.stack(planes, axis=-1) >> (16 - bits)


def graphics(height: int, width: int, channels: int, bits: int, colours: int = 5) -> I64:
    """Boxes of few colours; a colour has the number of its box in each channel, scaled differently."""
    i, j = np.mgrid[:height, :width].astype(np.int64)
    index = (i // 3 * 2 + j // 4) % colours
    top = (1 << bits) - 1
    return np.stack([index * (top // (colours + c)) for c in range(channels)], axis=-1)


def boxes(height: int, width: int, channels: int, bits: int) -> I64:
    """Boxes of two colours."""
    return graphics(height, width, channels, bits, 2)


def edges(height: int, width: int, channels: int, bits: int) -> I64:
    """Only the lowest and the highest value, next to each other."""
    i, j, c = np.mgrid[:height, :width, :channels].astype(np.int64)
    return (hashed(i, j, 3 + c) & 1) * ((1 << bits) - 1)


def photo(x: int, y: int, width: int, height: int) -> I64:
    """A part of the photograph that comes with neuroc, RGB of 8 bits."""
    path = Path(neuroc.__file__).parent / "demo" / "photo.png"
    return neuroc.read_picture(path).samples[y : y + height, x : x + width].astype(np.int64)


def picture(samples: I64, mode: str, bits: int, records: tuple[Record, ...] = ()) -> Picture:
    """A Picture of samples (H, W, C)."""
    assert samples.shape[2] == CHANNELS[mode]
    assert int(samples.min()) >= 0
    assert int(samples.max()) < 1 << bits
    typed: NDArray[Any] = samples.astype(np.uint16 if bits == 16 else np.uint8)
    return Picture(np.ascontiguousarray(typed), mode, bits, records)


def hashed(i: I64, j: I64, seed: int | I64) -> I64:
    """Pseudo-random 0 ... 65535 for every pair."""
    h = (i * 2654435761 + j * 2246822519 + seed * 3266489917) & 0xFFFFFFFF
    for factor in (668265263, 374761393):
        h = ((h ^ (h >> 15)) * factor) & 0xFFFFFFFF
    return (h ^ (h >> 13)) >> 7 & 0xFFFF


def smooth(height: int, width: int, cell: int, seed: int) -> I64:
    """Values (H, W), 0 ... 65535: a random lattice every ``cell`` pixels, interpolated linearly."""
    i, j = np.mgrid[:height, :width].astype(np.int64)
    y, x, fy, fx = i // cell, j // cell, i % cell, j % cell
    top = hashed(y, x, seed) * (cell - fx) + hashed(y, x + 1, seed) * fx
    bottom = hashed(y + 1, x, seed) * (cell - fx) + hashed(y + 1, x + 1, seed) * fx
    value: I64 = (top * (cell - fy) + bottom * fy) // (cell * cell)
    return value
