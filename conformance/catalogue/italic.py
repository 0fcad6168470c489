"""The files of italic: numbers of steps, modes, depths, sizes, base pictures, tiles (SPEC section 15)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from neuroc.picture import CHANNELS

from . import pictures as p
from .assembly import assemble
from .badheader import fields
from .entry import FileEntry, Made, RejectEntry
from .rawtile import raw_tile

CODEC = "italic"


def made(mode: str, bits: int, width: int, height: int, *, content: str = "natural", **options: Any) -> Made:
    """A file whose groups are all coded by the codec."""
    picture = p.picture(getattr(p, content)(height, width, CHANNELS[mode], bits), mode, bits)
    return Made(assemble(picture, CODEC, raw_tile=raw_tile, **options), picture)


def entry(name: str, about: str, *arguments: Any, **options: Any) -> FileEntry:
    """An entry of ``made``."""
    return FileEntry(f"{CODEC}-{name}", CODEC, about, partial(made, *arguments, **options))


def entries() -> Iterator[FileEntry | RejectEntry]:
    """All of them."""
    yield from sound()
    yield from refused()


def refused() -> Iterator[RejectEntry]:
    """Parameters that italic does not have, or has otherwise, and tiles that are too large."""
    for name, about, params in (
        ("steps-0", "no step", {0: 0}),
        ("steps-4097", "more steps than a tile may have", {0: 4097}),
        ("steps-stated", "the default of steps is stated", {0: 8}),
        ("unit-9", "a unit above 8", {1: 9}),
        ("base-jpeg", "a base picture that there is not", {2: "jpeg"}),
        ("base-quality-9", "a quality above 8", {2: "dct", 3: 9}),
        ("key-4", "a parameter that there is not", {4: 1}),
    ):
        yield RejectEntry(
            f"{CODEC}-{name}", CODEC, about, "header", fields({5: params}, partial(_data, "RGB", 8, 7, 5))
        )
    grey = fields({5: {2: "dct"}}, partial(_data, "L", 8, 7, 5))
    yield RejectEntry(f"{CODEC}-grey-base", CODEC, "a base picture of grey", "header", grey)
    wide = partial(_data, "RGB", 8, 70, 2, method=lambda t, g: 1)
    yield RejectEntry(f"{CODEC}-tile-70", CODEC, "a tile of 70 pixels, though raw codes it", "header", wide)


def sound() -> Iterator[FileEntry]:
    """Files that must decode."""
    params: dict[str, Any]
    for steps in (1, 2, 7, 8, 16, 33):
        params = {} if steps == 8 else {"steps": steps}
        yield entry(f"steps-{steps}", f"RGB, 8 bits, {steps} steps, 17x13", "RGB", 8, 17, 13, params=params)
    yield entry("raster", "as many steps as pixels: raster order, 8x8", "RGB", 8, 8, 8, params={"steps": 64})
    yield entry("steps-above-pixels", "more steps than pixels, 3x2", "RGB", 8, 3, 2, params={"steps": 4096})
    for mode in ("L", "LA", "RGBA"):
        yield entry(f"{mode.lower()}-range24", f"{mode}, 8 bits, coder range24, 9x11", mode, 8, 9, 11, coder="range24")
    for bits in (2, 4):
        yield entry(f"grey{bits}", f"L, {bits} bits, 3 steps", "L", bits, 11, 9, params={"steps": 3})
    for unit in (0, 3, 8):
        params = {"steps": 3, "unit": unit}
        yield entry(f"rgb16-unit{unit}", f"RGB, 16 bits, unit {unit}, 3 steps", "RGB", 16, 9, 8, params=params)
    yield entry(
        "rgb16-edges", "lowest and highest values of 16 bits", "RGB", 16, 7, 6, params={"unit": 5}, content="edges"
    )
    for quality in (1, 3, 8):
        params = {"steps": 3, "base": "dct"} | ({} if quality == 3 else {"base_quality": quality})
        about = f"base picture of quality {quality}, 3 steps, 19x10"
        yield entry(f"base-{quality}", about, "RGB", 8, 19, 10, params=params)
    yield entry(
        "base-rgba", "a base picture, and alpha without one", "RGBA", 8, 9, 9, params={"steps": 2, "base": "dct"}
    )
    params = {"steps": 2, "base": "dct", "unit": 4}
    yield entry("base-rgb16", "a base picture of 16 bits, unit 4", "RGB", 16, 9, 9, params=params)
    for width, height in ((1, 1), (1, 9), (9, 1), (4, 4), (5, 6), (64, 3)):
        yield entry(f"{width}x{height}", f"RGB, 8 bits, {width}x{height}", "RGB", 8, width, height)
    yield entry("tiles", "two tiles, 70x5", "RGB", 8, 70, 5, params={"steps": 2}, tile=64)
    yield entry("noise", "no structure", "RGB", 8, 12, 12, params={"steps": 4}, content="noise")


def _data(*arguments: Any, **options: Any) -> bytes:
    return made(*arguments, **options).data
