"""Tiles cover a picture once, plane groups cover its channels once, and their bytes have one spelling."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroc.digests import digest, pixel_digest, tile_crc
from neuroc.errors import CorruptFileError, StreamError
from neuroc.picture import CHANNELS
from neuroc.tiles import (
    Box,
    Group,
    leb128,
    pack_groups,
    pack_index,
    plane_groups,
    read_leb128,
    tile_grid,
    unpack_groups,
    unpack_index,
)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_tiles_cover_every_pixel_once_and_are_even(width: int, height: int, tile: int) -> None:
    grid = tile_grid(width, height, tile)
    seen = np.zeros((height, width), dtype=np.int64)
    for box in grid:
        assert 1 <= box.width <= tile
        assert 1 <= box.height <= tile
        seen[box.y : box.y + box.height, box.x : box.x + box.width] += 1
    assert (seen == 1).all()
    assert max(b.width for b in grid) - min(b.width for b in grid) <= 1
    assert max(b.height for b in grid) - min(b.height for b in grid) <= 1


@given(st.data(), st.integers(1, 40), st.integers(1, 40), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_a_region_needs_the_tiles_that_it_touches(data: st.DataObject, width: int, height: int, tile: int) -> None:
    grid = tile_grid(width, height, tile)
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    w, h = data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y))
    touching = [
        i for i, b in enumerate(grid) if b.x < x + w and x < b.x + b.width and b.y < y + h and y < b.y + b.height
    ]
    assert grid.touching(Box(x, y, w, h)) == touching


def test_a_grid_of_any_size_costs_nothing() -> None:
    grid = tile_grid(2**32 - 1, 2**32 - 1, 2**16)
    assert grid.columns * grid.rows == 2**32
    assert grid[2**32 - 1] == Box(65535 * (2**32 - 1) // 2**16, 65535 * (2**32 - 1) // 2**16, 65536, 65536)
    with pytest.raises(IndexError):
        grid[2**32]


@pytest.mark.parametrize("mode", CHANNELS)
def test_plane_groups_cover_the_channels_in_order(mode: str) -> None:
    groups = plane_groups(mode)
    assert [c for g in groups for c in range(g.first, g.first + g.count)] == list(range(CHANNELS[mode]))


def test_alpha_is_a_group_of_its_own() -> None:
    assert plane_groups("RGBA") == (Group(0, 3, "colour"), Group(3, 1, "alpha"))
    assert [g.kind for g in plane_groups("P") + plane_groups("1")] == ["indices", "indices"]


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=300)), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_groups_come_back(groups: list[tuple[int, bytes]]) -> None:
    found = unpack_groups(pack_groups(groups), len(groups))
    assert [(m, bytes(d)) for m, d in found] == groups


@pytest.mark.parametrize(
    ("payload", "count"),
    [("", 1), ("02 00", 1), ("00 05 61", 2), ("00", 2), ("00 01 61", 2), ("00 81 00 61 00", 2), ("00 80", 2)],
)
def test_bytes_that_are_no_groups_are_refused(payload: str, count: int) -> None:
    with pytest.raises(StreamError):
        unpack_groups(bytes.fromhex(payload), count)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_leb128_comes_back(n: int) -> None:
    assert read_leb128(memoryview(leb128(n) + b"rest")) == (n, len(leb128(n)))


@pytest.mark.parametrize("data", ["", "80", "80 00", "ff ff ff ff 10", "ff ff ff ff ff 01", "81 80 00"])
def test_leb128_has_one_form(data: str) -> None:
    with pytest.raises(StreamError):
        read_leb128(memoryview(bytes.fromhex(data)))


def test_the_index_comes_back_and_must_fit() -> None:
    lengths, crcs = unpack_index(pack_index([1, 2**32 - 1], [7, 2**32 - 1]), 2)
    assert (lengths.tolist(), crcs.tolist()) == ([1, 2**32 - 1], [7, 2**32 - 1])
    with pytest.raises(CorruptFileError):
        unpack_index(bytes(8), 2)


def pixel_bytes(mode: str, bits: int, width: int, height: int, samples: bytes) -> bytes:
    return mode.encode().ljust(4, b"\0") + b"".join(n.to_bytes(4, "little") for n in (bits, width, height)) + samples


def test_the_pixel_digest_is_what_the_specification_says() -> None:
    samples = np.arange(2 * 3 * 3, dtype=np.uint16).reshape(2, 3, 3) * np.uint16(3000)
    stated = b"".join(int(v).to_bytes(2, "little") for v in samples.flat)
    assert pixel_digest(samples, "RGB", 16) == digest(pixel_bytes("RGB", 16, 3, 2, stated))
    assert pixel_digest(samples.astype(">u2"), "RGB", 16) == pixel_digest(samples, "RGB", 16)
    assert digest(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223"


def test_the_pixel_digest_tells_mode_bits_and_shape_apart() -> None:
    samples = np.zeros((2, 8, 1), dtype=np.uint8)
    found = {pixel_digest(samples, mode, bits) for mode, bits in (("L", 8), ("L", 4), ("P", 8), ("1", 1))}
    assert len(found | {pixel_digest(samples.reshape(8, 2, 1), "L", 8)}) == 5


def test_the_pixel_digest_of_a_picture_of_many_strips() -> None:
    samples = np.random.default_rng(1).integers(0, 256, (3000, 500, 3), dtype=np.uint8)
    assert pixel_digest(samples, "RGB", 8) == digest(pixel_bytes("RGB", 8, 500, 3000, samples.tobytes()))


def test_a_tile_is_summed_as_a_view_and_in_any_byte_order() -> None:
    samples = np.random.default_rng(2).integers(0, 65536, (40, 30, 3), dtype=np.uint16)
    tile = samples[3:17, 5:29]
    assert tile_crc(tile) == zlib.crc32(tile.astype("<u2").tobytes())
    assert tile_crc(tile.astype(">u2")) == tile_crc(tile)
