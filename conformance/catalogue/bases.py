"""The sound files that the must-reject vectors are made from."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from neuroc.picture import CHANNELS, Picture, Record

from . import pictures as p
from .assembly import assemble, split
from .rawtile import raw_tile

RECORDS = (Record("text", b"Comment\0hello"), Record("icc", bytes(range(40))))


def picture(mode: str = "RGB", bits: int = 8, width: int = 7, height: int = 5) -> Picture:
    """A small picture, without metadata unless it needs a palette."""
    records = (Record("palette", p.GREYS[: 3 << min(bits, 4)]),) if mode == "P" else ()
    return p.picture(p.natural(height, width, CHANNELS[mode], bits), mode, bits, records)


@cache
def one_tile(mode: str = "RGB", bits: int = 8, **form: Any) -> bytes:
    """``raw``, one tile, stored."""
    return assemble(picture(mode, bits), raw_tile=partial(raw_tile, **form))


@cache
def four_tiles() -> bytes:
    """``raw``, 2 x 2 tiles, stored; of unequal length, because 7 and 5 are odd."""
    return assemble(picture(), raw_tile=raw_tile, tile=4)


@cache
def equal_tiles() -> bytes:
    """``raw``, 2 x 2 tiles of equal length."""
    return assemble(picture(width=8, height=6), raw_tile=raw_tile, tile=4)


@cache
def with_metadata() -> bytes:
    """``raw``, one tile, META without compression."""
    sound = picture()
    return assemble(Picture(sound.samples, "RGB", 8, RECORDS), raw_tile=raw_tile)


@cache
def causal(
    mode: str = "RGB", bits: int = 8, coder: str = "rans24", tile: int = 512, schedule: str = "wavefront"
) -> bytes:
    """``causal59k``, 7 x 5 pixels."""
    params: dict[str, object] = {"schedule": schedule} if schedule != "wavefront" else {}
    if bits == 16:
        params["unit"] = 4
    return assemble(picture(mode, bits), "causal59k", params=params, coder=coder, tile=tile, raw_tile=raw_tile)


def payload(data: bytes, kind: bytes, number: int = 0) -> bytes:
    """The payload of a chunk of a sound file."""
    return [content for k, content in split(data) if k == kind][number]


def offset(data: bytes, kind: bytes, number: int = 0) -> int:
    """Where a chunk of a sound file begins."""
    pos = 24
    for k, content in split(data):
        if k == kind:
            if number == 0:
                return pos
            number -= 1
        pos += 12 + len(content)
    raise ValueError(f"no chunk {kind!r}")


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    """``data`` with one bit changed; its checksums stay as they were."""
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)
