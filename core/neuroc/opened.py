"""A file in decoding: everything that can be refused is refused before anything large is allocated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .container import ParsedFile
from .cost import file_cost
from .errors import CorruptFileError, HeaderError, NeurocError, PinnedError, TooNewError, UsageError
from .limits import DEFAULT_LIMITS, Limits
from .model import SmallTiles, Spec
from .models import DEFAULT_RUNTIME, LoadedCodec, Runtime, open_codec_of_file, weights_name
from .tiles import Box

Samples = NDArray[Any]


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """What a decode may choose; none of it changes a pixel."""

    runtime: Runtime = DEFAULT_RUNTIME
    limits: Limits = DEFAULT_LIMITS
    allow_pinned: bool = False
    region: Box | None = None


DEFAULT_OPTIONS = DecodeOptions()


@dataclass(slots=True)
class OpenFile:
    """A file in decoding."""

    parsed: ParsedFile
    loaded: LoadedCodec
    options: DecodeOptions
    tiles: tuple[int, ...]
    area: Box  # what ``samples`` covers
    samples: Samples
    failures: dict[int, NeurocError]  # by tile
    undamaged: bool = False  # whether a failure is anything else than damage of the file

    @classmethod
    def file(cls, parsed: ParsedFile, options: DecodeOptions) -> OpenFile:
        """Everything that can be refused before anything large is allocated."""
        header, preamble = parsed.header, parsed.preamble
        loaded = open_codec_of_file(header.codec, header.params, parsed.name)
        if header.bitstream > loaded.entry.bitstream:
            raise TooNewError(
                f"the file has bitstream version {header.bitstream} of {header.codec}, "
                f"the installed plugin knows up to {loaded.entry.bitstream}",
                remedy=f"Upgrade it: pip install -U neuroc-{header.codec}",
                file=parsed.name,
            )
        if header.numerics != loaded.entry.numerics:
            raise HeaderError(f"{header.codec} is not of numerics class {header.numerics}", file=parsed.name)
        if header.numerics == "pinned" and not options.allow_pinned:
            build = getattr(loaded.codec, "build", "")
            if build != header.build:
                raise PinnedError(
                    f"the file was made by the build {header.build!r}, this one is {build!r}",
                    remedy="Decode it there, or accept possible errors with --allow-pinned",
                    file=parsed.name,
                )
        whole = Box(0, 0, preamble.width, preamble.height)
        largest = parsed.grid[len(parsed.grid) - 1]  # the last tile: no other one has a longer side
        if isinstance(loaded.codec, SmallTiles) and max(largest.width, largest.height) > loaded.codec.largest_tile:
            raise HeaderError(f"{header.codec} has no tiles of {largest.width}x{largest.height}", file=parsed.name)
        area = whole
        tiles: Sequence[int] = range(len(parsed.grid))
        if options.region is not None:
            area = _checked_region(options.region, whole, parsed.name)
            tiles = parsed.grid.touching(area)
            if parsed.crcs is None:  # one tile: only the digest of the whole picture can prove it
                area = whole
        with _parameters_of_a_file(parsed.name):
            cost = file_cost(parsed, loaded, tiles)
        options.limits.check_work(cost.macs, parsed.name)
        options.limits.check_steps(cost.steps, parsed.name)
        options.limits.check_memory(cost.peak_bytes, parsed.name)
        dtype = np.uint16 if preamble.bits == 16 else np.uint8
        samples = np.zeros((area.height, area.width, preamble.channels), dtype=dtype)
        return cls(parsed, loaded, options, tuple(tiles), area, samples, {})

    def place(self, tile: int) -> Samples:
        """The part of ``samples`` that shows the tile."""
        box, area = self.parsed.grid[tile], self.area
        top, left = max(0, box.y - area.y), max(0, box.x - area.x)
        return self.samples[top : box.y + box.height - area.y, left : box.x + box.width - area.x]

    def inside(self, tile: int, samples: Samples) -> Samples:
        """The part of a tile's samples that lies in ``area``."""
        box, area = self.parsed.grid[tile], self.area
        top, left = max(0, area.y - box.y), max(0, area.x - box.x)
        return samples[top : area.y + area.height - box.y, left : area.x + area.width - box.x]

    def weights_digest(self, group: int) -> bytes:
        """The digest of the weights of a plane group, b"" if its model has none.

        Header field 2 holds one per network, in order of first use.
        """
        bits = self.parsed.preamble.bits
        names: list[str] = []
        for g in self.parsed.groups[: group + 1]:
            if self.loaded.codes(g, bits):
                with _parameters_of_a_file(self.parsed.name):
                    name = weights_name(self.loaded, self.spec(self.tiles[0], self.parsed.groups.index(g), 1))
                if name not in names:
                    names.append(name)
        if not name:
            return b""
        number = [n for n in names if n].index(name)
        if number >= len(self.parsed.header.weights):
            raise HeaderError(f"the header names no weights for plane group {group}", file=self.parsed.name)
        return self.parsed.header.weights[number]

    def spec(self, tile: int, group: int, batch: int) -> Spec:
        box, g = self.parsed.grid[tile], self.parsed.groups[group]
        return Spec(
            box.height, box.width, g.count, self.parsed.preamble.bits, batch, g.kind, self.parsed.header.bitstream
        )

    def hopeless(self, salvage: bool) -> bool:
        """Whether to go on is no use: something failed that is no damage, or anything at all unless ``salvage``."""
        return bool(self.failures) if not salvage else self.undamaged

    def fail(self, tile: int, error: NeurocError) -> None:
        error.file = error.file or self.parsed.name
        if isinstance(error, CorruptFileError):
            # Its traceback would keep the arrays of the decoder that raised it, those of each lost tile.
            error.__traceback__ = error.__cause__ = error.__context__ = None
        else:
            self.undamaged = True
        self.failures.setdefault(tile, error)


@contextmanager
def _parameters_of_a_file(name: str | None) -> Iterator[None]:
    """Parameters that do not go together are the user's mistake in an encode and damage in a file."""
    try:
        yield
    except UsageError as error:
        raise HeaderError(error.message, file=name) from error


def _checked_region(region: Box, whole: Box, name: str | None) -> Box:
    x, y, width, height = region
    if x < 0 or y < 0 or width < 1 or height < 1 or x + width > whole.width or y + height > whole.height:
        raise UsageError(
            f"the region {x},{y},{width},{height} is not inside the {whole.width}x{whole.height} picture", file=name
        )
    return region
