"""Unit vectors of what is made of bytes: msgpack, header, metadata, lengths, tiles, digests (SPEC 1, 4, 5, 6)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from .. import canonical
from ..chunks import Preamble
from ..digests import digest, pixel_digest, tile_crc
from ..errors import HeaderError, NeurocError, StreamError
from ..header import Header
from ..metadata import unpack_metadata
from ..tiles import leb128 as write_leb128
from ..tiles import read_leb128, tile_grid

Document = Mapping[str, Any]


def msgpack(document: Document) -> Iterator[str]:
    """Canonical spellings and their values, in both directions; spellings that are refused."""

    def read(case: Document) -> Any:
        return canonical.unpack(bytes.fromhex(case["bytes"]), max_values=1 << 16)

    for case in document["accepted"]:
        value = _plain(case["value"])
        try:
            if not _equal(read(case), value):
                yield f"{case['bytes']} is read as {read(case)!r}, not {value!r}"
        except HeaderError as error:
            yield f"{case['bytes']} is refused: {error}"
        if canonical.pack(value).hex() != case["bytes"]:
            yield f"{value!r} is written as {canonical.pack(value).hex()}, not {case['bytes']}"
    yield from _refused(document, read)


def _plain(value: Any) -> Any:
    """A value of msgpack from its JSON: {"int": decimal}, {"bin": hex}, {"map": [[key, value], ...]}."""
    match value:
        case {"int": text}:
            return int(text)
        case {"bin": text}:
            return bytes.fromhex(text)
        case {"map": pairs}:
            return {_plain(k): _plain(v) for k, v in pairs}
        case list():
            return [_plain(v) for v in value]
    return value


def _equal(a: Any, b: Any) -> bool:
    """Equality that keeps true and 1 apart."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(_equal(a[k], b[k]) for k in a)
    return bool(a == b)


def header(document: Document) -> Iterator[str]:
    """Payloads of HEAD with what they say, and payloads that are refused."""

    def read(case: Document) -> Header:
        preamble = Preamble(1, 1, case["channels"], case["bits"])
        return Header.from_bytes(bytes.fromhex(case["payload"]), preamble)

    for case in document["accepted"]:
        try:
            found = read(case)
        except NeurocError as error:
            yield f"{case['name']}: is refused: {error}"
            continue
        stated = {k: _plain(v) for k, v in case["fields"].items()}
        known = {f.name: getattr(found, f.name) for f in fields(Header)}
        for name, value in stated.items():
            seen = list(known[name]) if isinstance(known[name], tuple) else known[name]
            if not _equal(dict(seen) if isinstance(seen, Mapping) else seen, value):
                yield f"{case['name']}: {name} is {seen!r}, not {value!r}"
        if (written := found.to_bytes(Preamble(1, 1, case["channels"], case["bits"])).hex()) != case["payload"]:
            yield f"{case['name']}: is written as {written}"
    yield from _refused(document, read)


def metadata(document: Document) -> Iterator[str]:
    """Payloads of META with their records, and payloads that are refused."""

    def read(case: Document) -> list[list[str]]:
        return [[r.key, r.data.hex()] for r in unpack_metadata(bytes.fromhex(case["payload"]))]

    for case in document["accepted"]:
        try:
            if (found := read(case)) != case["records"]:
                yield f"{case['name']}: the records are {found}"
        except NeurocError as error:
            yield f"{case['name']}: is refused: {error}"
    yield from _refused(document, read)


def _refused(document: Document, read: Callable[[Document], Any]) -> Iterator[str]:
    """The cases that must raise their error."""
    for case in document["refused"]:
        try:
            read(case)
        except NeurocError as error:
            if error.code != case["error"]:
                yield f"{case['name']}: is refused with {error.code}, not {case['error']}"
        else:
            yield f"{case['name']}: is accepted"


def leb128(document: Document) -> Iterator[str]:
    """Lengths and their bytes; bytes that are no length."""
    for case in document["accepted"]:
        data = bytes.fromhex(case["bytes"])
        if write_leb128(case["value"]) != data:
            yield f"{case['value']} is written as {write_leb128(case['value']).hex()}, not {case['bytes']}"
        try:
            if read_leb128(memoryview(data + b"\x80")) != (case["value"], len(data)):
                yield f"{case['bytes']} is read as {read_leb128(memoryview(data))}"
        except StreamError as error:
            yield f"{case['bytes']} is refused: {error}"
    yield from _refused(document, lambda case: read_leb128(memoryview(bytes.fromhex(case["bytes"]))))


def tiles(document: Document) -> Iterator[str]:
    """Grids: columns, rows, and the rectangles of some or all tiles as [number, x, y, width, height]."""
    for case in document["cases"]:
        grid = tile_grid(case["width"], case["height"], case["tile"])
        if [grid.columns, grid.rows] != [case["columns"], case["rows"]]:
            yield f"{case['width']}x{case['height']} by {case['tile']}: {grid.columns} columns, {grid.rows} rows"
            continue
        for number, *box in case["tiles"]:
            if list(grid[number]) != box:
                yield f"{case['width']}x{case['height']} by {case['tile']}: tile {number} is {list(grid[number])}"


def digests(document: Document) -> Iterator[str]:
    """CRC-32, digests of bytes, and pixel digests with the CRC-32 of the same samples."""
    for case in document["bytes"]:
        data = bytes.fromhex(case["bytes"])
        if [f"{zlib.crc32(data):08x}", digest(data).hex()] != [case["crc32"], case["digest"]]:
            yield f"{case['bytes']}: other checksums"
    for case in document["pixels"]:
        shape = (case["height"], case["width"], case["channels"])
        samples = np.frombuffer(bytes.fromhex(case["samples"]), dtype="<u2" if case["bits"] == 16 else "u1")
        x = samples.astype(np.uint16 if case["bits"] == 16 else np.uint8).reshape(shape)
        found = pixel_digest(x, case["mode"], case["bits"]).hex()
        if [found, f"{tile_crc(x):08x}"] != [case["digest"], case["crc32"]]:
            yield f"{case['mode']} of {case['bits']} bits: {found}, {tile_crc(x):08x}"
