"""Samples to and from rows of packed big-endian bytes, as PNG, TIFF and PNM all store them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]


def unpack(lines: U8, width: int, channels: int, bits: int) -> NDArray[Any]:
    """Samples (H, width, channels), uint8 or uint16, from rows of bytes (H, bytes); first sample in the high bits."""
    height = lines.shape[0]
    if bits == 8:
        return lines.reshape(height, width, channels)
    if bits == 16:
        return lines.view(">u2").astype(np.uint16).reshape(height, width, channels)
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    spread = (lines[:, :, None] >> shifts) & np.uint8((1 << bits) - 1)
    return np.ascontiguousarray(spread.reshape(height, -1)[:, : width * channels].reshape(height, width, channels))


def pack(samples: NDArray[Any], bits: int) -> U8:
    """Rows of bytes (H, bytes) from samples (H, W, C); the last byte of a row is filled with zero bits."""
    height = samples.shape[0]
    flat = samples.reshape(height, -1)
    if bits == 8:
        return np.ascontiguousarray(flat, np.uint8)
    if bits == 16:
        return flat.astype(">u2").view(np.uint8)
    per_byte = 8 // bits
    short = -flat.shape[1] % per_byte
    padded = np.pad(flat, ((0, 0), (0, short))).reshape(height, -1, per_byte)
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    packed: U8 = np.bitwise_or.reduce(padded << shifts, axis=2, dtype=np.uint8)
    return packed
