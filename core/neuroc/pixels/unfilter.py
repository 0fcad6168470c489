"""PNG's five row filters undone, with numpy or with Pillow's decoder (bit for bit the same)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError

U8 = NDArray[np.uint8]
_PIECE = 1 << 16  # bytes fed to zlib at once
_BLOCK = 1 << 20  # bytes taken from zlib at once


def inflate(pieces: list[memoryview], total: int, name: str | None) -> Iterator[bytes]:
    """Blocks of the zlib stream in ``pieces``, which must hold exactly ``total`` bytes and nothing after them."""
    engine = zlib.decompressobj()
    done = 0
    for piece in pieces:
        for start in range(0, len(piece), _PIECE):
            tail: bytes | memoryview = piece[start : start + _PIECE]
            while True:
                if engine.eof:
                    raise PictureError(
                        "the PNG has bytes after its compressed pixels", remedy="Save it again first", file=name
                    )
                try:
                    block = engine.decompress(tail, _BLOCK)
                except zlib.error as e:
                    raise PictureError(
                        f"damaged PNG: its pixels do not decompress ({e})", remedy="Fetch the file again", file=name
                    ) from e
                done += len(block)
                if done > total or engine.unused_data:
                    raise PictureError("the PNG has more data than pixels", remedy="Save it again first", file=name)
                if block:
                    yield block
                tail = engine.unconsumed_tail
                # A block of full size may leave output inside zlib although all input is consumed.
                if not tail and (len(block) < _BLOCK or engine.eof):
                    break
    if done < total or not engine.eof:
        raise PictureError("the pixels of the PNG are truncated", remedy="Fetch the file again", file=name)


def inflate_all(pieces: list[memoryview], total: int, name: str | None) -> U8:
    """The whole stream as one (total,) array."""
    out = np.empty(total, np.uint8)
    at = 0
    for block in inflate(pieces, total, name):
        out[at : at + len(block)] = np.frombuffer(block, np.uint8)
        at += len(block)
    return out


def unfilter_pillow(pieces: list[memoryview], height: int, row: int, bpp: int, name: str | None) -> U8:
    """Rows of bytes (height, row) through Pillow's decoder; ``bpp`` bytes a pixel, 1 to 4.

    The filters know bytes, not samples: any PNG row is also a row of an 8-bit L, LA, RGB or RGBA picture with
    the same bytes per pixel. So palettes, tRNS and 16-bit samples never reach Pillow, which would change them.
    """
    from PIL import Image

    from .pillow import samples_of

    for _ in inflate(pieces, height * (row + 1), name):  # strict where Pillow's decoder is lenient
        pass
    mode = ("L", "LA", "RGB", "RGBA")[bpp - 1]
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    try:
        image = Image.frombytes(mode, (row // bpp, height), bytes(data), "zip", mode)
    except (ValueError, OSError) as e:
        raise PictureError(f"damaged PNG: {e}", remedy="Fetch the file again", file=name) from e
    return samples_of(image).reshape(height, row)


def unfilter(data: U8, height: int, row: int, bpp: int, name: str | None) -> U8:
    """Rows of bytes (height, row) from filtered rows, each after its filter's number; ``bpp`` bytes a pixel."""
    lines = data.reshape(height, row + 1)
    kinds = lines[:, 0]
    if int(kinds.max()) > 4:
        raise PictureError("damaged PNG: a row has an unknown filter", remedy="Fetch the file again", file=name)
    width = row // bpp
    # A row above and a column to the left of zeros: what PNG says lies outside the picture.
    out = np.zeros((height + 1, width + 1, bpp), np.uint8)
    out[1:, 1:] = lines[:, 1:].reshape(height, width, bpp)
    serial = np.flatnonzero(kinds >= 3)
    first, last = (int(serial[0]), int(serial[-1]) + 1) if serial.size else (height, height)
    for y in (*range(first), -1, *range(last, height)):
        if y < 0:
            _diagonals(out[first : last + 1], kinds[first:last])
            continue
        if kinds[y] == 1:
            np.add.accumulate(out[y + 1], axis=0, dtype=np.uint8, out=out[y + 1])
        elif kinds[y] == 2:
            out[y + 1] += out[y]
    return out[1:, 1:].reshape(height, row)


def _diagonals(out: U8, kinds: U8) -> None:
    """Undo all filters in place in ``out`` (rows + 1, width + 1, bpp), whose first row is final.

    Average and Paeth need left, above and above left, so the pixels x + y = d are independent of each other:
    one step a diagonal, and a diagonal is a slice with stride ``width`` of the flat pixels.
    """
    rows = kinds.shape[0]
    if not rows:
        return
    padded, bpp = out.shape[1], out.shape[2]
    width = padded - 1
    flat = out.reshape(-1, bpp)
    is_left, is_up, is_mean, is_paeth = ((kinds == k)[:, None] for k in (1, 2, 3, 4))
    for d in range(rows + width - 1):
        lo, hi = max(0, d - width + 1), min(rows, d + 1)  # rows of this diagonal; row y has pixel x = d - y
        n = hi - lo
        at = (lo + 1) * padded + (d - lo) + 1
        step = max(width, 1)
        stop = at + (n - 1) * step + 1
        a = flat[at - 1 : stop - 1 : step].astype(np.int16)
        b = flat[at - padded : stop - padded : step].astype(np.int16)
        c = flat[at - padded - 1 : stop - padded - 1 : step].astype(np.int16)
        bc, ac = b - c, a - c
        pa, pb, pc = np.abs(bc), np.abs(ac), np.abs(bc + ac)
        paeth = np.where((pa <= pb) & (pa <= pc), a, np.where(pb <= pc, b, c))
        guess = np.where(is_paeth[lo:hi], paeth, np.where(is_mean[lo:hi], (a + b) >> 1, 0))
        guess = np.where(is_left[lo:hi], a, np.where(is_up[lo:hi], b, guess))
        flat[at:stop:step] += guess.astype(np.uint8)
