"""TIFF files to pictures: unsigned integers of up to 16 bits in grey, RGB and palette, with unassociated alpha.

Strips and tiles are put together here, strictly; LZW, LZMA and zstd go through Pillow's libtiff strip by strip, as
bytes, so no sample depth is ever left to Pillow. Fax and JPEG strips of 1 and 8 bits are Pillow's as a whole. All
tags that do not describe the pixels become an "exif" record.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NeurocError, PictureError, UnsupportedPictureError
from ..limits import Limits
from ..picture import BITS, Picture, Record
from .frames import no_such_frame
from .ifd import Directory, Entry, block, longs, parse, serialise, shorts
from .packing import unpack
from .records import pair_record

# Tags that say how the pixels lie in the file or what they are; implied by the picture, so not kept.
STRUCTURE = frozenset(
    [254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 288, 289, 292, 293, 317, 320]
) | {322, 323, 324, 325, 330, 338, 339, 347}
_ICC, _XMP, _X, _Y, _UNIT = 34675, 700, 282, 283, 296
_LIBTIFF = (5, 34925, 50000)  # LZW, LZMA, zstd
_BYTEWISE = (1, 8, 32773, 32946, *_LIBTIFF)  # none, deflate, PackBits, old deflate
_INCHES = {2: Fraction(1), 3: Fraction(254, 100)}


@dataclass(frozen=True, slots=True)
class _Layout:
    width: int
    height: int
    bits: int
    samples: int
    mode: str
    white_is_zero: bool
    planar: bool
    compression: int
    predictor: int


def read_tiff(data: bytes, frame: int | None, limits: Limits, name: str | None) -> Picture:
    """Read a TIFF or BigTIFF file.

    Raises:
        PictureError, UnsupportedPictureError (with what to do), UsageError (no such page), LimitError.
    """
    pages = parse(data, name)
    if frame is None and (len(pages) > 1 or 330 in pages[0].entries):
        raise UnsupportedPictureError(
            f"a TIFF of {len(pages)} pages or with sub-pictures cannot be kept",
            remedy="Choose a page with --frame N",
            file=name,
        )
    if frame is not None and not 0 <= frame < len(pages):
        raise no_such_frame(frame, len(pages), name)
    page = pages[frame or 0]
    try:
        layout = _layout(page, limits, name)
        samples = _pixels(data, page, layout, frame or 0, name)
        records = _records(page, layout, name)
    except (ValueError, KeyError, IndexError, OverflowError, zlib.error) as e:
        raise PictureError(f"damaged TIFF ({e})", remedy="Fetch the file again", file=name) from e
    if layout.white_is_zero:
        samples = samples.dtype.type((1 << layout.bits) - 1) - samples
    return Picture(np.ascontiguousarray(samples), layout.mode, layout.bits, tuple(records))


def _refuse(what: str, remedy: str, name: str | None) -> UnsupportedPictureError:
    return UnsupportedPictureError(f"a TIFF with {what} cannot be kept exactly", remedy=remedy, file=name)


def _layout(page: Directory, limits: Limits, name: str | None) -> _Layout:
    """What the tags say the pixels are, checked before anything is decoded."""

    def one(tag: int, default: int) -> int:
        return page.integers(tag, (default,))[0]

    width, height = one(256, 0), one(257, 0)
    if width <= 0 or height <= 0:
        raise PictureError(f"the TIFF states an impossible size, {width}x{height}", file=name)
    limits.check_pixels(width, height, name)
    samples, photometric = one(277, 1), one(262, 1)
    depths, kinds = set(page.integers(258, (1,))), set(page.integers(339, (1,)))
    if kinds != {1}:
        raise _refuse("float or signed samples", "Convert it to unsigned 8 or 16 bits first", name)
    colours = {0: "grey", 1: "grey", 2: "RGB", 3: "palette"}
    if photometric not in colours:
        names = {
            4: "a mask",
            5: "CMYK pixels",
            6: "YCbCr pixels",
            8: "Lab pixels",
            9: "Lab pixels",
            32803: "raw pixels",
        }
        raise _refuse(names.get(photometric, f"photometric {photometric}"), "Convert it to RGB or grey first", name)
    base = 3 if photometric == 2 else 1
    extra = page.integers(338, (0,) * (samples - base))
    if samples == base + 1 and extra[:1] == (1,):
        raise _refuse("associated (premultiplied) alpha", "Convert it to unassociated alpha first", name)
    if samples != base and (samples != base + 1 or extra[:1] != (2,) or photometric == 3):
        raise _refuse(
            f"{samples} samples per pixel of which some are not colour or unassociated alpha",
            "Remove the extra channels first",
            name,
        )
    bits = depths.pop()
    mode = {1: "L", 2: "LA"}[samples] if base == 1 else {3: "RGB", 4: "RGBA"}[samples]
    mode = "P" if photometric == 3 else "1" if (mode, bits) == ("L", 1) else mode
    if depths or bits not in BITS[mode]:
        raise _refuse(f"{bits} bits per sample", "Convert it to unsigned 8 or 16 bits first", name)
    compression = one(259, 1)
    predictor = one(317, 1) if compression in (5, 8, 32946, 34925, 50000) else 1
    return _Layout(
        width, height, bits, samples, mode, photometric == 0, samples > 1 and one(284, 1) == 2, compression, predictor
    )


def _pixels(data: bytes, page: Directory, lay: _Layout, index: int, name: str | None) -> NDArray[Any]:
    """Samples (H, W, C) as the file has them."""
    tiled = 322 in page.entries
    tw, th = (
        (page.integers(322)[0], page.integers(323)[0]) if tiled else (lay.width, page.integers(278, (lay.height,))[0])
    )
    th = th if tiled else min(th, lay.height)
    if tw <= 0 or th <= 0 or tw > 2 * lay.width + 4096 or th > 2 * lay.height + 4096:
        raise ValueError(f"segments of {tw}x{th}")
    if tw * th > 2 * lay.width * lay.height + (1 << 24):  # a column of tiles far wider than the picture
        raise ValueError(f"segments of {tw}x{th}")
    across, down = -(-lay.width // tw), -(-lay.height // th)
    planes, channels = (lay.samples, 1) if lay.planar else (1, lay.samples)
    offsets, sizes = (page.integers(tag, most=across * down * planes) for tag in ((324, 325) if tiled else (273, 279)))
    if len(sizes) == 0 and lay.compression == 1 and across * down * planes == 1:
        sizes = (len(data) - offsets[0],)  # old writers leave the byte count of a single strip out
    if len(offsets) != across * down * planes or len(sizes) != len(offsets):
        raise ValueError(f"{len(offsets)} segments where {across * down * planes} are needed")
    if any(s == 0 or o + s > len(data) for o, s in zip(offsets, sizes, strict=True)):
        raise ValueError("the file is truncated")
    if sum(sizes) > 16 * len(data) + (1 << 24):  # some writers store equal segments once
        raise ValueError("its segments overlap")
    big = data[:2] == b"MM"
    if lay.compression not in _BYTEWISE or page.integers(266, (1,))[0] != 1 or lay.predictor not in (1, 2):
        return _foreign(data, lay, index, name)
    row = -(-tw * channels * lay.bits // 8)
    out = np.empty((lay.height, lay.width, lay.samples), np.uint16 if lay.bits == 16 else np.uint8)
    for i, (offset, size) in enumerate(zip(offsets, sizes, strict=True)):
        plane, place = divmod(i, across * down)
        y, x = place // across * th, place % across * tw
        rows = th if tiled else min(th, lay.height - y)
        raw = _decompress(data[offset : offset + size], lay.compression, rows, row, name)
        lines = np.frombuffer(raw, np.uint8).reshape(rows, row)
        part = unpack(lines, tw, channels, lay.bits)
        if lay.bits == 16 and not big:
            part = part.byteswap()
        if lay.predictor == 2:
            part = np.add.accumulate(part, axis=1, dtype=part.dtype)
        h, w = min(th, lay.height - y), min(tw, lay.width - x)
        where = slice(plane, plane + 1) if lay.planar else slice(None)
        out[y : y + h, x : x + w, where] = part[:h, :w]
    return out


def _decompress(raw: bytes, compression: int, rows: int, row: int, name: str | None) -> bytes:
    """Exactly ``rows * row`` bytes of a segment."""
    size = rows * row
    if compression == 32773:
        raw = _packbits(raw, size)
    elif compression in _LIBTIFF:
        raw = _through_libtiff(raw, compression, rows, row, name)
    elif compression != 1:
        engine = zlib.decompressobj()
        raw = engine.decompress(raw, size + 1)
        if not engine.eof:
            raise ValueError("a strip is truncated or too long")
    if len(raw) < size:
        raise ValueError("a strip is truncated")
    return raw[:size]


def _through_libtiff(raw: bytes, compression: int, rows: int, row: int, name: str | None) -> bytes:
    """The bytes of one segment, wrapped into a grey 8-bit TIFF whose pixels are those bytes."""
    from .pillow import opened, samples_of

    at = 8 + len(raw) + (len(raw) & 1)
    small = Directory({256: longs(row), 257: longs(rows), 258: shorts(8), 259: shorts(compression), 262: shorts(1)})
    small.entries |= {273: longs(8), 277: shorts(1), 278: longs(rows), 279: longs(len(raw))}
    file = b"".join((b"II*\0", struct.pack("<I", at), raw, bytes(len(raw) & 1), serialise(small, at)))
    try:
        with opened(file, "TIFF", name) as image:
            return samples_of(image).tobytes()
    except PictureError as e:
        raise PictureError(
            f"a strip of compression {compression} is damaged, or this Pillow lacks the compression",
            remedy="Fetch the file again, or save it uncompressed or with deflate",
            file=name,
        ) from e


def _packbits(raw: bytes, size: int) -> bytes:
    out, at = bytearray(), 0
    while len(out) < size and at < len(raw):
        n = raw[at]
        at += 1
        if n < 128:
            out += raw[at : at + n + 1]
            at += n + 1
        elif n > 128:
            out += raw[at : at + 1] * (257 - n)
            at += 1
    return bytes(out)


def _foreign(data: bytes, lay: _Layout, index: int, name: str | None) -> NDArray[Any]:
    """Compressions that know pixels (fax, JPEG), through Pillow where its mode has all the bits."""
    if lay.bits == 8 or lay.mode == "1":
        from .pillow import opened, samples_of

        try:
            with opened(data, "TIFF", name) as image:
                image.seek(index)
                if image.mode == lay.mode and image.size == (lay.width, lay.height):
                    samples = samples_of(image)
                    # Pillow has already undone WhiteIsZero.
                    return samples if not lay.white_is_zero else np.uint8((1 << lay.bits) - 1) - samples
        except NeurocError:
            pass
    raise UnsupportedPictureError(
        f"the compression {lay.compression} of this TIFF cannot be read here",
        remedy="Save the TIFF uncompressed or with deflate",
        file=name,
    )


def _records(page: Directory, lay: _Layout, name: str | None) -> list[Record]:
    entries = dict(page.entries)
    records = []
    if lay.mode == "P":
        records.append(Record("palette", _palette(entries[320], lay.bits, name)))
    if icc := entries.pop(_ICC, None):
        records.append(Record("icc", icc.data))
    if xmp := entries.pop(_XMP, None):
        records.append(Record("xmp", xmp.data))
    records += _resolution(entries)
    kept = Directory({tag: entry for tag, entry in entries.items() if tag not in STRUCTURE})
    if kept.entries:
        records.append(Record("exif", block(kept)))
    return records


def _resolution(entries: dict[int, Entry]) -> list[Record]:
    """A "dpi" or "aspect" record, its tags taken out of ``entries``; what is neither stays there as it is."""
    fx, fy = _rational(entries.get(_X)), _rational(entries.get(_Y))
    unit = entries.get(_UNIT)
    code = unit.integers()[0] if unit and unit.count == 1 else 0 if unit else 2
    if not (fx and fy and code in (1, *_INCHES)):
        if _X not in entries and _Y not in entries:
            entries.pop(_UNIT, None)  # the unit of nothing
        return []
    for tag in (_X, _Y, _UNIT):
        entries.pop(tag, None)
    if code in _INCHES:
        return [pair_record("dpi", fx * _INCHES[code], fy * _INCHES[code])]
    return [pair_record("aspect", fx, fy)] if fx != fy else []


def _rational(entry: Entry | None) -> Fraction | None:
    if entry is None or entry.kind != 5 or len(entry.data) != 8:
        return None
    over, under = int.from_bytes(entry.data[:4], "little"), int.from_bytes(entry.data[4:], "little")
    return Fraction(over, under) if over and under else None


def _palette(entry: Entry, bits: int, name: str | None) -> bytes:
    """RGB triplets of 8 bits from three planes of 16 bits."""
    if entry.count != 3 << bits:
        raise PictureError(f"the colour map of the TIFF has {entry.count} entries", file=name)
    planes = np.array(entry.integers(), np.uint16)
    high, low = planes >> 8, planes & 255
    if not (np.array_equal(high, low) or not low.any()):
        raise _refuse("a palette of 16-bit colours", "Convert it to RGB with 16 bits first", name)
    return high.astype(np.uint8).reshape(3, -1).T.tobytes()
