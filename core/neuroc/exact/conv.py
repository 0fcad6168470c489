"""Convolutions as gathers and matrix products: the rows that an exact linear layer takes (SPEC section 10.5).

Library convolutions may use Winograd or FFT, which are not exact. ``patches`` copies what each output sees into one
row, so that a convolution is an exact Linear (layers.py) whose weight is (out, side * side * in), and its proof is the
same. Activations are (B, H, W, C), integers in whatever type carries them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def patches(x: NDArray[Any], side: int, stride: int = 1) -> NDArray[Any]:
    """Rows (B * h * w, side * side * C) of a convolution of ``side`` x ``side`` in steps of ``stride``.

    Odd sides see zeros outside (h = ceil(H / stride)); even ones need H and W to be multiples of the stride and see
    nothing outside. Within a row: row of the window, column of the window, feature. Raises ValueError.
    """
    batch, height, width, features = x.shape
    margin = side // 2 if side % 2 else 0
    if not margin and side != stride and side > 1:
        raise ValueError(f"an even window of {side} needs the stride {side}, not {stride}")
    if side % 2 == 0 and (height % stride or width % stride):
        raise ValueError(f"{height}x{width} is no multiple of the stride {stride}")
    if side == 1 and stride == 1:
        return x.reshape(-1, features)
    h, w = -(-height // stride), -(-width // stride)
    padded = x
    if margin:
        padded = np.zeros((batch, height + 2 * margin, width + 2 * margin, features), dtype=x.dtype)
        padded[:, margin:-margin, margin:-margin] = x
    rows = np.empty((batch, h, w, side, side, features), dtype=x.dtype)
    for i in range(side):
        for j in range(side):
            rows[:, :, :, i, j] = padded[:, i : i + stride * h : stride, j : j + stride * w : stride][:, :h, :w]
    return rows.reshape(batch * h * w, side * side * features)


def depth_to_space(x: NDArray[Any], side: int = 2) -> NDArray[Any]:
    """(B, h, w, side * side * C) to (B, side * h, side * w, C): what a transposed convolution without overlap gives."""
    batch, h, w, features = x.shape
    out = features // (side * side)
    cells = x.reshape(batch, h, w, side, side, out).transpose(0, 1, 3, 2, 4, 5)
    return cells.reshape(batch, side * h, side * w, out)


def strips(
    x: NDArray[Any], side: int, stride: int = 1, places: int = 1024
) -> Iterator[tuple[tuple[slice, slice], NDArray[Any]]]:
    """The rows of ``patches`` a few at a time, so that they stay in the cache: where they belong, and the rows.

    Where: items of the batch and rows of the output, at most about ``places`` outputs. A row is good until the next.
    """
    batch, height, width, features = x.shape
    margin = side // 2 if side % 2 else 0
    h, w = -(-height // stride), -(-width // stride)
    padded = np.ascontiguousarray(x)
    if margin:
        padded = np.zeros((batch, height + 2 * margin, width + 2 * margin, features), dtype=x.dtype)
        padded[:, margin:-margin, margin:-margin] = x
    items = min(batch, max(1, places // (h * w)))
    high = h if h * w <= places else max(1, places // w)
    # Within a window a row of it lies in one piece.
    sb, si, sj, sf = padded.strides
    windows = np.lib.stride_tricks.as_strided(
        padded, (batch, h, w, side, side * features), (sb, stride * si, stride * sj, si, sf), writeable=False
    )
    buffer = np.empty(items * high * w * side * side * features, dtype=x.dtype)
    for b in range(0, batch, items):
        for i in range(0, h, high):
            seen = windows[b : b + items, i : i + high]
            rows = buffer[: seen.size].reshape(seen.shape)
            np.copyto(rows, seen)
            yield (slice(b, b + items), slice(i, i + high)), rows.reshape(-1, side * side * features)
