"""The files of causal59k: schedules, modes, coders, depths, tiles, forced methods (SPEC section 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from neuroc.picture import CHANNELS

from . import pictures as p
from .assembly import assemble
from .entry import FileEntry, Made
from .rawtile import raw_tile

CODEC = "causal59k"
CODERS = ("rans24", "range24")
SCHEDULES = ("wavefront", "serial", "diagonal")


def entries() -> Iterator[FileEntry]:
    """All of them."""
    yield from schedules()
    yield from depths()
    yield from sizes()
    yield from contents()
    yield from tiles()
    yield from methods()


def made(
    mode: str,
    bits: int,
    width: int,
    height: int,
    *,
    content: str = "natural",
    seed: int = 0,
    method: Callable[[int, int], int] | None = None,
    **options: Any,
) -> Made:
    """A file whose groups are coded by the codec unless ``method`` says otherwise; ``raw`` is stored."""
    source = getattr(p, content)
    extra = (seed,) if seed else ()
    picture = p.picture(source(height, width, CHANNELS[mode], bits, *extra), mode, bits)
    return Made(assemble(picture, CODEC, raw_tile=raw_tile, method=method, **options), picture)


def entry(name: str, about: str, *arguments: Any, **options: Any) -> FileEntry:
    """An entry of ``made``."""
    return FileEntry(f"{CODEC}-{name}", CODEC, about, partial(made, *arguments, **options))


def schedules() -> Iterator[FileEntry]:
    """Schedules x modes x coders."""
    for schedule in SCHEDULES:
        for mode in ("L", "LA", "RGB", "RGBA"):
            if schedule == "diagonal" and mode in ("L", "LA"):
                continue  # SPEC section 12: not allowed
            for coder in CODERS:
                yield entry(
                    f"{schedule}-{mode.lower()}-{coder}",
                    f"{mode}, 8 bits, schedule {schedule}, coder {coder}, 17x13",
                    *(mode, 8, 17, 13),
                    params={} if schedule == "wavefront" else {"schedule": schedule},
                    coder=coder,
                )


def depths() -> Iterator[FileEntry]:
    """2, 4 and 16 bits; every unit of 16 bits."""
    for bits in (2, 4):
        for coder in CODERS:
            yield entry(
                f"grey{bits}-{coder}",
                f"L, {bits} bits, coder {coder}",
                "L",
                bits,
                15,
                11,
                coder=coder,
                content="natural",
            )
    yield entry("grey2-noise", "L, 2 bits, noise", "L", 2, 9, 10, content="noise")
    yield entry("grey2-serial", "L, 2 bits, schedule serial", "L", 2, 9, 7, params={"schedule": "serial"})
    for unit in range(9):
        yield entry(f"grey16-unit{unit}", f"L, 16 bits, unit {unit}", "L", 16, 9, 8, params={"unit": unit})
    for unit in (0, 3, 5, 8):
        yield entry(f"rgb16-unit{unit}", f"RGB, 16 bits, unit {unit}", "RGB", 16, 8, 7, params={"unit": unit})
    for unit in (0, 8):
        yield entry(
            f"rgb16-edges-unit{unit}",
            f"RGB, 16 bits, unit {unit}, lowest and highest values",
            *("RGB", 16, 7, 6),
            params={"unit": unit},
            content="edges",
        )
    for schedule in ("serial", "diagonal"):
        yield entry(
            f"rgb16-{schedule}-range24",
            f"RGB, 16 bits, unit 4, schedule {schedule}, coder range24",
            *("RGB", 16, 9, 7),
            params={"unit": 4, "schedule": schedule},
            coder="range24",
        )
    yield entry("rgba16", "RGBA, 16 bits, unit 4", "RGBA", 16, 8, 6, params={"unit": 4})
    yield entry(
        "rgba16-diagonal",
        "RGBA, 16 bits, unit 2: colour on the diagonal, alpha on the wavefront",
        *("RGBA", 16, 6, 8),
        params={"unit": 2, "schedule": "diagonal"},
    )
    yield entry("la16", "LA, 16 bits, unit 6, coder range24", "LA", 16, 7, 9, params={"unit": 6}, coder="range24")
    yield entry("grey8-unit3", "a unit that 8 bits do not need is passed over", "L", 8, 9, 9, params={"unit": 3})


def sizes() -> Iterator[FileEntry]:
    """One pixel, lines, and sizes around the reach of the taps."""
    for width, height in ((1, 1), (1, 7), (7, 1), (2, 2), (3, 2), (2, 5), (4, 4), (5, 3), (31, 3)):
        for schedule in ("wavefront", "diagonal"):
            yield entry(
                f"{schedule}-{width}x{height}",
                f"RGB, 8 bits, schedule {schedule}, {width}x{height}",
                *("RGB", 8, width, height),
                params={} if schedule == "wavefront" else {"schedule": schedule},
                content="noise" if width * height < 10 else "natural",
            )
    for width, height in ((1, 1), (1, 6), (6, 1)):
        yield entry(f"grey-{width}x{height}", f"L, 8 bits, {width}x{height}", "L", 8, width, height)
        yield entry(
            f"serial-{width}x{height}",
            f"RGB, 8 bits, schedule serial, {width}x{height}",
            *("RGB", 8, width, height),
            params={"schedule": "serial"},
        )


def contents() -> Iterator[FileEntry]:
    """Noise, one colour, extremes, boxes, and a photograph."""
    for content in ("noise", "flat", "edges", "graphics"):
        for mode in ("L", "RGB"):
            yield entry(f"{mode.lower()}-{content}", f"{mode}, 8 bits, {content}", mode, 8, 14, 12, content=content)
    for schedule, coder in (("wavefront", "rans24"), ("diagonal", "range24")):
        yield FileEntry(
            f"{CODEC}-photo-{schedule}",
            CODEC,
            f"32x24 pixels of a photograph, schedule {schedule}, coder {coder}",
            partial(photo, schedule, coder),
        )


def photo(schedule: str, coder: str) -> Made:
    """A part of the photograph that comes with neuroc."""
    picture = p.picture(p.photo(200, 180, 32, 24), "RGB", 8)
    params = {} if schedule == "wavefront" else {"schedule": schedule}
    return Made(assemble(picture, CODEC, params=params, coder=coder), picture)


def tiles() -> Iterator[FileEntry]:
    """Grids with tiles of different sizes."""
    for mode, width, height, tile, params in (
        ("RGB", 20, 13, 7, {}),
        ("RGB", 16, 16, 8, {"schedule": "diagonal"}),
        ("L", 11, 9, 4, {}),
        ("LA", 9, 8, 5, {}),
        ("RGBA", 13, 7, 6, {"schedule": "diagonal"}),
        ("RGB", 4, 3, 1, {}),
        ("L", 12, 2, 3, {"schedule": "serial"}),
    ):
        yield entry(
            f"tiles-{mode.lower()}-{width}x{height}-by-{tile}",
            f"{mode}, 8 bits, {width}x{height} in tiles of at most {tile}",
            *(mode, 8, width, height),
            params=params,
            tile=tile,
            coder=CODERS[width % 2],
        )


def methods() -> Iterator[FileEntry]:
    """Files in which some items are coded by the codec and others by ``raw``."""
    yield entry(
        "every-other-tile-raw",
        "RGB in 6 tiles, codec and raw by turns",
        *("RGB", 8, 21, 14),
        tile=7,
        method=lambda t, g: t % 2,
    )
    yield entry(
        "first-tile-raw", "L in 4 tiles, the first one raw", "L", 8, 12, 12, tile=6, method=lambda t, g: int(t == 0)
    )
    yield entry("alpha-raw", "RGBA, colour by the codec, alpha by raw", "RGBA", 8, 9, 8, method=lambda t, g: g)
    yield entry("colour-raw", "RGBA, colour by raw, alpha by the codec", "RGBA", 8, 9, 8, method=lambda t, g: 1 - g)
    yield entry(
        "la-by-turns",
        "LA in 4 tiles: which plane group is raw changes",
        *("LA", 8, 10, 10),
        tile=5,
        method=lambda t, g: (t + g) % 2,
        coder="range24",
    )
    yield entry(
        "all-raw-no-weights",
        "RGB, every item raw: weights and coder are absent",
        *("RGB", 8, 6, 5),
        method=lambda t, g: 1,
        weights=(),
        coder="rans24",
    )
    yield entry(
        "all-raw-unknown-weights",
        "RGB, every item raw: weights and a coder that nobody has are passed over",
        *("RGB", 8, 6, 5),
        method=lambda t, g: 1,
        weights=(bytes(range(16)),),
        coder="no-such-coder",
    )
    yield entry(
        "grey16-raw-without-unit", "L, 16 bits, all raw: the unit is not needed", "L", 16, 6, 5, method=lambda t, g: 1
    )
    yield entry(
        "la-alpha-raw-16", "LA, 16 bits, unit 3, alpha raw", "LA", 16, 7, 6, params={"unit": 3}, method=lambda t, g: g
    )
