"""Pictures to TIFF files: deflate strips, horizontal predictor, metadata in its tags."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction

import numpy as np

from ..errors import PictureError, UsageError
from ..picture import Picture
from .ifd import SUB_DIRECTORIES, Directory, Entry, longs, parse, serialise, shorts
from .packing import pack
from .records import colours, generic_records, pair, text
from .tiff import STRUCTURE

_PHOTOMETRIC = {"1": 1, "L": 1, "LA": 1, "RGB": 2, "RGBA": 2, "P": 3}
_TEXT_TAGS = {"Description": 270, "Comment": 270, "Title": 269, "Software": 305, "Author": 315, "Copyright": 33432}
_ONCE = {"icc": "icc", "xmp": "xmp", "exif": "exif", "dpi": "resolution", "aspect": "resolution"}  # the first stays
_STRIP = 1 << 18  # bytes before compression


def write_tiff(picture: Picture, level: int = 6) -> bytes:
    """The picture as a classic little-endian TIFF file.

    Raises:
        UsageError: a palette picture without a palette, or more than 4 GiB of file.
    """
    directory, _ = _plan(picture)
    samples, bits, channels = picture.samples, picture.bits, picture.channels
    if picture.mode == "P" and 320 not in directory.entries:
        raise UsageError("the palette picture has no palette", remedy='Add a Record("palette", RGB triplets)')
    predict = bits >= 8 and picture.mode != "P"
    row = -(-picture.width * channels * bits // 8)
    step = max(1, _STRIP // row)
    out, offsets, sizes, at = [], [], [], 8
    for y in range(0, picture.height, step):
        part = samples[y : y + step]
        if predict:
            part = np.concatenate((part[:, :1], part[:, 1:] - part[:, :-1]), axis=1)
        lines = pack(part.byteswap() if bits == 16 else part, bits)
        strip = zlib.compress(lines.tobytes(), level)
        out.append(strip)
        offsets.append(at)
        sizes.append(len(strip))
        at += len(strip)
    pad = bytes(at & 1)
    at += len(pad)
    entries = directory.entries
    entries[256], entries[257] = longs(picture.width), longs(picture.height)
    entries[258], entries[259] = shorts(*[bits] * channels), shorts(8)
    entries[262], entries[277], entries[278] = shorts(_PHOTOMETRIC[picture.mode]), shorts(channels), longs(step)
    if at < 1 << 32:
        entries[273], entries[279] = longs(*offsets), longs(*sizes)
    if predict:
        entries[317] = shorts(2)
    if picture.mode in ("LA", "RGBA"):
        entries[338] = shorts(2)
    if at + (1 << 26) >= 1 << 32:
        raise UsageError("the picture is too large for a TIFF file", remedy="Write PNG instead")
    return b"".join((b"II*\0", struct.pack("<I", at), *out, pad, serialise(directory, at)))


def unwritable_tiff(picture: Picture) -> list[str]:
    """Keys of the records that TIFF cannot hold, of texts with their keyword: some have a tag of their own."""
    return _plan(picture)[1]


def _plan(picture: Picture) -> tuple[Directory, list[str]]:
    """(the directory with all metadata, keys of the records that have no place)."""
    entries: dict[int, Entry] = {}
    lost: list[str] = []
    texts: list[tuple[str, str, str]] = []
    taken: set[str] = set()
    for record, generic in generic_records(picture.metadata):
        data = generic.data
        place = _ONCE.get(generic.key)
        if place in taken:
            lost.append(record.key)
            continue
        if place is not None and (place != "resolution" or pair(generic)):
            taken.add(place)
        if generic.key == "palette" and picture.mode == "P" and colours(generic):
            entries[320] = _colour_map(data, picture.bits)
        elif generic.key == "icc":
            entries[34675] = Entry(7, data)
        elif generic.key == "xmp":
            entries[700] = Entry(1, data)
        elif generic.key in ("dpi", "aspect") and (found := pair(generic)):
            entries[282], entries[283] = map(_rational, found)
            entries[296] = shorts(2 if generic.key == "dpi" else 1)
        elif generic.key == "text" and b"\0" not in text(generic)[1].encode():
            texts.append((*text(generic), record.key))
        elif generic.key == "exif":
            if problem := _merge(entries, data):
                lost.append(f"{record.key} ({problem})")
        else:
            lost.append(record.key)
    for keyword, value, key in texts:
        tag = _TEXT_TAGS.get(keyword)
        if tag is None or tag in entries:
            lost.append(f"{key} ({keyword})" if 0 < len(keyword) < 80 else key)
        else:
            entries[tag] = Entry(2, value.encode("utf-8") + b"\0")
    return Directory(entries), lost


def _merge(entries: dict[int, Entry], exif: bytes) -> str:
    """Take over the tags of an EXIF block; returns what of it has no place, "" if all of it does."""
    try:
        chain = parse(exif)
    except PictureError:
        return "damaged"
    for tag, entry in chain[0].entries.items():
        if tag in STRUCTURE or (tag in SUB_DIRECTORIES and entry.sub is None) or entry.kind in (16, 17, 18):
            continue
        entries.setdefault(tag, entry)
    return "its thumbnail" if len(chain) > 1 else ""


def _rational(value: Fraction) -> Entry:
    limit = (1 << 32) - 1
    if max(value.numerator, value.denominator) > limit:  # TIFF has 32 bits for each
        value = min(max(value, Fraction(1, limit)), Fraction(limit))
        value = value.limit_denominator(limit // max(1, -(-value.numerator // value.denominator)))
    return Entry(5, struct.pack("<II", value.numerator, value.denominator))


def _colour_map(palette: bytes, bits: int) -> Entry:
    table = np.zeros((1 << bits, 3), np.uint16)
    given = np.frombuffer(palette, np.uint8).reshape(-1, 3)[: 1 << bits]
    table[: given.shape[0]] = given.astype(np.uint16) * 257
    return shorts(*table.T.reshape(-1).tolist())
