"""The files of pixelcnn: heads, schedules, modes, coders, sets of weights, tiles, forced methods (SPEC section 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from neuroc.picture import CHANNELS

from . import pictures as p
from .assembly import assemble
from .badheader import fields
from .entry import FileEntry, Made, RejectEntry
from .rawtile import raw_tile

CODEC = "pixelcnn"
CODERS = ("rans24", "range24")
HEADS = ("softmax", "mixture")


def entries() -> Iterator[FileEntry | RejectEntry]:
    """All of them."""
    yield from heads()
    yield from sizes()
    yield from contents()
    yield from tiles()
    yield from methods()
    yield from parameters()


def made(
    mode: str,
    width: int,
    height: int,
    *,
    content: str = "natural",
    bits: int = 8,
    method: Callable[[int, int], int] | None = None,
    **options: Any,
) -> Made:
    """A file whose groups are coded by the codec unless ``method`` says otherwise; ``raw`` is stored."""
    picture = p.picture(getattr(p, content)(height, width, CHANNELS[mode], bits), mode, bits)
    return Made(assemble(picture, CODEC, raw_tile=raw_tile, method=method, **options), picture)


def entry(name: str, about: str, *arguments: Any, **options: Any) -> FileEntry:
    """An entry of ``made``."""
    return FileEntry(f"{CODEC}-{name}", CODEC, about, partial(made, *arguments, **options))


def heads() -> Iterator[FileEntry]:
    """Heads x schedules x modes, each head with both coders; grey with the softmax, whose weights weigh 200 kB."""
    for head in HEADS:
        for mode in ("L", "LA", "RGB", "RGBA") if head == "softmax" else ("RGB",):
            for schedule in ("wavefront", "raster"):
                params = {"head": head, "schedule": schedule}
                yield entry(
                    f"{head}-{schedule}-{mode.lower()}",
                    f"{mode}, head {head}, schedule {schedule}, 13x9",
                    *(mode, 13, 9),
                    params=stated(params),
                    coder=CODERS[schedule == "raster"],
                )


def sizes() -> Iterator[FileEntry]:
    """One pixel, lines, and sizes around the reach of the window."""
    for number, (width, height) in enumerate(((1, 1), (1, 6), (6, 1), (2, 2), (3, 4), (4, 5), (5, 3), (23, 2))):
        head = HEADS[number % 2]
        yield entry(
            f"{width}x{height}",
            f"RGB, head {head}, {width}x{height}",
            "RGB",
            width,
            height,
            params=stated({"head": head}),
        )
    yield entry("grey-1x1", "L, 1x1", "L", 1, 1)


def contents() -> Iterator[FileEntry]:
    """Noise, one colour, extremes, boxes."""
    for content in ("noise", "flat", "edges", "graphics"):
        for head in HEADS:
            yield entry(
                f"{head}-{content}",
                f"RGB, head {head}, {content}",
                *("RGB", 9, 8),
                content=content,
                params=stated({"head": head}),
            )


def tiles() -> Iterator[FileEntry]:
    """Grids with tiles of different sizes."""
    for mode, width, height, tile, head in (
        ("RGB", 13, 9, 5, "softmax"),
        ("LA", 9, 8, 5, "softmax"),
        ("RGB", 9, 8, 4, "mixture"),
        ("RGBA", 7, 6, 4, "softmax"),
    ):
        yield entry(
            f"tiles-{mode.lower()}-{width}x{height}-by-{tile}",
            f"{mode}, head {head}, {width}x{height} in tiles of at most {tile}",
            *(mode, width, height),
            params=stated({"head": head}),
            tile=tile,
        )


def methods() -> Iterator[FileEntry]:
    """Files in which some items are coded by the codec and others by ``raw``."""
    yield entry("alpha-raw", "RGBA, colour by the codec, alpha by raw", "RGBA", 7, 6, method=lambda t, g: g)
    yield entry("colour-raw", "RGBA, colour by raw, alpha by the codec", "RGBA", 7, 6, method=lambda t, g: 1 - g)
    yield entry(
        "every-other-tile-raw",
        "RGB in 4 tiles, codec and raw by turns",
        "RGB",
        10,
        8,
        tile=5,
        method=lambda t, g: t % 2,
    )
    yield entry(
        "rgb16-raw",
        "RGB, 16 bits: the codec codes no plane group, every item is raw, no weights",
        *("RGB", 6, 5),
        bits=16,
        method=lambda t, g: 1,
        weights=(),
        coder="rans24",
    )


def parameters() -> Iterator[RejectEntry]:
    """Parameters that pixelcnn does not have, or has otherwise."""
    good = partial(_data, "RGB", 7, 5)
    for name, about, params in (
        ("head-gauss", "a head that there is not", {0: "gauss"}),
        ("head-stated", "the default of head is stated", {0: "softmax"}),
        ("schedule-diagonal", "a schedule of another codec", {1: "diagonal"}),
        ("set-number", "a set that is a number", {2: 1}),
        ("key-3", "a parameter that there is not", {3: "x"}),
    ):
        yield RejectEntry(f"{CODEC}-{name}", CODEC, about, "header", fields({5: params}, good))


def stated(params: dict[str, str]) -> dict[str, str]:
    """The parameters without those that have their default."""
    return {k: v for k, v in params.items() if v not in ("softmax", "wavefront", "auto")}


def _data(*arguments: Any) -> bytes:
    return made(*arguments).data
