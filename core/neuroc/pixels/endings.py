"""Where a picture ends in its file, for the formats that Pillow decodes: what follows is kept as a ``tail`` record.

Pillow has decoded or will decode the picture and says whether it is sound; a structure that cannot be followed here
ends with the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # any but stuffing, fill bytes and restarts
_EMPTY_FOOTER = bytes(8) + b"TRUEVISION-XFILE.\0"  # says only that this is version 2 of TGA


def tail(image: Image.Image, data: bytes, format: str) -> bytes:
    """The bytes behind the picture in the file ``data``; ``image`` is opened and not yet loaded."""
    if format == "JPEG":
        return data[_jpeg_end(data) :]
    if format == "GIF":
        return data[_gif_end(data) :]
    if format == "WEBP":
        size = int.from_bytes(data[4:8], "little")
        return data[8 + size + size % 2 :]
    tiles = getattr(image, "tile", ())  # what Pillow will decode: (decoder, box, offset in the file, arguments)
    if format == "TGA" and tiles:
        rest = data[_tga_end(data, tiles[0][2], tiles[0][0] == "tga_rle") :]
        return b"" if rest == _EMPTY_FOOTER else rest
    if format == "BMP" and tiles:
        decoder, _, start, (_, detail, _) = tiles[0]
        if decoder == "bmp_rle":
            return data[_bmp_runs_end(data, start, half=bool(detail)) :]
        return data[start + int(detail) * image.size[1] :]
    return b""


def _jpeg_end(data: bytes) -> int:
    """Offset behind the EOI marker: phones append whole files there."""
    at = 2
    while match := _MARKER.search(data, at):
        at = match.end()
        marker = data[at - 1]
        if marker == 0xD9:
            return at
        if marker != 0x01:  # all others have a length; after SOS the search runs over the coded data
            at += int.from_bytes(data[at : at + 2], "big")
    return len(data)


def _gif_end(data: bytes) -> int:
    """Offset behind the trailer."""

    def table(flags: int) -> int:
        return 3 << (flags & 7) + 1 if flags & 0x80 else 0

    at = 13 + table(data[10])
    while at < len(data) and (data[at] == 0x21 or (data[at] == 0x2C and at + 10 < len(data))):
        at += 2 if data[at] == 0x21 else 11 + table(data[at + 9])
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    return at + 1 if data[at : at + 1] == b";" else len(data)


def _tga_end(data: bytes, at: int, runs: bool) -> int:
    """Offset behind the pixels that start at ``at``."""
    width, height = (int.from_bytes(data[i : i + 2], "little") for i in (12, 14))
    bits = data[16]
    if not runs:
        return at + -(-width * bits // 8) * height
    left, size = width * height, bits // 8
    while left > 0 and at < len(data):
        count = (data[at] & 127) + 1
        at += 1 + (size if data[at] & 128 else count * size)
        left -= count
    return at


def _bmp_runs_end(data: bytes, at: int, half: bool) -> int:
    """Offset behind the end-of-bitmap code of run-length coded pixels, ``half`` a byte or one each."""
    while at + 2 <= len(data):
        count, value = data[at : at + 2]
        at += 2
        if count == 0 and value == 1:
            return at
        if count == 0 and value == 2:
            at += 2
        elif count == 0 and value > 2:
            literal = (value + 1) // 2 if half else value
            at += literal + literal % 2
    return len(data)
