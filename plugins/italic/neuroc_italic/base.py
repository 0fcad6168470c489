"""The low-level code: a lossy base picture that comes first in a tile's stream (SPEC section 15.6).

An integer transform code of 8 bits: YCgCo with halved chroma, 8 x 8 integer cosine transform, one quantiser,
coefficients as symbols of 8 bits whose tables are geometric, wider where neighbours in the block are large. Decoding
is exact everywhere and needs no network; how an encoder chooses coefficients is its own affair.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.api import Cumulative, Step

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

PLANE = 3  # of the symbols, after R, G and B
SIDE = 8  # of a block
QUANTISERS = (128, 91, 64, 45, 32, 23, 16, 11)  # steps of the qualities 1 to 8
LARGEST = 127  # of a coefficient's magnitude

# Rows are frequencies; the products of two rows are 2**15 (the same row) or nearly 0.
COSINES = np.array(
    [
        [64, 64, 64, 64, 64, 64, 64, 64],
        [89, 75, 50, 18, -18, -50, -75, -89],
        [83, 36, -36, -83, -83, -36, 36, 83],
        [75, -18, -89, -50, 50, 89, 18, -75],
        [64, -64, -64, 64, 64, -64, -64, 64],
        [50, -89, 18, 75, -75, -18, 89, -50],
        [36, -83, 83, -36, -36, 83, -83, 36],
        [18, -50, 75, -89, 89, -75, 50, -18],
    ],
    dtype=np.int64,
)
# Order of the frequencies within a block: by u + v, then by u.
SCAN = tuple(sorted(((u, v) for u in range(SIDE) for v in range(SIDE)), key=lambda f: (f[0] + f[1], f[0])))

# Ratio of neighbouring magnitudes' frequencies, in 1/256, by context: fitted on the training pictures.
CONTEXTS = 12
RATIOS = (
    (1, 12, 87, 39, 40, 64, 60, 84, 78, 100, 91, 130),  # Y
    (1, 6, 53, 30, 33, 53, 53, 75, 69, 90, 84, 121),  # Cg and Co
)
DC_RATIOS = (200, 152)  # of the differences of the mean between blocks, Y and chroma


@dataclass(frozen=True, slots=True)
class Layout:
    """Blocks of the three planes of a tile; symbols are numbered block by block, row by row of frequencies."""

    blocks: tuple[tuple[int, int], ...]  # rows, columns of Y, Cg, Co

    @classmethod
    def of(cls, height: int, width: int) -> Layout:
        luma = -(-height // SIDE), -(-width // SIDE)
        chroma = -(-height // (2 * SIDE)), -(-width // (2 * SIDE))
        return cls((luma, chroma, chroma))

    @property
    def symbols(self) -> int:
        return sum(r * c for r, c in self.blocks) * SIDE * SIDE

    @property
    def rounds(self) -> int:
        """Sequential steps of a base picture."""
        return sum(r * c + SIDE * SIDE - 1 for r, c in self.blocks)


@lru_cache(maxsize=3)
def geometric(ratios: tuple[int, ...]) -> Longs:
    """Cumulative frequencies (len(ratios), 257) of the symbols: coefficients -128 .. 127, plus 128."""
    rows = []
    for ratio in ratios:
        falling = [1 << 20]
        for _ in range(128):
            falling.append(max(1, falling[-1] * ratio >> 8))
        rows.append([falling[abs(v)] for v in range(-128, 128)])
    cumulative = np.zeros((len(rows), 257), dtype=np.int64)
    np.cumsum(np.array(rows, dtype=np.int64), axis=1, out=cumulative[:, 1:])
    return cumulative


def base_steps(height: int, width: int, batch: int, quality: int) -> Generator[Step, Ints, tuple[Ints, Ints]]:
    """The steps of a base picture; returns it, (B, H, W, 3) of 8 bits, and its symbols (B, n)."""
    layout = Layout.of(height, width)
    known = np.zeros((batch, layout.symbols), dtype=np.int32)
    step = QUANTISERS[quality - 1]
    planes = []
    first = 0
    for number, (rows, columns) in enumerate(layout.blocks):
        coefficients = np.zeros((batch, rows, columns, SIDE, SIDE), dtype=np.int64)
        count = rows * columns
        flat = coefficients.reshape(batch, count, SIDE, SIDE)
        at = first + np.arange(count, dtype=np.intp) * (SIDE * SIDE)
        means = geometric(DC_RATIOS)[min(number, 1)]
        for n in range(count):
            i, j = divmod(n, columns)
            guess = _neighbours(coefficients[..., 0, 0], i, j)
            symbols = yield Step(PLANE, at[n : n + 1], Cumulative(np.tile(means, (batch, 1)), 8))
            known[:, at[n]] = symbols[:, 0]
            flat[:, n, 0, 0] = guess + symbols[:, 0] - 128
        tables = geometric(RATIOS[min(number, 1)])
        for u, v in SCAN[1:]:
            context = _context(flat, u, v)
            symbols = yield Step(PLANE, at + SIDE * u + v, Cumulative(tables[context.reshape(-1)], 8))
            known[:, at + SIDE * u + v] = symbols
            flat[:, :, u, v] = symbols - 128
        planes.append(_inverse(coefficients * step))
        first += count * SIDE * SIDE
    return _picture(planes, height, width), known


def _neighbours(means: Longs, i: int, j: int) -> Any:
    """The mean of the left and the upper block's, of what there is."""
    if i and j:
        return (means[:, i - 1, j] + means[:, i, j - 1]) >> 1
    return means[:, i - 1, j] if i else means[:, i, j - 1] if j else 0


def _context(flat: Longs, u: int, v: int) -> NDArray[np.intp]:
    """Contexts (B, n) of the coefficients (u, v) from those of lower frequencies in their blocks."""
    near = np.zeros(flat.shape[:2], dtype=np.int64)
    for du, dv, weight in ((1, 0, 2), (0, 1, 2), (1, 1, 1), (2, 0, 1), (0, 2, 1)):
        if u >= du and v >= dv and (u - du, v - dv) != (0, 0):
            near += weight * np.abs(flat[:, :, u - du, v - dv])
    low = max(0, 2 - (u + v) // 2)  # the first frequencies have few neighbours and are large
    context: NDArray[np.intp] = np.minimum(near + low, CONTEXTS - 1).astype(np.intp)
    return context


def _inverse(coefficients: Longs) -> Longs:
    """Blocks (B, r, c, 8, 8) of dequantised coefficients to planes (B, 8 r, 8 c)."""
    blocks = (np.matmul(np.matmul(COSINES.T, coefficients), COSINES) + (1 << 14)) >> 15
    b, r, c = blocks.shape[:3]
    plane: Longs = blocks.transpose(0, 1, 3, 2, 4).reshape(b, SIDE * r, SIDE * c)
    return plane


def _picture(planes: list[Longs], height: int, width: int) -> Ints:
    """Planes Y, Cg, Co, the last two of half the size, to RGB (B, H, W, 3)."""
    luma = planes[0][:, :height, :width] + 128
    green, orange = (np.repeat(np.repeat(p, 2, 1), 2, 2)[:, :height, :width] for p in planes[1:])
    t = luma - (green >> 1)
    blue = t - (orange >> 1)
    rgb = np.stack([blue + orange, green + t, blue], axis=3)
    picture: Ints = np.clip(rgb, 0, 255).astype(np.int32)
    return picture


# The encoder's side.


def base_symbols(x: Ints, quality: int) -> Ints:
    """Symbols (B, n) of a base picture for samples x (B, H, W, 3) of 8 bits."""
    batch, height, width, _ = x.shape
    step = QUANTISERS[quality - 1]
    red, green, blue = (x[..., c].astype(np.int64) for c in range(3))
    orange = red - blue
    t = blue + (orange >> 1)
    cg = green - t
    luma = t + (cg >> 1) - 128
    parts = []
    for plane, (rows, columns), halved in zip(
        (luma, cg, orange), Layout.of(height, width).blocks, (False, True, True), strict=True
    ):
        if halved:
            plane = np.pad(plane, ((0, 0), (0, height % 2), (0, width % 2)), mode="edge")
            plane = (plane[:, ::2, ::2] + plane[:, ::2, 1::2] + plane[:, 1::2, ::2] + plane[:, 1::2, 1::2] + 2) >> 2
        _, h, w = plane.shape
        plane = np.pad(plane, ((0, 0), (0, SIDE * rows - h), (0, SIDE * columns - w)), mode="edge")
        blocks = plane.reshape(batch, rows, SIDE, columns, SIDE).transpose(0, 1, 3, 2, 4)
        exact = np.matmul(np.matmul(COSINES, blocks), COSINES.T)  # in 2**-15
        size = np.abs(exact)
        quantised = np.sign(exact) * ((size + (step << 15) // 3) // (step << 15))
        quantised[..., 0, 0] = (exact[..., 0, 0] + (step << 14)) // (step << 15)
        differences = np.clip(quantised, -LARGEST, LARGEST)
        means = np.zeros((batch, rows, columns), dtype=np.int64)
        for n in range(rows * columns):
            i, j = divmod(n, columns)
            guess = _neighbours(means, i, j)
            differences[:, i, j, 0, 0] = np.clip(quantised[:, i, j, 0, 0] - guess, -LARGEST, LARGEST)
            means[:, i, j] = guess + differences[:, i, j, 0, 0]
        parts.append(differences.reshape(batch, -1))
    symbols: Ints = (np.concatenate(parts, axis=1) + 128).astype(np.int32)
    return symbols


def base_picture(x: Ints, quality: int) -> Ints:
    """The base picture (B, H, W, 3) that stands for samples x (B, H, W, 3) of 8 bits."""
    symbols = base_symbols(x, quality)
    generator = base_steps(x.shape[1], x.shape[2], len(x), quality)
    step = next(generator)
    while True:
        try:
            step = generator.send(symbols[:, step.sites])
        except StopIteration as done:
            picture: Ints = done.value[0]
            return picture
