"""Must-reject files that ask for more pixels, tiles, memory or time than a reader gives (SPEC section 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from neuroc.tiles import pack_index

from .assembly import join, preamble, split, with_fields
from .bases import causal, one_tile
from .entry import RejectEntry

SIDE = 1 << 14  # its square is the limit of pixels


def entries() -> Iterator[RejectEntry]:
    """All of them."""
    yield from pixels()
    yield from tiles()
    yield from memory()
    yield from steps()
    yield from broken()


def entry(name: str, error: str, about: str, make: Callable[[], bytes], *also: str, codec: str = "raw") -> RejectEntry:
    """One of them."""
    return RejectEntry(f"limit-{name}", codec, about, error, make, also)


def resized(base: bytes, width: int, height: int) -> bytes:
    """The chunks of a file under another size."""
    return join(preamble(width, height, base[18], base[19]), split(base))


def sized(width: int, height: int) -> bytes:
    """A file of one tile under another size."""
    return resized(one_tile(), width, height)


def of_tiles(base: bytes, side: int, tile: int, item: bytes) -> bytes:
    """A square picture in square tiles whose payloads are all ``item``."""
    count = (-(-side // tile)) ** 2
    head = split(with_fields(base, {6: tile if tile != 512 else None}))[0]
    index = pack_index([len(item)] * count, [0] * count)
    chunks = [head, (b"TIDX", index), *[(b"TILE", item)] * count, (b"DONE", b"")]
    return join(preamble(side, side, base[18], base[19]), chunks)


def pixels() -> Iterator[RejectEntry]:
    """More pixels than 2^28."""
    largest = 2**32 - 1
    for name, width, height in (
        ("pixels-largest", largest, largest),
        ("pixels-2-64-overflow", 1 << 31, 1 << 31),
        ("pixels-one-row", largest, 1),
        ("pixels-just-above", SIDE + 1, SIDE),
        ("pixels-32-bit-overflow", 1 << 16, 1 << 16),
    ):
        about = f"{width} x {height} pixels"
        yield entry(name, "limit", about, partial(sized, width, height))
    about = f"{largest} x {largest} pixels, and the file ends after the preamble"
    yield entry("pixels-preamble-alone", "limit", about, lambda: preamble(largest, largest, 4, 16), "truncated")


def tiles() -> Iterator[RejectEntry]:
    """More tiles than 2^16."""

    def one_pixel_tiles(side: int) -> Callable[[], bytes]:
        return lambda: resized(with_fields(one_tile(), {6: 1}), side, side)

    yield entry("tiles-of-one-pixel", "limit", "2^28 tiles of one pixel", one_pixel_tiles(SIDE), "corrupt")
    yield entry(
        "tiles-65792", "limit", "257 x 256 tiles", lambda: resized(with_fields(one_tile(), {6: 1}), 257, 256), "corrupt"
    )
    about = "65,536 tiles, as many as the limit allows, and none is there"
    yield entry("tiles-65536-missing", "corrupt", about, one_pixel_tiles(256))


def memory() -> Iterator[RejectEntry]:
    """Tiles whose decoding takes more than 2^32 bytes, in files that have next to none."""

    def tile(base: bytes) -> bytes:
        return resized(with_fields(base, {6: 2**31 - 1}), SIDE, SIDE)

    about = "one tile of 2^28 pixels for a network"
    yield entry("memory-network", "limit", about, lambda: tile(causal()), "stream", codec="causal59k")
    yield entry(
        "memory-serial",
        "limit",
        "one tile of 2^28 pixels, 2^28 steps",
        lambda: tile(causal(schedule="serial")),
        "stream",
        codec="causal59k",
    )
    about = "one tile of 2^28 pixels of four channels of 16 bits"
    yield entry("memory-raw", "limit", about, lambda: tile(one_tile("RGBA", 16)), "stream")


def steps() -> Iterator[RejectEntry]:
    """Hours of arithmetic: more sequential steps than 2^24, in files of a few hundred bytes a tile or less."""
    for name, side in (("hours-of-steps", SIDE), ("steps-just-above", 4097)):
        about = f"{side} x {side} pixels one after the other, in tiles of 512 whose streams have one byte"
        made = partial(of_tiles, causal(schedule="serial"), side, 512, b"\0\0")
        yield entry(name, "limit", about, made, "stream", codec="causal59k")


def broken() -> Iterator[RejectEntry]:
    """Sizes within the limits, over data that no decoder needs to look at for long."""
    about = "2^28 pixels in one tile; its only item has no bytes"
    yield entry("large-and-empty", "stream", about, lambda: of_one(one_tile("L", 8), b"\x01"))
    about = "2^28 pixels in one stored tile that has one byte"
    yield entry("large-and-short", "stream", about, lambda: of_one(one_tile("L", 8), b"\x01\x00\x00"))
    about = "2^28 pixels for a network, hours of arithmetic: 1,024 tiles whose streams have one byte"
    yield entry(
        "hours-of-odd-streams", "stream", about, lambda: of_tiles(causal(), SIDE, 512, b"\0\0"), codec="causal59k"
    )
    about = "2^28 pixels for a network, hours of arithmetic: 1,024 tiles whose streams have two words"
    words = b"\0" + b"\xff" * 8
    yield entry(
        "hours-of-short-streams", "stream", about, lambda: of_tiles(causal(), SIDE, 512, words), codec="causal59k"
    )


def of_one(base: bytes, item: bytes) -> bytes:
    """2^28 pixels in one tile."""
    head = split(with_fields(base, {6: 2**31 - 1}))[0]
    return join(preamble(SIDE, SIDE, base[18], base[19]), [head, (b"TILE", item), (b"DONE", b"")])
