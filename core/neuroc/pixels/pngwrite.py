"""Pictures to PNG files: our own small writer, so that every chunk goes back verbatim and to its place."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..picture import Picture
from .chunks import SIGNATURE, join
from .packing import U8, pack
from .records import colours, png_chunk

_COLOUR = {"1": 0, "L": 0, "RGB": 2, "P": 3, "LA": 4, "RGBA": 6}
_PLACE = re.compile("png\\.(after\\.)?([a-z][a-zA-Z]{3})")
_BLOCK = 1 << 20  # bytes filtered at once, and about the size of an IDAT chunk


def write_png(picture: Picture, level: int = 6) -> bytes:
    """The picture as a PNG file (not interlaced); ``level`` is zlib's, 0 to 9.

    Raises:
        UsageError: a palette picture without a palette.
    """
    before, after, tail, _ = _plan(picture)
    if picture.mode == "P" and not any(kind == b"PLTE" for kind, _ in before):
        raise UsageError("the palette picture has no palette", remedy='Add a Record("palette", RGB triplets)')
    header = struct.pack(">IIBBBBB", picture.width, picture.height, picture.bits, _COLOUR[picture.mode], 0, 0, 0)
    out = [SIGNATURE, join(b"IHDR", header)]
    out += [join(kind, data) for kind, data in before]
    out += [join(b"IDAT", data) for data in _compressed(picture, level)]
    out += [join(kind, data) for kind, data in after]
    out += [join(b"IEND", b""), tail]
    return b"".join(out)


def unwritable_png(picture: Picture) -> list[str]:
    """Keys of the records that PNG cannot hold."""
    return _plan(picture)[3]


def _plan(picture: Picture) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]], bytes, list[str]]:
    """(chunks before the pixels, chunks after them, bytes after the end, keys of what has no place)."""
    first: list[tuple[bytes, bytes]] = []  # translated records: iCCP must stand before PLTE
    placed: list[tuple[bytes, bytes]] = []
    after: list[tuple[bytes, bytes]] = []
    tails: list[bytes] = []
    lost: list[str] = []
    once: set[bytes] = set()
    for record in picture.metadata:
        place = _PLACE.fullmatch(record.key)
        if record.key == "tail":
            tails.append(record.data)
        elif place and place[1]:
            after.append((place[2].encode("ascii"), record.data))
        elif place:
            placed.append((place[2].encode("ascii"), record.data))
        else:
            is_palette = record.key == "palette" and colours(record)
            chunk = (b"PLTE", record.data) if is_palette else png_chunk(record)
            if chunk is None or chunk[0] in once:
                lost.append(record.key)
                continue
            if record.key in ("icc", "exif", "dpi", "aspect", "palette"):
                once.add(chunk[0])
            (placed if is_palette else first).append(chunk)
    return first + placed, after, b"".join(tails), lost


def _compressed(picture: Picture, level: int) -> Iterator[bytes]:
    engine = zlib.compressobj(level, zlib.DEFLATED, 15, 9)
    parts: list[bytes] = []
    for block in _filtered(picture):
        parts.append(engine.compress(block))
        if sum(map(len, parts)) >= _BLOCK:
            yield b"".join(parts)
            parts = []
    parts.append(engine.flush())
    yield b"".join(parts)


def _filtered(picture: Picture) -> Iterator[bytes]:
    """Blocks of filtered rows, each row after the number of its filter."""
    samples, bits = picture.samples, picture.bits
    height = picture.height
    bpp = max(1, picture.channels * bits // 8)
    row = -(-picture.width * picture.channels * bits // 8)
    step = max(1, _BLOCK // row)
    plain = bits < 8 or picture.mode == "P"  # filters do not help packed samples and indices
    above = np.zeros((1, row), np.uint8)
    for y in range(0, height, step):
        lines = pack(samples[y : y + step], bits)
        out = np.zeros((lines.shape[0], row + 1), np.uint8)
        if plain:
            out[:, 1:] = lines
        else:
            _choose(lines, np.concatenate((above, lines[:-1])), bpp, out)
            above = lines[-1:].copy()
        yield out.tobytes()


def _choose(lines: U8, up: U8, bpp: int, out: U8) -> None:
    """Per row the filter among none, sub, up and Paeth whose result, as signed bytes, has the least sum."""
    left = np.zeros_like(lines)
    left[:, bpp:] = lines[:, :-bpp]
    corner = np.zeros_like(up)
    corner[:, bpp:] = up[:, :-bpp]
    best: NDArray[np.int64] | None = None
    for kind, line in ((4, lines - _paeth(left, up, corner)), (1, lines - left), (2, lines - up), (0, lines)):
        # |signed byte| without leaving bytes: the smaller of v and 256 - v
        cost = np.minimum(line, np.negative(line)).sum(axis=1, dtype=np.int64)
        if best is None:
            out[:, 0], out[:, 1:], best = kind, line, cost
            continue
        better = cost < best
        out[better, 0] = kind
        out[better, 1:] = line[better]
        best = np.minimum(best, cost)


def _paeth(a: U8, b: U8, c: U8) -> U8:
    """PNG's Paeth predictor of left, above and above left."""
    bc = np.subtract(b, c, dtype=np.int16)
    ac = np.subtract(a, c, dtype=np.int16)
    pc = np.abs(bc + ac)
    np.abs(bc, out=bc)
    np.abs(ac, out=ac)
    return np.where((bc <= ac) & (bc <= pc), a, np.where(ac <= pc, b, c))
