"""Metadata comes back verbatim and in order, and cannot be used to exhaust memory."""

from __future__ import annotations

import struct
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroc import canonical
from neuroc.errors import CorruptFileError, LimitError
from neuroc.limits import MAX_RECORDS, Limits
from neuroc.metadata import pack_metadata, unpack_metadata
from neuroc.picture import Record

records = st.lists(
    st.builds(Record, st.text(min_size=1, max_size=20), st.binary(max_size=60) | st.just(b"exif" * 500)),
    min_size=1,
    max_size=8,
)


@given(records)
@settings(max_examples=60, deadline=None)
def test_records_come_back_in_order(found: list[Record]) -> None:
    assert unpack_metadata(pack_metadata(found)) == tuple(found)


def test_no_records_are_no_bytes() -> None:
    assert pack_metadata([]) == b""


def test_metadata_is_compressed_only_if_that_pays() -> None:
    assert pack_metadata([Record("a", b"b")]) == bytes(4) + canonical.pack([["a", b"b"]])
    assert len(pack_metadata([Record("a", bytes(10**5))])) < 100


def frame(plain: bytes, size: int | None = None, **options: Any) -> bytes:
    packed = zstandard.ZstdCompressor(**options).compress(plain)
    return struct.pack("<I", len(plain) if size is None else size) + packed


PLAIN = canonical.pack([["exif", bytes(1000)]])


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0\0\0",
        bytes(4),
        bytes(4) + canonical.pack([]),
        bytes(4) + canonical.pack({}),
        bytes(4) + canonical.pack([["key"]]),
        bytes(4) + canonical.pack([["", b"x"]]),
        bytes(4) + canonical.pack([["k" * 256, b"x"]]),
        bytes(4) + canonical.pack([[b"k", b"x"]]),
        bytes(4) + canonical.pack([["k", "x"]]),
        bytes(4) + canonical.pack([["k", b"x"]]) + b"\0",
        frame(PLAIN, len(PLAIN) + 1),
        frame(PLAIN, len(PLAIN) - 1),
        frame(PLAIN) + b"\0",
        frame(PLAIN)[:-1],
        frame(PLAIN, write_content_size=False),
        frame(PLAIN[:-1]),
        struct.pack("<I", len(PLAIN)) + PLAIN,
        struct.pack("<I", len(PLAIN)),
        struct.pack("<I", 8) + bytes.fromhex("502A4D1804000000") + bytes(4),
    ],
)
def test_what_pack_metadata_cannot_have_written_is_refused(payload: bytes) -> None:
    with pytest.raises(CorruptFileError) as caught:
        unpack_metadata(payload, file="a.nrc", offset=50)
    assert caught.value.file == "a.nrc"


def test_a_bomb_is_refused_before_it_is_decompressed() -> None:
    bomb = frame(bytes(2**24))
    with pytest.raises(LimitError, match="metadata"):
        unpack_metadata(bomb, limits=Limits(metadata=2**20), file="a.nrc")
    lying = struct.pack("<I", 100) + bomb[4:]
    with pytest.raises(CorruptFileError, match="16777216"):
        unpack_metadata(lying, limits=Limits(metadata=2**20))


def test_many_tiny_values_are_refused() -> None:
    many = canonical.pack([[]] * (3 * MAX_RECORDS + 1))
    with pytest.raises(CorruptFileError, match="too many"):
        unpack_metadata(frame(many))


@pytest.mark.parametrize("found", [[Record("", b"")], [Record("é" * 128, b"")], [Record("k", b"")] * (MAX_RECORDS + 1)])
def test_what_no_reader_would_accept_is_not_written(found: list[Record]) -> None:
    with pytest.raises(LimitError):
        pack_metadata(found)


def test_the_limit_binds_the_writer_too() -> None:
    with pytest.raises(LimitError):
        pack_metadata([Record("k", bytes(100))], limits=Limits(metadata=100))
