"""An independent PNG decoder and writer in plain Python: the opposite party of core/neuroc/pixels in tests.

No numpy, no Pillow, nothing of neuroc; written from the PNG specification, for correctness only.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence

SIGNATURE = bytes([137, 80, 78, 71, 13, 10, 26, 10])
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
Pixels = list[list[tuple[int, ...]]]  # rows of pixels of samples


class BadPng(Exception):
    """The file breaks a rule of PNG."""


def chunks(data: bytes) -> list[tuple[str, bytes]]:
    """All chunks up to IEND, checked."""
    if data[:8] != SIGNATURE:
        raise BadPng("signature")
    found: list[tuple[str, bytes]] = []
    at = 8
    while not found or found[-1][0] != "IEND":
        if at + 12 > len(data):
            raise BadPng("truncated")
        (size,) = struct.unpack(">I", data[at : at + 4])
        body = data[at + 8 : at + 8 + size]
        if len(body) < size or data[at + 8 + size : at + 12 + size] != struct.pack(
            ">I", zlib.crc32(data[at + 4 : at + 8] + body)
        ):
            raise BadPng("checksum")
        found.append((data[at + 4 : at + 8].decode("latin-1"), body))
        at += 12 + size
    return found


def passes(width: int, height: int, interlaced: bool) -> list[tuple[int, int, int, int, int, int]]:
    """(x0, y0, dx, dy, width, height) of each non-empty pass."""
    steps = ADAM7 if interlaced else [(0, 0, 1, 1)]
    sized = [(x, y, dx, dy, (width - x + dx - 1) // dx, (height - y + dy - 1) // dy) for x, y, dx, dy in steps]
    return [p for p in sized if p[4] > 0 and p[5] > 0]


def guess(kind: int, a: int, b: int, c: int) -> int:
    """The prediction of filter ``kind`` from left, above, above left."""
    if kind == 4:
        p = a + b - c
        nearest = min(abs(p - a), abs(p - b), abs(p - c))
        return a if nearest == abs(p - a) else b if nearest == abs(p - b) else c
    return [0, a, b, (a + b) // 2][kind]


def decode(data: bytes) -> tuple[int, int, Pixels, list[tuple[str, bytes]]]:
    """(colour type, bits, pixels, chunks) of a PNG file; BadPng if it is damaged."""
    found = chunks(data)
    if found[0][0] != "IHDR":
        raise BadPng("no IHDR")
    width, height, bits, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", found[0][1])
    if not width or not height or bits not in DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise BadPng("IHDR")
    stream = b"".join(body for kind, body in found if kind == "IDAT")
    try:
        raw = zlib.decompress(stream)
    except zlib.error as e:
        raise BadPng("zlib") from e
    channels = CHANNELS[colour]
    step = max(1, bits * channels // 8)
    pixels: Pixels = [[() for _ in range(width)] for _ in range(height)]
    at = 0
    for x0, y0, dx, dy, w, h in passes(width, height, bool(interlace)):
        size = (w * channels * bits + 7) // 8
        above = [0] * size
        for j in range(h):
            kind, line = raw[at], list(raw[at + 1 : at + 1 + size])
            at += 1 + size
            for i in range(size):
                a, c = (line[i - step], above[i - step]) if i >= step else (0, 0)
                line[i] = (line[i] + guess(kind, a, above[i], c)) % 256
            above = line
            number = int.from_bytes(bytes(line), "big")
            total = size * 8
            for i in range(w):
                pixels[y0 + j * dy][x0 + i * dx] = tuple(
                    number >> (total - bits * (i * channels + k + 1)) & (1 << bits) - 1 for k in range(channels)
                )
    if at != len(raw):
        raise BadPng("size")
    return colour, bits, pixels, found


def chunk(kind: str, body: bytes) -> bytes:
    """One chunk as bytes."""
    named = kind.encode("latin-1") + body
    return struct.pack(">I", len(body)) + named + struct.pack(">I", zlib.crc32(named))


def encode(
    colour: int,
    bits: int,
    pixels: Pixels,
    *,
    interlaced: bool = False,
    filters: Sequence[int] = (0,),
    before: Iterable[tuple[str, bytes]] = (),
    after: Iterable[tuple[str, bytes]] = (),
    split: int = 0,
) -> bytes:
    """A PNG file whose rows use ``filters`` in turn and whose IDAT chunks have ``split`` bytes (0: one chunk)."""
    height, width, channels = len(pixels), len(pixels[0]), CHANNELS[colour]
    step = max(1, bits * channels // 8)
    raw = bytearray()
    row = 0
    for x0, y0, dx, dy, w, h in passes(width, height, interlaced):
        size = (w * channels * bits + 7) // 8
        above = bytes(size)
        for j in range(h):
            number = 0
            for i in range(w):
                for sample in pixels[y0 + j * dy][x0 + i * dx]:
                    number = number << bits | sample
            line = (number << (size * 8 - w * channels * bits)).to_bytes(size, "big")
            kind = filters[row % len(filters)]
            row += 1
            raw.append(kind)
            for i in range(size):
                a, c = (line[i - step], above[i - step]) if i >= step else (0, 0)
                raw.append((line[i] - guess(kind, a, above[i], c)) % 256)
            above = line
    stream = zlib.compress(bytes(raw))
    parts = [stream[i : i + split] for i in range(0, len(stream), split)] if split else [stream]
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    middle = [*before, *(("IDAT", part) for part in parts), *after]
    return SIGNATURE + b"".join(chunk(k, d) for k, d in [("IHDR", header), *middle, ("IEND", b"")])
