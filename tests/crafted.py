"""Files that no encoder writes but whose checksums are right: for what lies behind the CRCs."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from neuroc.container import build_file, parse
from neuroc.digests import tile_crc
from neuroc.errors import NeurocError
from neuroc.public import decode


def with_header(data: bytes, **fields: Any) -> bytes:
    """The same tiles under a header with other fields."""
    parsed = parse(data)
    picture = decode(data)
    tiles = [bytes(parsed.tile_payload(i)) for i in range(len(parsed.grid))]
    crcs = [tile_crc(picture.samples[b.y : b.y + b.height, b.x : b.x + b.width]) for b in parsed.grid]
    return build_file(parsed.preamble, replace(parsed.header, **fields), tiles, crcs, metadata=parsed.metadata())


def chunks(data: bytes) -> list[tuple[int, int]]:
    """(offset, length of the payload) of every chunk."""
    found, pos = [], 24
    while pos < len(data):
        length = int.from_bytes(data[pos + 4 : pos + 8], "little")
        found.append((pos, length))
        pos += 12 + length
    return found


def reseal(data: bytearray) -> bytes:
    """``data`` with the CRC-32 of the preamble and of each chunk computed anew."""
    data[20:24] = zlib.crc32(data[:20]).to_bytes(4, "little")
    for pos, length in chunks(bytes(data)):
        data[pos + 8 + length : pos + 12 + length] = zlib.crc32(data[pos : pos + 8 + length]).to_bytes(4, "little")
    return bytes(data)


def error_of(action: Callable[..., object], *arguments: object, **keywords: object) -> NeurocError | None:
    """The error of neuroc that the call raises, None if it raises nothing; anything else passes."""
    try:
        action(*arguments, **keywords)
    except NeurocError as error:
        return error
    return None
