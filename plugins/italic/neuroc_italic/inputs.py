"""What the network sees of a tile: predictions from the known pixels, and differences (SPEC sections 15.1 and 15.3).

Everything is relative to the prediction: a mean of the known samples, weighted by six binomial blurs of which each is
twice as wide and eight times lighter than the one before. Its unit is a quarter of a level (of 8 bits).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .network import (
    CELL_RING,
    CELL_TAPS,
    DIFFERENCE_MAX,
    FRACTION,
    LEVEL_BITS,
    PIXEL_RING,
    PIXEL_TAPS,
)

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

PYRAMID = 6  # blurs; the widest one reaches over the whole tile
MARGIN = 4  # reach of the taps
ONE = 1 << FRACTION
CONTRAST_BITS = 4  # fraction bits of the mean deviation before its logarithm


def spread(x: Longs) -> Longs:
    """Weighted sum of the blurs of x (B, H, W, C); zeros outside."""
    total = np.zeros_like(x)
    for level in range(PYRAMID):
        for axis in (1, 2):
            x = _binomial(x, 1 << level, axis)
        total += x << (7 * (PYRAMID - 1 - level))
    return total


def _binomial(x: Longs, distance: int, axis: int) -> Longs:
    """x at -distance, twice at 0, at +distance along ``axis``."""
    y = 2 * x
    size = x.shape[axis]
    if distance < size:
        ahead = tuple(slice(None) if a != axis else slice(distance, None) for a in range(x.ndim))
        behind = tuple(slice(None) if a != axis else slice(0, size - distance) for a in range(x.ndim))
        y[behind] += x[ahead]
        y[ahead] += x[behind]
    return y


@lru_cache(maxsize=1)
def contrast_table() -> Ints:
    """floor(64 log2(1 + d / 16)) for d = 0 .. 3 * 1020 * 4, int32."""
    largest = (3 * DIFFERENCE_MAX) << (CONTRAST_BITS - LEVEL_BITS)
    one = 1 << CONTRAST_BITS
    table = np.array([((one + d) ** 64).bit_length() - 1 - 256 for d in range(largest + 1)], dtype=np.int32)
    table.setflags(write=False)
    return table


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A tile as far as it is known, padded to whole cells of the mask branch (multiples of four)."""

    samples: Ints  # (B, H, W, C) quarter levels at ``bits``, zero where unknown
    mask: Ints  # (H, W) 0 or 1
    prediction: Ints  # (B, H, W, C) quarter levels
    contrast: Ints  # (B, H, W) 1/64 of an octave
    unit: int  # differences are in 2**unit levels
    base: Ints | None = None  # (B, H, W, C) quarter levels: the base picture


def look(samples: Ints, mask: Ints, middle: int, unit: int, base: Ints | None) -> Known:
    """Predict every pixel. samples: (B, H, W, C) quarter levels; mask: (H, W); middle: where nothing is known."""
    m = mask[None, :, :, None].astype(np.int64)
    known = samples.astype(np.int64) if base is None else samples.astype(np.int64) - base
    known = known * m
    count = np.maximum(spread(m), 1)
    if mask.any():
        prediction = _rounded(spread(known), count)
        if base is not None:
            prediction += base
    elif base is not None:
        prediction = base.astype(np.int64)
    else:
        prediction = np.full(samples.shape, middle, dtype=np.int64)
    deviation = _unit(np.abs(samples - prediction), unit) * m
    d = spread(deviation.sum(axis=3, keepdims=True))
    mean = (d << (CONTRAST_BITS - LEVEL_BITS)) // count
    return Known(
        samples * mask[None, :, :, None],
        mask,
        prediction.astype(np.int32),
        contrast_table()[mean[..., 0]],
        unit,
        base,
    )


def _rounded(total: Longs, count: Longs) -> Longs:
    return (2 * total + count) // (2 * count)


def _unit(d: Any, unit: int) -> Any:
    """Differences in quarter levels to quarters of a unit, clamped."""
    if unit:
        d = (d + ((1 << unit) >> 1)) >> unit
    return np.clip(d, -DIFFERENCE_MAX, DIFFERENCE_MAX)


def cell_inputs(known: Known, middle: int, step: Ints) -> Ints:
    """Inputs (B, H/2, W/2, n) of the first layer; step: the embedding."""
    b, h, w, _ = known.samples.shape
    p = known.prediction
    centre = (p[:, ::2, ::2] + p[:, ::2, 1::2] + p[:, 1::2, ::2] + p[:, 1::2, 1::2] + 2) >> 2
    samples = _padded(known.samples, MARGIN)
    mask = np.pad(known.mask, MARGIN)
    parts: list[Any] = []

    def at(x: Any, margin: int, i: int, j: int) -> Any:
        return x[..., margin + i : margin + i + h : 2, margin + j : margin + j + w : 2]

    for i, j in CELL_TAPS:
        m = at(mask, MARGIN, i, j)
        s = samples[:, MARGIN + i : MARGIN + i + h : 2, MARGIN + j : MARGIN + j + w : 2]
        parts.append(_unit(s - centre * m[None, :, :, None], known.unit) * m[None, :, :, None])
        parts.append(np.broadcast_to(ONE * m[None, :, :, None], (b, h // 2, w // 2, 1)))
    around = np.pad(p, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    for i, j in CELL_RING:
        parts.append(_unit(around[:, 1 + i : 1 + i + h : 2, 1 + j : 1 + j + w : 2] - centre, known.unit))
    parts.append(_unit(centre - middle, known.unit))
    parts += [known.contrast[:, a::2, e::2, None] for a in (0, 1) for e in (0, 1)]
    if known.base is not None:
        base = np.pad(known.base, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
        for i, j in CELL_RING:
            parts.append(_unit(base[:, 1 + i : 1 + i + h : 2, 1 + j : 1 + j + w : 2] - centre, known.unit))
    parts.append(np.broadcast_to(step, (b, h // 2, w // 2, len(step))))
    result: Ints = np.concatenate(parts, axis=3, dtype=np.int32)
    return result


def pixel_inputs(known: Known, middle: int, i: NDArray[np.intp], j: NDArray[np.intp]) -> tuple[Ints, Ints]:
    """Inputs (B * n, k) of the head for the pixels (i, j), each (n,), and their predictions (B * n, C)."""
    b, _, _, c = known.samples.shape
    p = known.prediction[:, i, j]  # (B, n, C)
    taps = np.array(PIXEL_TAPS, dtype=np.intp)
    y, x = i[:, None] + taps[:, 0] + MARGIN, j[:, None] + taps[:, 1] + MARGIN
    m = np.pad(known.mask, MARGIN)[y, x]  # (n, T)
    s = _padded(known.samples, MARGIN)[:, y, x]  # (B, n, T, C)
    s = _unit(s - p[:, :, None], known.unit) * m[None, :, :, None]
    ring = np.array(PIXEL_RING, dtype=np.intp)
    y, x = i[:, None] + ring[:, 0] + 1, j[:, None] + ring[:, 1] + 1
    around = np.pad(known.prediction, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")[:, y, x]
    n = len(i)
    parts = [
        s.reshape(b, n, -1),
        np.broadcast_to(ONE * m[None], (b, n, len(taps))),
        _unit(around - p[:, :, None], known.unit).reshape(b, n, -1),
        _unit(p - middle, known.unit),
        known.contrast[:, i, j, None],
    ]
    if known.base is not None:
        y, x = np.concatenate([i[:, None] + 1, y], axis=1), np.concatenate([j[:, None] + 1, x], axis=1)
        base = np.pad(known.base, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")[:, y, x]
        parts.append(_unit(base - p[:, :, None], known.unit).reshape(b, n, -1))
    rows = np.concatenate(parts, axis=2, dtype=np.int32)
    return rows.reshape(b * n, -1), p.reshape(b * n, c)


def _padded(x: Ints, margin: int) -> Ints:
    return np.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
