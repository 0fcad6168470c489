"""Pictures to test with: Hypothesis draws a Case, and a Case makes the same samples everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from ..model import Samples, Spec
from ..picture import BITS, CHANNELS, Picture, Record
from ..tiles import plane_groups
from .subject import Kind, Subject

CONTENTS = ("flat", "zero", "top", "gradient", "edge", "noise", "extremes", "smooth")


@dataclass(frozen=True, slots=True)
class Case:
    """Pictures of one plane group that are coded in lock-step."""

    spec: Spec
    params: Any
    content: str  # of the first picture; the next ones have the next contents
    seed: int

    def samples(self) -> Samples:
        """Samples (B, H, W, C), uint8 or uint16, read-only."""
        first = CONTENTS.index(self.content)
        items = [
            samples(self.spec, CONTENTS[(first + item) % len(CONTENTS)], self.seed + item)
            for item in range(self.spec.batch)
        ]
        x = np.stack(items)
        x.flags.writeable = False
        return x


def samples(spec: Spec, content: str, seed: int) -> NDArray[Any]:
    """One picture (H, W, C) of ``spec``."""
    g = np.random.Generator(np.random.PCG64(seed))
    top = (1 << spec.bits) - 1
    shape = (spec.height, spec.width, spec.channels)
    y, x = np.mgrid[: spec.height, : spec.width].astype(np.int64)[:, :, :, None]
    match content:
        case "flat":
            s = np.zeros(shape, dtype=np.int64) + g.integers(0, top + 1, spec.channels)
        case "zero" | "top":
            s = np.full(shape, top if content == "top" else 0, dtype=np.int64)
        case "gradient":
            a, b = g.integers(-3, 4, 2) * max(1, top >> 6)
            s = a * x + b * y + g.integers(0, top + 1, spec.channels)
        case "edge":
            s = np.where(2 * x + y > g.integers(0, 2 * spec.width + spec.height), top, top // 4)
        case "noise":
            s = g.integers(0, top + 1, shape)
        case "extremes":
            s = g.integers(0, 2, shape) * top
        case _:  # a lattice every 6 pixels, interpolated, with a little noise
            lattice = g.integers(0, top + 1, (spec.height // 6 + 2, spec.width // 6 + 2, 1))
            i, j, fy, fx = y[:, :, 0] // 6, x[:, :, 0] // 6, y % 6, x % 6
            upper = lattice[i, j] * (6 - fx) + lattice[i, j + 1] * fx
            lower = lattice[i + 1, j] * (6 - fx) + lattice[i + 1, j + 1] * fx
            s = (upper * (6 - fy) + lower * fy) // 36 + g.integers(-(top >> 7) - 1, (top >> 7) + 2, shape)
    return np.clip(np.broadcast_to(s, shape), 0, top).astype(np.uint16 if spec.bits > 8 else np.uint8)


def sizes(side: int) -> st.SearchStrategy[tuple[int, int]]:
    """(height, width): the awkward ones, then any."""
    awkward = sorted({(1, 1), (1, side), (side, 1), (2, 3), (min(side, 7), 1), (side | 1, max(1, side - 3))})
    return st.one_of(st.sampled_from(awkward), st.tuples(st.integers(1, side), st.integers(1, side)))


def cases(subject: Subject, batches: Sequence[int] | None = None) -> st.SearchStrategy[Case]:
    """Cases of everything that the codec codes."""
    pairs = [(kind, subject.params_for(kind)) for kind in subject.kinds]
    pairs = [(kind, params) for kind, params in pairs if params]
    most = subject.scope.batch if subject.has_network else 1

    @st.composite
    def draw_case(draw: st.DrawFn) -> Case:
        kind, combinations = draw(st.sampled_from(pairs))
        height, width = draw(sizes(subject.scope.side))
        batch = draw(st.sampled_from(batches) if batches else st.integers(1, most))
        spec = subject.spec(kind, height, width, batch)
        params = draw(st.sampled_from(combinations))
        return Case(spec, params, draw(st.sampled_from(CONTENTS)), draw(st.integers(0, 999)))

    return draw_case()


@dataclass(frozen=True, slots=True)
class FileCase:
    """A picture to be encoded as a file, and how."""

    mode: str
    bits: int
    height: int
    width: int
    params: Any
    content: str
    seed: int
    tile: int
    coder: str
    batch: int | None

    def picture(self) -> Picture:
        """The picture with its metadata."""
        spec = Spec(self.height, self.width, CHANNELS[self.mode], self.bits)
        records: tuple[Record, ...] = (Record("text", b"kept\0verbatim"),)
        if self.mode == "P":
            records = (Record("png.PLTE", bytes(3 << self.bits)), *records)
        return Picture(samples(spec, self.content, self.seed), self.mode, self.bits, records)


def file_cases(subject: Subject) -> st.SearchStrategy[FileCase]:
    """Pictures of every mode in which the codec codes something, with parameters that it takes for all of it."""
    choices = [
        (mode, bits, params)
        for mode, depths in BITS.items()
        for bits in depths
        if (params := _fitting(subject, mode, bits))
    ]
    side = subject.scope.side

    @st.composite
    def draw_case(draw: st.DrawFn) -> FileCase:
        mode, bits, combinations = draw(st.sampled_from(choices))
        height, width = draw(sizes(side))
        return FileCase(
            mode,
            bits,
            height,
            width,
            draw(st.sampled_from(combinations)),
            draw(st.sampled_from(CONTENTS)),
            draw(st.integers(0, 999)),
            draw(st.sampled_from((512, max(1, side // 2), max(1, side // 3)))),
            draw(st.sampled_from(sorted(subject.coders))),
            draw(st.sampled_from((None, 1, 2))),
        )

    return draw_case()


def _fitting(subject: Subject, mode: str, bits: int) -> list[Any]:
    """The combinations of parameters that every plane group of the mode can be coded with."""
    kinds = [kind for g in plane_groups(mode) if (kind := Kind(g.count, bits, g.kind)) in subject.kinds]
    return [p for p in subject.combinations if all(subject.accepts(k, p) for k in kinds)] if kinds else []


Change = tuple[str, int, int]  # what, where, a value
FRONT: tuple[tuple[Change, ...], ...] = (  # always tried, since what has a structure has it in front
    (("cut", 0, 0),),
    *((("flip", place, bit),) for place in range(3) for bit in (0, 7)),
)


def damages() -> st.SearchStrategy[list[Change]]:
    """A few changes for ``damaged``."""
    kinds = st.sampled_from(("flip", "cut", "byte", "append", "zero"))
    return st.lists(st.tuples(kinds, st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=4)


def damaged(data: bytes, changes: Sequence[Change]) -> bytes:
    """``data`` after flipped bits, truncations, other bytes, and bytes at its end."""
    changed = bytearray(data)
    for kind, place, value in changes:
        at = place % max(1, len(changed))
        if kind == "cut":
            del changed[at:]
        elif kind == "append":
            changed += bytes([value]) * (1 + place % 9)
        elif changed:
            changed[at] = {"flip": changed[at] ^ 1 << value % 8, "byte": value, "zero": 0}[kind]
    return bytes(changed)
