"""The files of unet: numbers of passes, modes, depths, sizes, tiles (SPEC section 16)."""

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

CODEC = "unet"


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
    """Parameters that unet does not have, or has otherwise, and tiles that are too large."""
    for name, about, params in (
        ("passes-0", "no pass", {0: 0}),
        ("passes-3", "a number of passes that there is not", {0: 3}),
        ("passes-text", "passes as text", {0: "4"}),
        ("passes-stated", "the default of passes is stated", {0: 8}),
        ("unit-9", "a unit above 8", {1: 9}),
        ("key-2", "a parameter that there is not", {2: 1}),
    ):
        yield RejectEntry(
            f"{CODEC}-{name}", CODEC, about, "header", fields({5: params}, partial(_data, "RGB", 8, 7, 5))
        )
    wide = partial(_data, "L", 8, 514, 1, tile=1024, method=lambda t, g: 1)
    yield RejectEntry(f"{CODEC}-tile-514", CODEC, "a tile of 514 pixels, though raw codes it", "header", wide)


def sound() -> Iterator[FileEntry]:
    """Files that must decode."""
    params: dict[str, Any]
    for passes in (1, 2, 4, 8):
        params = {} if passes == 8 else {"passes": passes}
        yield entry(f"passes-{passes}", f"RGB, 8 bits, {passes} passes, 21x18", "RGB", 8, 21, 18, params=params)
    for mode in ("L", "LA", "RGBA"):
        yield entry(f"{mode.lower()}-range24", f"{mode}, 8 bits, coder range24, 9x11", mode, 8, 9, 11, coder="range24")
    for bits in (2, 4):
        yield entry(f"grey{bits}", f"L, {bits} bits, 4 passes", "L", bits, 11, 9, params={"passes": 4})
    for unit in (0, 3, 8):
        params = {"passes": 2, "unit": unit}
        yield entry(f"rgb16-unit{unit}", f"RGB, 16 bits, unit {unit}, 2 passes", "RGB", 16, 9, 8, params=params)
    params = {"unit": 8}
    yield entry("rgb16-edges", "lowest and highest values of 16 bits", "RGB", 16, 7, 6, params=params, content="edges")
    for width, height in ((1, 1), (1, 9), (17, 1), (16, 16), (5, 33)):
        yield entry(f"{width}x{height}", f"RGB, 8 bits, {width}x{height}", "RGB", 8, width, height)
    yield entry("runs", "more than 4,096 pixels and symbols", "L", 8, 80, 64, params={"passes": 1})
    yield entry("tiles", "two tiles, 40x5", "RGB", 8, 40, 5, params={"passes": 2}, tile=20)
    yield entry("noise", "no structure", "RGB", 8, 12, 12, params={"passes": 4}, content="noise")


def _data(*arguments: Any, **options: Any) -> bytes:
    return made(*arguments, **options).data
