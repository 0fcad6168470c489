"""Integer residuals of ``raw``: what is left of a sample after its neighbours predict it (SPEC section 11).

    ul u      none 0 | left l | up u | average (l + u) >> 1 | paeth |
    l  x      gradient: l + u - ul clamped to [min(l, u), max(l, u)]

    residual = (x - prediction) modulo 2**(8 or 16); neighbours outside the array are 0

Arrays are channel-first, (C, H, W) uint8 or uint16, so that an anti-diagonal is one strided view: every site of it
depends on the two anti-diagonals before it only, which makes decoding H + W - 1 vector steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

NONE, LEFT, UP, AVERAGE, PAETH, GRADIENT, ADAPTIVE = range(7)
ROW_FILTERS = 6  # ADAPTIVE chooses one of the first six for each row

Samples = NDArray[Any]  # (C, H, W) uint8 or uint16
Wide = NDArray[Any]  # int16 or int32: holds sums of samples


def predict(kind: int, left: Wide, up: Wide, corner: Wide) -> Wide:
    """Predictions of equal shape and type; the type must hold l + u - 2 * ul."""
    if kind == NONE:
        return np.zeros_like(left)
    if kind == LEFT:
        return left
    if kind == UP:
        return up
    if kind == AVERAGE:
        return (left + up) >> 1
    if kind == GRADIENT:
        gradient: Wide = np.clip(left + up - corner, np.minimum(left, up), np.maximum(left, up))
        return gradient
    # Paeth: the neighbour nearest to l + u - ul, ties in the order left, up, corner.
    to_left, to_up = np.abs(up - corner), np.abs(left - corner)
    to_corner = np.abs(left + up - corner - corner)
    nearest = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, nearest)


def residuals(x: Samples, kind: int) -> Samples:
    """The residuals of ``x`` (C, H, W) under one of the first six filters, modulo the size of their type."""
    if kind == NONE:
        return x
    r = x.copy()
    if kind == LEFT:
        r[:, :, 1:] -= x[:, :, :-1]
        return r
    if kind == UP:
        r[:, 1:] -= x[:, :-1]
        return r
    padded = _padded(x)
    r -= predict(kind, padded[:, 1:, :-1], padded[:, :-1, 1:], padded[:, :-1, :-1]).astype(x.dtype)
    return r


def adaptive(x: Samples, candidates: dict[int, Samples]) -> tuple[Samples, NDArray[np.uint8]]:
    """Residuals (C, H, W) with the filter of each row (H,) that has the least sum of absolute residuals."""
    kinds = sorted(candidates)
    signed = np.int8 if x.dtype == np.uint8 else np.int16
    wide = np.int16 if x.dtype == np.uint8 else np.int32
    sums = [np.abs(candidates[k].view(signed).astype(wide)).sum(axis=(0, 2), dtype=np.int64) for k in kinds]
    best = np.argmin(np.stack(sums), axis=0)
    r = np.empty_like(x)
    for i, k in enumerate(kinds):
        rows = best == i
        r[:, rows] = candidates[k][:, rows]
    return r, np.array(kinds, dtype=np.uint8)[best]


def restore(r: Samples, kind: int, rows: NDArray[np.uint8] | None = None) -> Samples:
    """The inverse of ``residuals`` and ``adaptive`` (then ``rows`` (H,) has the filter of each row, below 6)."""
    if kind == NONE:
        return r
    if kind == LEFT:
        return np.cumsum(r, axis=2, dtype=r.dtype)
    if kind == UP:
        return np.cumsum(r, axis=1, dtype=r.dtype)
    channels, height, width = r.shape
    padded = _padded(r)
    mask = (1 << (8 * r.dtype.itemsize)) - 1
    flat = padded.reshape(channels, -1)
    step = width  # from (y, x) to (y + 1, x - 1) in rows of width + 1
    used = () if rows is None else tuple(np.unique(rows).tolist())
    for d in range(height + width - 1):
        top, bottom = max(0, d - width + 1), min(height - 1, d)
        first = (top + 1) * (width + 1) + (d - top) + 1
        last = first + (bottom - top) * step
        here = flat[:, first : last + 1 : step]
        left = flat[:, first - 1 : last : step]
        up = flat[:, first - width - 1 : last - width : step]
        corner = flat[:, first - width - 2 : last - width - 1 : step]
        if rows is None:
            p = predict(kind, left, up, corner)
        else:
            own = rows[top : bottom + 1]
            p = predict(used[0], left, up, corner)
            for k in used[1:]:
                p = np.where(own == k, predict(k, left, up, corner), p)
        here += p
        here &= mask
    return padded[:, 1:, 1:].astype(r.dtype)


def _padded(x: Samples) -> Wide:
    """(C, H, W) with a row and a column of zeros before it, in a type that holds every sum of predict()."""
    wide = np.zeros((x.shape[0], x.shape[1] + 1, x.shape[2] + 1), dtype=np.int16 if x.dtype == np.uint8 else np.int32)
    wide[:, 1:, 1:] = x
    return wide
