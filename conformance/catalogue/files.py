"""The files that must decode: container, ``raw``, and what ends up in it (SPEC sections 2 to 6, 11)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from neuroc import canonical
from neuroc.picture import CHANNELS, Picture, Record

from . import pictures as p
from .assembly import assemble, edited, with_fields
from .entry import FileEntry, Made
from .rawtile import FILTERS, raw_tile

WHITE, RED = (255, 255, 255), (200, 30, 40)
PALETTE = Record("palette", p.GREYS)


def entries() -> Iterator[FileEntry]:
    """All of them."""
    yield from container()
    yield from metadata()
    yield from raw_filters()
    yield from raw_forms()
    yield from raw_modes()
    yield from raw_tiles()


def small() -> Picture:
    """7 x 5 pixels, RGB."""
    return p.picture(p.natural(5, 7, 3, 8), "RGB", 8)


def stored(picture: Picture, **options: Any) -> bytes:
    """A file of ``raw`` whose tiles are stored as they are, where the depth allows it without packing."""
    return assemble(picture, raw_tile=raw_tile, **options)


def entry(name: str, about: str, make: Any, zstd: bool = False, codec: str = "raw") -> FileEntry:
    """``make``: () -> (file, picture)."""
    return FileEntry(name, codec, about, make, zstd)


def of(picture: Picture, change: Any = None, **options: Any) -> Made:
    """A stored file of a picture, its bytes passed through ``change``."""
    data = stored(picture, **options)
    return Made(change(data) if change else data, picture)


def container() -> Iterator[FileEntry]:
    """Chunks and header fields that a reader must pass over or fill in."""
    note = (b"noTe", b"anything at all")
    yield entry("container-smallest", "one pixel, no optional field", lambda: of(p.picture(p.flat(1, 1, 1, 8), "L", 8)))
    yield entry(
        "container-spec-example",
        "the file of SPEC Appendix A, byte for byte",
        lambda: Made(bytes.fromhex(EXAMPLE), example_picture()),
    )
    yield entry(
        "container-ancillary-before-tile",
        "unknown ancillary chunks, one of them empty, two alike",
        lambda: of(small(), ancillary=[note, (b"empt", b""), note]),
    )
    yield entry(
        "container-ancillary-after-tile",
        "unknown ancillary chunks before DONE",
        lambda: of(small(), lambda d: edited(d, lambda c: c.__setitem__(slice(-1, -1), [note, note]))),
    )
    yield entry(
        "container-ancillary-of-several-tiles",
        "ancillary chunks before TIDX and after the last TILE",
        lambda: of(small(), lambda d: edited(d, lambda c: c.insert(-1, note)), ancillary=[note], tile=4),
    )
    yield entry(
        "container-ancillary-1024",
        "as many ancillary chunks as a file may have",
        lambda: of(small(), ancillary=[(b"tiny", b"")] * 1024),
    )
    extra = {64: "later", 65: [1, [2, {0: b"x"}]], 1000: {0: True}, 2**63: b"", 2**64 - 1: -(2**63)}
    yield entry(
        "container-ancillary-header-keys",
        "header keys from 64 up with values of every type",
        lambda: of(small(), extra=extra),
    )
    yield entry(
        "container-header-strings",
        "the longest encoder version, the largest tile size",
        lambda: of(small(), encoder="conformance 0123456789 !~{|}~ AZ", tile=2**31 - 1),
    )
    yield entry(
        "container-unused-weights-and-coder",
        "four digests of weights and a coder that nobody has, which no item needs",
        lambda: of(small(), weights=(bytes(16), bytes(16), b"\xff" * 16, bytes(range(16))), coder="no-such-coder"),
    )
    yield entry(
        "container-tile-parameter-1",
        "tile size 1: each pixel is a tile of its own",
        lambda: of(p.picture(p.noise(3, 5, 3, 8), "RGB", 8), tile=1),
    )
    yield entry(
        "container-header-field-9-after-64",
        "ancillary key with the value of a known default",
        lambda: of(small(), lambda d: with_fields(d, {64: 512, 70: []})),
    )


def metadata() -> Iterator[FileEntry]:
    """META plain and compressed, records of every shape."""
    records = (
        Record("text", b"Comment\0hello"),
        Record("text", b"Comment\0hello"),
        Record("png.gAMA", bytes.fromhex("0000b18f")),
        Record("png.after.tIME", bytes(7)),
        Record("a key that nobody knows \u00e9\u4e2d\U0001f600", b""),
        Record("k" * 255, bytes(range(256))),
    )
    plain = canonical.pack([[r.key, r.data] for r in records])

    def with_meta(payload: bytes, kept: tuple[Record, ...], **options: Any) -> Made:
        picture = small()
        data = edited(stored(picture, **options), lambda c: c.insert(1, (b"META", payload)))
        return Made(data, Picture(picture.samples, picture.mode, picture.bits, kept))

    yield entry("metadata-plain", "META without compression", lambda: with_meta(bytes(4) + plain, records))
    yield entry(
        "metadata-zstd",
        "META as a zstd frame",
        lambda: Made(stored(both := Picture(small().samples, "RGB", 8, (Record("icc", bytes(1000)), *records))), both),
        zstd=True,
    )
    sized = bytes.fromhex("28b52ffd60") + (len(plain) - 256).to_bytes(2, "little")
    frame = sized + (1 | len(plain) << 3).to_bytes(3, "little") + plain
    yield entry(
        "metadata-zstd-raw-block",
        "META as a zstd frame of one raw block, its content size in two bytes",
        lambda: with_meta(len(plain).to_bytes(4, "little") + frame, records),
    )
    many = tuple(Record(f"k{i}", bytes([i & 255])) for i in range(300))
    yield entry(
        "metadata-many-records",
        "300 records, so that the array has a length of two bytes; two tiles and an ancillary chunk",
        lambda: with_meta(
            bytes(4) + canonical.pack([[r.key, r.data] for r in many]), many, tile=4, ancillary=[(b"noTe", b"")]
        ),
    )


def raw_filters() -> Iterator[FileEntry]:
    """Each filter of SPEC 11.3 in bytes, words and packed samples."""
    for kind in FILTERS:
        for mode, bits in (("RGB", 8), ("L", 16), ("L", 4)):
            options = {"filter": kind, "packed": bits < 8, "planar": bits == 16}
            yield entry(
                f"raw-{kind}-{mode.lower()}{bits}",
                f"filter {kind}, {mode}, {bits} bits",
                partial(tile_of, mode, bits, 13, 17, options),
            )


def tile_of(mode: str, bits: int, height: int, width: int, options: dict[str, Any], content: str = "natural") -> Made:
    """A file of one tile whose ``raw`` form is forced."""
    samples = getattr(p, content)(height, width, CHANNELS[mode], bits)
    records = (Record("palette", p.GREYS[: 3 << bits]),) if mode == "P" else ()
    picture = p.picture(samples, mode, bits, records)
    return Made(assemble(picture, raw_tile=partial(raw_tile, **options)), picture)


def raw_forms() -> Iterator[FileEntry]:
    """Green, planar, palette, packed, each alone and together, stored and as zstd frames."""
    cases: tuple[tuple[str, str, int, str, dict[str, Any]], ...] = (
        ("green-gradient", "RGB", 8, "natural", {"green": True, "filter": "gradient", "form": "blocks"}),
        ("green-planar-paeth", "RGB", 8, "natural", {"green": True, "planar": True, "filter": "paeth"}),
        ("green-planar-16", "RGB", 16, "natural", {"green": True, "planar": True, "filter": "gradient"}),
        ("green-adaptive-zstd", "RGB", 8, "natural", {"green": True, "filter": "adaptive", "form": "zstd"}),
        ("green-planar-adaptive-16", "RGB", 16, "noise", {"green": True, "planar": True, "filter": "adaptive"}),
        ("words-interleaved", "RGB", 16, "natural", {"filter": "left", "form": "blocks"}),
        ("words-planar-zstd", "L", 16, "natural", {"filter": "up", "planar": True, "form": "zstd"}),
        ("edges-8", "RGB", 8, "edges", {"filter": "average", "green": True}),
        ("edges-16", "RGB", 16, "edges", {"filter": "gradient", "planar": True, "form": "blocks"}),
        ("palette-packed-rgb", "RGB", 8, "graphics", {"palette": True, "packed": True, "filter": "left"}),
        ("palette-rgb", "RGB", 8, "graphics", {"palette": True, "filter": "up", "form": "blocks"}),
        ("palette-rgb16", "RGB", 16, "graphics", {"palette": True, "packed": True, "form": "zstd"}),
        ("palette-grey16", "L", 16, "graphics", {"palette": True, "filter": "adaptive"}),
        ("palette-one-colour", "RGB", 8, "flat", {"palette": True}),
        ("palette-one-colour-16", "RGB", 16, "flat", {"palette": True, "form": "blocks"}),
        ("palette-two-colours", "L", 8, "edges", {"palette": True, "packed": True, "filter": "gradient"}),
        ("packed-1", "1", 1, "edges", {"packed": True, "filter": "none"}),
        ("packed-1-paeth-zstd", "1", 1, "boxes", {"packed": True, "filter": "paeth", "form": "zstd"}),
        ("packed-2", "L", 2, "natural", {"packed": True, "filter": "up", "form": "blocks"}),
        ("unpacked-1", "1", 1, "edges", {"filter": "left"}),
        ("unpacked-2", "L", 2, "natural", {"filter": "gradient"}),
        ("unpacked-4-adaptive", "L", 4, "natural", {"filter": "adaptive", "form": "blocks"}),
        ("indices-8", "P", 8, "natural", {"filter": "average"}),
        ("indices-4-packed", "P", 4, "graphics", {"packed": True, "filter": "paeth"}),
        ("flat-blocks", "RGB", 8, "flat", {"form": "blocks", "filter": "left", "planar": True}),
    )
    for name, mode, bits, content, options in cases:
        shown = "".join(f", {k}" + ("" if v is True else f" {v}") for k, v in options.items())
        yield entry(
            f"raw-{name}",
            f"{mode}, {bits} bits{shown}",
            partial(tile_of, mode, bits, 11, 19, options, content),
            zstd=options.get("form") == "zstd",
        )
    yield entry("raw-palette-256", "256 colours, indices of 8 bits", many_colours)
    yield entry(
        "raw-large-window",
        "a body of more than 2^10 bytes: the frame has a larger window",
        partial(tile_of, "RGB", 8, 40, 50, {"filter": "gradient", "form": "zstd"}, "graphics"),
        zstd=True,
    )


def many_colours() -> Made:
    """All 256 colours that a palette of ``raw`` holds."""
    index = (np.arange(256, dtype=np.int64) * 77 % 256).reshape(16, 16)
    samples = np.stack([index, 255 - index, index * 3 % 256], axis=-1)
    picture = p.picture(samples, "RGB", 8)
    return Made(assemble(picture, raw_tile=partial(raw_tile, palette=True, filter="up")), picture)


def raw_modes() -> Iterator[FileEntry]:
    """Every mode and depth as neuroc codes it, and every size."""
    for mode, depths in (("1", (1,)), ("L", (2, 4, 8, 16)), ("P", (1, 2, 4, 8)), ("LA", (8, 16)), ("RGB", (8, 16))):
        for bits in depths:
            yield entry(f"mode-{mode.lower()}-{bits}", f"{mode}, {bits} bits", partial(mode_of, mode, bits), zstd=True)
    for bits in (8, 16):
        yield entry(f"mode-rgba-{bits}", f"RGBA, {bits} bits", partial(mode_of, "RGBA", bits), zstd=True)
    for width, height in ((1, 1), (1, 9), (9, 1), (2, 2), (3, 1), (17, 13), (63, 2)):
        for mode, bits in (("1", 1), ("P", 2), ("RGBA", 8), ("LA", 16)):
            options = {"packed": bits < 8, "filter": "gradient"}
            yield entry(
                f"size-{width}x{height}-{mode.lower()}{bits}",
                f"{width}x{height}, {mode}, {bits} bits",
                partial(tile_of, mode, bits, height, width, options),
            )


def mode_of(mode: str, bits: int) -> Made:
    """A picture as neuroc's encoder codes it with ``raw``."""
    records = (Record("palette", p.GREYS[: 3 << min(bits, 4)]),) if mode == "P" else ()
    samples = p.natural(12, 21, CHANNELS[mode], min(bits, 4) if mode == "P" else bits)
    picture = p.picture(samples, mode, bits, records)
    return Made(assemble(picture), picture)


def raw_tiles() -> Iterator[FileEntry]:
    """Grids: uneven splits, single rows and columns, tiles of one pixel."""
    for width, height, tile in ((20, 13, 7), (10, 10, 3), (7, 7, 4), (1, 12, 5), (12, 1, 5), (9, 4, 8)):
        yield entry(
            f"tiles-{width}x{height}-by-{tile}",
            f"{width}x{height} in tiles of at most {tile}",
            partial(tiles_of, width, height, tile),
        )
    yield entry(
        "tiles-forms",
        "every tile in another form of raw",
        partial(each_form, 24, 18, 6),
    )


def tiles_of(width: int, height: int, tile: int) -> Made:
    """RGB, stored."""
    picture = p.picture(p.noise(height, width, 3, 8), "RGB", 8)
    return Made(stored(picture, tile=tile), picture)


def each_form(width: int, height: int, tile: int) -> Made:
    """Tiles that change their form from one to the next."""
    picture = p.picture(p.graphics(height, width, 3, 8), "RGB", 8)
    forms: list[dict[str, Any]] = [
        {"filter": "paeth"},
        {"palette": True, "packed": True},
        {"green": True, "filter": "adaptive", "form": "blocks"},
        {"planar": True, "filter": "gradient"},
        {"palette": True, "filter": "left", "form": "blocks"},
    ]
    turn = iter(range(10**6))
    data = assemble(picture, tile=tile, raw_tile=lambda x, bits: raw_tile(x, bits, **forms[next(turn) % len(forms)]))
    return Made(data, picture)


def example_picture() -> Picture:
    """The picture of Appendix A."""
    flag = ((1, 0, 0, 1), (1, 1, 0, 1))
    samples = np.array([[RED if f else WHITE for f in row] for row in flag], dtype=np.int64)
    return p.picture(samples, "RGB", 8, (Record("text", b"Comment\0hello"),))


EXAMPLE = """
8E 4E 52 43 0D 0A 1A 0A 01 00 04 00 00 00 02 00 00 00 03 08 82 3A 60 21 48 45 41 44 20 00 00 00 83 00 A3 72 61 77
07 C4 10 0C 38 20 AD 3B 66 A0 0E 37 AE EC 5E 1D 8B CF 24 08 A5 30 2E 31 2E 30 A6 26 51 9B 4D 45 54 41 1A 00 00 00
00 00 00 00 91 92 A4 74 65 78 74 C4 0D 43 6F 6D 6D 65 6E 74 00 68 65 6C 6C 6F 65 CC 22 A5 54 49 4C 45 0B 00 00 00
01 60 01 C8 37 1E E1 28 D7 60 20 B7 91 07 31 44 4F 4E 45 00 00 00 00 CB AA F7 DF
"""
