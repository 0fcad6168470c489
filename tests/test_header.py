"""A header has one spelling; what it cannot have been written as is refused, and what is newer says so."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroc import canonical
from neuroc.chunks import Preamble
from neuroc.errors import HeaderError, TooNewError
from neuroc.header import MAX_HEADER_BYTES, Header
from neuroc.picture import BITS, CHANNELS

RGB = Preamble(5, 4, 3, 8)
PLAIN = Header(codec="causal59k", pixel_digest=bytes(range(16)), encoder="0.1.0", mode="RGB")
FIELDS: dict[int, Any] = {0: "causal59k", 7: bytes(range(16)), 8: "0.1.0"}

ids = st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True)
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=32)


@st.composite
def headers(draw: st.DrawFn) -> tuple[Header, Preamble]:
    mode = draw(st.sampled_from(sorted(CHANNELS)))
    build = draw(st.just("") | printable)
    header = Header(
        codec=draw(ids),
        pixel_digest=draw(st.binary(min_size=16, max_size=16)),
        encoder=draw(printable),
        mode=mode,
        bitstream=draw(st.integers(1, 2**32 - 1)),
        weights=tuple(draw(st.lists(st.binary(min_size=16, max_size=16), max_size=4, unique=True))),
        coder=draw(ids | st.just("rans24")),
        numerics="pinned" if build else "exact",
        params=draw(st.dictionaries(st.integers(0, 99), st.integers(-9, 99) | st.text(max_size=9) | st.booleans())),
        tile=draw(st.integers(1, 2**31 - 1)),
        build=build,
        extra=draw(st.dictionaries(st.integers(64, 300), st.integers(0, 9) | st.lists(st.text(max_size=3)))),
    )
    return header, Preamble(7, 9, CHANNELS[mode], draw(st.sampled_from(BITS[mode])))


@given(headers())
@settings(max_examples=60, deadline=None)
def test_headers_come_back(pair: tuple[Header, Preamble]) -> None:
    header, preamble = pair
    data = header.to_bytes(preamble)
    assert Header.from_bytes(data, preamble) == header
    assert Header.from_bytes(data, preamble).to_bytes(preamble) == data


def test_defaults_take_no_bytes() -> None:
    assert canonical.unpack(PLAIN.to_bytes(RGB), max_values=99) == FIELDS
    assert Header.from_bytes(canonical.pack(FIELDS), RGB) == PLAIN


@pytest.mark.parametrize(
    "change",
    [
        {1: 1},
        {2: []},
        {3: "rans24"},
        {4: "exact"},
        {5: {}},
        {6: 512},
        {9: []},
        {10: "RGB"},
        {11: ""},
    ],
)
def test_a_stated_default_is_refused(change: dict[int, Any]) -> None:
    with pytest.raises(HeaderError, match="states its default"):
        Header.from_bytes(canonical.pack(FIELDS | change), RGB)


@pytest.mark.parametrize(
    "change",
    [
        {0: "Causal"},
        {0: ""},
        {0: "a" * 33},
        {0: 5},
        {0: "raw\n"},
        {1: 0},
        {1: True},
        {1: -1},
        {2: [b"short"]},
        {2: [bytes([i] * 16) for i in range(5)]},
        {2: "text"},
        {2: ["sixteen letters.."]},
        {3: "RANS"},
        {4: "float"},
        {4: "pinned"},
        {11: "torch 2.13 cpu"},
        {4: "pinned", 11: "zeile\n"},
        {5: {0: b"bytes"}},
        {5: {-1: 4}},
        {5: [1]},
        {6: 0},
        {6: 2**31},
        {7: bytes(15)},
        {7: "0" * 16},
        {8: ""},
        {8: "x" * 33},
        {8: "0.1\x1b[2J"},
        {10: "L"},
        {10: "CMYK"},
        {10: "P"},
    ],
)
def test_a_field_out_of_its_range_is_refused(change: dict[int, Any]) -> None:
    with pytest.raises(HeaderError) as caught:
        Header.from_bytes(canonical.pack(FIELDS | change), RGB, file="a.nrc", offset=32)
    assert caught.value.file == "a.nrc"
    assert caught.value.offset == 32


@pytest.mark.parametrize("key", [0, 7, 8])
def test_a_missing_field_is_refused(key: int) -> None:
    with pytest.raises(HeaderError, match="missing"):
        Header.from_bytes(canonical.pack({k: v for k, v in FIELDS.items() if k != key}), RGB)


@pytest.mark.parametrize("change", [{12: 1}, {63: "x"}, {9: ["deltas"]}, {9: ["deltas"], 0: "CODEC"}])
def test_what_only_a_later_version_can_have_written_is_called_too_new(change: dict[int, Any]) -> None:
    with pytest.raises(TooNewError, match="newer neuroc-codec"):
        Header.from_bytes(canonical.pack(FIELDS | change), RGB)


def test_ancillary_fields_are_kept_but_mean_nothing() -> None:
    header = Header.from_bytes(canonical.pack(FIELDS | {64: {1: ["x"]}}), RGB)
    assert header.extra == {64: {1: ["x"]}}
    assert dataclasses.replace(header, extra={}) == PLAIN


@pytest.mark.parametrize(
    ("mode", "channels", "bits"), [("1", 1, 8), ("L", 1, 1), ("P", 1, 16), ("LA", 2, 4), ("RGB", 3, 2), ("RGBA", 3, 8)]
)
def test_mode_channels_and_bits_must_agree(mode: str, channels: int, bits: int) -> None:
    with pytest.raises(HeaderError):
        dataclasses.replace(PLAIN, mode=mode).to_bytes(Preamble(5, 4, channels, bits))


@pytest.mark.parametrize("payload", [b"", b"\x90", b"\x05", b"\xc0", b"\x81\x00", canonical.pack(FIELDS) + b"\0"])
def test_what_is_not_one_canonical_map_is_refused(payload: bytes) -> None:
    with pytest.raises(HeaderError):
        Header.from_bytes(payload, RGB)


def test_a_huge_header_is_refused_unread() -> None:
    with pytest.raises(HeaderError, match="above"):
        Header.from_bytes(bytes(MAX_HEADER_BYTES + 1), RGB)
    with pytest.raises(HeaderError, match="above"):
        dataclasses.replace(PLAIN, extra={64: bytes(MAX_HEADER_BYTES)}).to_bytes(RGB)
