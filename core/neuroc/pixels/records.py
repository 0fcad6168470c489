"""The metadata records that are not PNG chunks, and what PNG chunk each becomes (SPEC section 6)."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..picture import Record
from .chunks import BEFORE

XMP_KEYWORD = b"XML:com.adobe.xmp"
_RATIONAL = rb"0*[1-9][0-9]{0,18}(/0*[1-9][0-9]{0,18})?"
_PAIR = re.compile(_RATIONAL + b"( " + _RATIONAL + b")?")
_RATIO = 1040  # bytes that deflate makes of one, at most
_INCH = Fraction(254, 10000)  # metres
MAX_TEXT = 64 * 2**20  # bytes after decompression, of all records of a picture; more is not translated


def pair_record(key: str, x: Fraction, y: Fraction) -> Record:
    """A "dpi" or "aspect" record: two exact rationals in ASCII, the second absent where it is the same."""
    return Record(key, (f"{x}" if x == y else f"{x} {y}").encode("ascii"))


def pair(record: Record) -> tuple[Fraction, Fraction] | None:
    """The two positive rationals of a "dpi" or "aspect" record; None if it does not hold them."""
    if not _PAIR.fullmatch(record.data):
        return None
    x, _, y = record.data.decode("ascii").partition(" ")
    return Fraction(x), Fraction(y or x)


def colours(record: Record) -> bool:
    """Whether a "palette" record holds 1 to 256 RGB triplets: records of a .nrc file can hold anything."""
    return 3 <= len(record.data) <= 768 and len(record.data) % 3 == 0


def text_record(key: str, value: str) -> Record:
    """A "text" record: keyword, NUL, value, both in UTF-8."""
    return Record("text", f"{key}\0{value}".encode("utf-8", "surrogateescape"))


def text(record: Record) -> tuple[str, str]:
    """Keyword and value of a "text" record."""
    key, _, value = record.data.partition(b"\0")
    return key.decode("utf-8", "replace"), value.decode("utf-8", "replace")


def decoded(data: bytes) -> str:
    """Text of unstated encoding: UTF-8 if it is, else Latin-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def png_chunk(record: Record) -> tuple[bytes, bytes] | None:
    """(type, data) of the chunk that holds a generic record, or None if PNG has none for it."""
    data = record.data
    match record.key:
        case "icc":
            return b"iCCP", b"ICC profile\0\0" + zlib.compress(data, 9)
        case "exif":
            return b"eXIf", data
        case "xmp":
            return b"iTXt", XMP_KEYWORD + b"\0\0\0\0\0" + data
        case "dpi" | "aspect":
            found = pair(record)
            return found and _density(*found, metres=record.key == "dpi")
        case "text":
            return _text_chunk(*text(record))
    return None


def _density(fx: Fraction, fy: Fraction, metres: bool) -> tuple[bytes, bytes] | None:
    """A pHYs chunk: whole pixels per metre, or the ratio of the two."""
    scale = 1 / _INCH if metres else Fraction(fx.denominator * fy.denominator)
    x, y = int(fx * scale + Fraction(1, 2)), int(fy * scale + Fraction(1, 2))
    return (b"pHYs", struct.pack(">IIB", x, y, int(metres))) if 0 < x < 1 << 31 and 0 < y < 1 << 31 else None


def _text_chunk(key: str, value: str) -> tuple[bytes, bytes] | None:
    try:
        keyword = key.encode("latin-1")
    except UnicodeEncodeError:
        return None
    if not 0 < len(keyword) < 80 or "\0" in value:
        return None
    try:
        return b"tEXt", keyword + b"\0" + value.encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", keyword + b"\0\0\0\0\0" + value.encode("utf-8")


@dataclass(slots=True)
class Allowance:
    """How many bytes may still be decompressed; failed attempts count, or they would be free."""

    left: int


def generic_records(records: Sequence[Record]) -> Iterator[tuple[Record, Record]]:
    """Each record with the generic one that says the same, itself where there is none.

    Compressed chunks share ``MAX_TEXT``: a few megabytes of them could fill any memory.
    """
    allowance = Allowance(MAX_TEXT)
    for record in records:
        yield record, from_png_chunk(record, allowance) or record


def from_png_chunk(record: Record, allowance: Allowance | None = None) -> Record | None:
    """The generic record that says the same as an ancillary PNG chunk.

    None if there is none, if the chunk is damaged, or if it decompresses to more than the allowance.
    """
    allowance = allowance or Allowance(MAX_TEXT)
    kind, data = record.key[-4:], record.data
    if not record.key.startswith(BEFORE):
        return None
    try:
        match kind:
            case "iCCP":
                return Record("icc", _inflated(data[data.index(b"\0") + 2 :], allowance))
            case "eXIf":
                return Record("exif", data)
            case "pHYs":
                x, y, unit = struct.unpack(">IIB", data)
                if not (x and y):
                    return None
                return (
                    pair_record("dpi", x * _INCH, y * _INCH) if unit else pair_record("aspect", *map(Fraction, (x, y)))
                )
            case "tEXt":
                key, value = data.split(b"\0", 1)
                return text_record(key.decode("latin-1"), value.decode("latin-1"))
            case "zTXt":
                key, value = data.split(b"\0", 1)
                return text_record(key.decode("latin-1"), _inflated(value[1:], allowance).decode("latin-1"))
            case "iTXt":
                key, rest = data.split(b"\0", 1)
                _, _, value = rest[2:].split(b"\0", 2)
                value = _inflated(value, allowance) if rest[0] else value
                if key == XMP_KEYWORD:
                    return Record("xmp", value)
                return text_record(key.decode("latin-1"), value.decode("utf-8"))
    except (ValueError, IndexError, struct.error, zlib.error):
        return None
    return None


def _inflated(data: bytes, allowance: Allowance) -> bytes:
    engine = zlib.decompressobj()
    most = allowance.left
    allowance.left -= min(most, _RATIO * len(data))  # until it is known better: an error does not say how far it came
    out = engine.decompress(data, most + 1)  # 0 would mean no limit
    allowance.left = max(0, most - len(out))
    if not engine.eof or len(out) > most:
        raise ValueError("truncated or too large")
    return out
