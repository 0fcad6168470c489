"""Coded bytes of ``raw`` with every choice forced, written from SPEC section 11 in plain Python.

The encoder in neuroc takes what is smallest; a decoder must read every combination that the format allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import zstandard
from numpy.typing import NDArray

FILTERS = ("none", "left", "up", "average", "paeth", "gradient", "adaptive")
GREEN, PLANAR, PALETTE, PACKED, ZSTD = 0x08, 0x10, 0x20, 0x40, 0x80

Plane = list[list[int]]


def raw_tile(
    x: NDArray[Any],
    bits: int,
    *,
    filter: str = "none",
    green: bool = False,
    planar: bool = False,
    palette: bool = False,
    packed: bool = False,
    form: str = "stored",
) -> bytes:
    """The item of samples (H, W, C). ``form``: stored, zstd (the library's frame), blocks (raw and RLE blocks)."""
    planes: list[Plane] = [x[:, :, c].astype(int).tolist() for c in range(x.shape[2])]
    top, depth, word = 1 << bits, bits, 2 if bits == 16 else 1
    head, body = [FILTERS.index(filter)], b""
    if palette:
        colours = sorted({colour for rows in zip(*planes, strict=True) for colour in zip(*rows, strict=True)})
        head = [head[0] | PALETTE, len(colours) - 1]
        for c in range(len(planes)):
            steps = [(k[c] - (colours[i - 1][c] if i else 0)) % top for i, k in enumerate(colours)]
            body += b"".join(s.to_bytes(word, "little") for s in steps)
        planes = [[[colours.index(k) for k in zip(*rows, strict=True)] for rows in zip(*planes, strict=True)]]
        depth, word = next(d for d in (1, 2, 4, 8) if len(colours) <= 1 << d), 1
        if len(colours) == 1:
            return finish(head, body, form)
    if green:
        head[0] |= GREEN
        for c in (0, 2):
            planes[c] = [
                [(a - b) % top for a, b in zip(r, g, strict=True)] for r, g in zip(planes[c], planes[1], strict=True)
            ]
    if packed:
        head[0] |= PACKED
        rows = [[v for site in zip(*rows, strict=True) for v in site] for rows in zip(*planes, strict=True)]
        planes = [[pack(row, depth) for row in rows]]
    height = len(planes[0])
    kinds = [filter] * height
    if filter == "adaptive":
        kinds = [FILTERS[(5 * i + 1) % 6] for i in range(height)]
        body += bytes(FILTERS.index(k) for k in kinds)
    residuals = [residual(plane, kinds, 1 << 8 * word) for plane in planes]
    if planar:
        head[0] |= PLANAR
        for plane in residuals:
            for shift in range(8 * word - 8, -1, -8):
                body += bytes(v >> shift & 255 for row in plane for v in row)
    else:
        for rows_ in zip(*residuals, strict=True):
            body += b"".join(v.to_bytes(word, "little") for site in zip(*rows_, strict=True) for v in site)
    return finish(head, body, form)


def pack(row: Sequence[int], depth: int) -> list[int]:
    """Samples of ``depth`` bits to bytes, the first in the most significant bits."""
    per = 8 // depth
    padded = [*row, *[0] * (-len(row) % per)]
    return [
        sum(v << 8 - depth * (k + 1) for k, v in enumerate(padded[i : i + per])) for i in range(0, len(padded), per)
    ]


def residual(plane: Plane, kinds: Sequence[str], modulus: int) -> Plane:
    """Values minus their predictions, row by row."""
    result = []
    for y, row in enumerate(plane):
        above = plane[y - 1] if y else [0] * len(row)
        coded = []
        for i, v in enumerate(row):
            left, up, corner = (row[i - 1] if i else 0), above[i], (above[i - 1] if i else 0)
            coded.append((v - predict(kinds[y], left, up, corner)) % modulus)
        result.append(coded)
    return result


def predict(kind: str, left: int, up: int, corner: int) -> int:
    """The prediction of SPEC section 11.3."""
    gradient = left + up - corner
    match kind:
        case "none":
            return 0
        case "left":
            return left
        case "up":
            return up
        case "average":
            return (left + up) >> 1
        case "paeth":
            return min((left, up, corner), key=lambda v: abs(gradient - v))
    return min(max(gradient, min(left, up)), max(left, up))


def finish(head: list[int], body: bytes, form: str) -> bytes:
    """Flags, number of colours and the body in its form."""
    if form == "stored":
        return bytes(head) + body
    return bytes([head[0] | ZSTD, *head[1:]]) + (blocks(body) if form == "blocks" else library_frame(body))


def blocks(body: bytes) -> bytes:
    """A zstd frame without its first six bytes, of raw and RLE blocks only: the same for every library."""
    parts: list[tuple[int, int, bytes]] = []  # type, size, content
    plain = b""
    for value, run in groupby(body):
        n = len(list(run))
        if n < 8:
            plain += bytes([value]) * n
            continue
        parts += [(0, len(plain), plain)] * bool(plain) + [(1, n, bytes([value]))]
        plain = b""
    parts += [(0, len(plain), plain)] * bool(plain)
    out = b""
    for i, (kind, size, content) in enumerate(parts):
        out += ((i == len(parts) - 1) | kind << 1 | size << 3).to_bytes(3, "little") + content
    return out


def window_log(size: int) -> int:
    """L of SPEC section 11.2."""
    return max(10, min(27, (size - 1).bit_length()))


def library_frame(body: bytes, level: int = 19) -> bytes:
    """The frame that zstd makes, without its first six bytes."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level, window_log=window_log(len(body)), write_content_size=0, write_checksum=0, write_dict_id=0
    )
    frame = zstandard.ZstdCompressor(compression_params=parameters).compress(body)
    assert frame[:5] == bytes.fromhex("28b52ffd00")
    return frame[6:]
