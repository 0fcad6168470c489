"""PNG chunks: a file into its header, compressed pixels and metadata records; nothing is decompressed here.

Implements the PNG part of SPEC section 6. Every chunk's CRC, order and length is checked.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from ..errors import PictureError, UnsupportedPictureError
from ..limits import Limits
from ..picture import Record

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BEFORE = "png."  # an ancillary chunk before the pixels; its place relative to PLTE is its place among the records
AFTER = "png.after."  # an ancillary chunk after the pixels
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


@dataclass(slots=True)
class PngParts:
    """A PNG file taken apart; ``idat`` are views into the file's bytes."""

    width: int
    height: int
    bits: int
    colour: int  # PNG's colour type: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA
    interlaced: bool
    records: list[Record] = field(default_factory=list)
    idat: list[memoryview] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """Samples per pixel."""
        return SAMPLES[self.colour]

    def chunk(self, kind: str) -> bytes | None:
        """The data of the first ancillary chunk of this kind before the pixels."""
        return next((r.data for r in self.records if r.key == BEFORE + kind), None)


def parse(data: bytes, limits: Limits, name: str | None) -> PngParts:
    """Take a PNG file apart.

    Raises:
        PictureError: the file is damaged (with the offset of the chunk); LimitError: too many pixels;
        UnsupportedPictureError: an unknown critical chunk.
    """
    view = memoryview(data)
    if not data.startswith(SIGNATURE):
        raise PictureError("not a PNG file", file=name)
    parts: PngParts | None = None
    at, palette, ended_pixels = len(SIGNATURE), False, False
    while True:
        kind, body, after = _chunk(view, at, name)
        if parts is None:
            if kind != b"IHDR":
                raise PictureError("the first chunk of the PNG is not IHDR", file=name, offset=at)
            parts = _header(body, name)
            limits.check_pixels(parts.width, parts.height, name)
            limits.check_steps(parts.width + parts.height, name)  # row filters are undone diagonal by diagonal
        elif kind == b"IDAT":
            if ended_pixels:
                raise PictureError("the IDAT chunks of the PNG are not consecutive", file=name, offset=at)
            parts.idat.append(body)
        elif kind == b"IEND":
            if after < len(data):
                parts.records.append(Record("tail", data[after:]))
            break
        else:
            ended_pixels = bool(parts.idat)
            if kind == b"PLTE":
                if palette or ended_pixels or not 3 <= len(body) <= 768 or len(body) % 3:
                    raise PictureError("the PLTE chunk of the PNG is misplaced or malformed", file=name, offset=at)
                palette = True
                parts.records.append(Record("palette", bytes(body)))
            elif kind == b"IHDR":
                raise PictureError("the PNG has two IHDR chunks", file=name, offset=at)
            elif not kind[0] & 32:
                raise UnsupportedPictureError(
                    f"the PNG has an unknown critical chunk {kind.decode('ascii')}",
                    remedy="Save it as an ordinary PNG first",
                    file=name,
                    offset=at,
                )
            else:
                place = AFTER if ended_pixels else BEFORE
                parts.records.append(Record(place + kind.decode("ascii"), bytes(body)))
                limits.check_records(len(parts.records), name)
        at = after
    if not parts.idat:
        raise PictureError("the PNG has no pixels (no IDAT chunk)", file=name)
    if parts.colour == 3 and not palette:
        raise PictureError("the PNG has palette colour but no PLTE chunk", file=name)
    return parts


def _chunk(view: memoryview, at: int, name: str | None) -> tuple[bytes, memoryview, int]:
    """(type, data, offset of the next chunk) of the chunk at ``at``."""
    if at + 12 > len(view):
        raise PictureError("the PNG is truncated", remedy="Fetch the file again", file=name, offset=at)
    size = struct.unpack_from(">I", view, at)[0]
    kind = bytes(view[at + 4 : at + 8])
    if not (kind.isalpha() and kind.isascii()):
        raise PictureError("damaged PNG: not a chunk type", remedy="Fetch the file again", file=name, offset=at)
    end = at + 8 + size
    if end + 4 > len(view):
        raise PictureError("the PNG is truncated", remedy="Fetch the file again", file=name, offset=at)
    if zlib.crc32(view[at + 4 : end]) != struct.unpack_from(">I", view, end)[0]:
        raise PictureError(
            f"damaged PNG: the checksum of chunk {kind.decode('ascii')} is wrong",
            remedy="Fetch the file again",
            file=name,
            offset=at,
        )
    return kind, view[at + 8 : end], end + 4


def _header(body: memoryview, name: str | None) -> PngParts:
    if len(body) != 13:
        raise PictureError("the IHDR chunk of the PNG does not have 13 bytes", file=name, offset=8)
    width, height, bits, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31):
        raise PictureError(f"the PNG states an impossible size, {width}x{height}", file=name, offset=8)
    if bits not in DEPTHS.get(colour, ()):
        raise PictureError(f"the PNG states colour type {colour} with {bits} bits", file=name, offset=8)
    if compression or filtering or interlace > 1:
        raise PictureError("the PNG states an unknown compression, filter or interlace method", file=name, offset=8)
    return PngParts(width, height, bits, colour, bool(interlace))


def join(kind: bytes, data: bytes | memoryview) -> bytes:
    """One chunk with its length and CRC."""
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))))
