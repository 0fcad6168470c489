"""Digests of files and pictures: SHA-256 truncated to 16 bytes, CRC-32 for single tiles (SPEC section 5)."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIGEST_BYTES = 16


def digest(data: bytes | memoryview) -> bytes:
    """The first 16 bytes of SHA-256 of ``data``."""
    return hashlib.sha256(data).digest()[:DIGEST_BYTES]


def pixel_digest(samples: NDArray[Any], mode: str, bits: int) -> bytes:
    """Digest of mode, depth, size and samples (H, W, C), uint8 or uint16.

    Covers: mode as ASCII padded with zero bytes to 4, bits as u32, width as u32, height as u32 (little-endian), then
    the samples row by row, channels interleaved, 16-bit ones little-endian.
    """
    height, width = samples.shape[:2]
    h = hashlib.sha256(mode.encode("ascii").ljust(4, b"\0"))
    for number in (bits, width, height):
        h.update(int(number).to_bytes(4, "little"))
    rows = max(1, 2**22 // max(1, width * samples.shape[2]))
    for y in range(0, height, rows):  # in strips: tobytes() of a large picture would double the memory
        h.update(little_endian(samples[y : y + rows]))
    return h.digest()[:DIGEST_BYTES]


def tile_crc(samples: NDArray[Any]) -> int:
    """CRC-32 of a tile's samples (H, W, C), row by row, channels interleaved, little-endian."""
    return zlib.crc32(little_endian(samples))


def little_endian(samples: NDArray[Any]) -> bytes:
    """The bytes of an array in C order, each number little-endian."""
    return samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()
