"""What decoding costs, from sizes and parameters alone: for limits before anything is allocated (SPEC section 9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .codecs import raw
from .container import ParsedFile
from .model import Cost, Spec
from .tiles import Box, Group

if TYPE_CHECKING:
    from .models import LoadedCodec


def coding_cost(
    loaded: LoadedCodec | None, groups: Sequence[Group], bits: int, tiles: Iterable[Box], bitstream: int | None = None
) -> Cost:
    """Multiply-accumulates and steps of all tiles, one after the other, and memory of the largest one.

    ``loaded`` is None for the codec ``raw``. Every plane group is taken to be coded by the dearer of the codec, if it
    can code it, and ``raw``: the header does not say which won. Steps count because each has a price of its own: a
    picture one pixel wide has as many as pixels.
    Raises what the codec raises for parameters that do not go together, PluginBrokenError.
    """
    macs, steps, peak = 0, 0, 0
    sizes = Counter((box.height, box.width) for box in tiles)
    for group in groups:
        for (height, width), count in sizes.items():
            spec = Spec(height, width, group.count, bits, 1, group.kind)
            cost = raw.CODEC.cost(spec)
            if loaded is not None and loaded.codes(group, bits):
                from .models import guarded  # engines come with it, which ``info`` of a raw file does without

                spec = replace(spec, bitstream=bitstream or loaded.entry.bitstream)
                with guarded(loaded.id):
                    own = loaded.codec.cost(spec, loaded.params)
                cost = Cost(*map(max, zip(_numbers(cost), _numbers(own), strict=True)))
            macs += cost.macs * count
            steps += cost.steps * count
            peak = max(peak, cost.peak_bytes)
    return Cost(macs, steps, peak)


def _numbers(cost: Cost) -> tuple[int, int, int]:
    return cost.macs, cost.steps, cost.peak_bytes


def file_cost(parsed: ParsedFile, loaded: LoadedCodec | None, tiles: Sequence[int] | None = None) -> Cost:
    """``coding_cost`` of a file or of some of its tiles, from the header."""
    boxes = parsed.grid if tiles is None else (parsed.grid[t] for t in tiles)
    return coding_cost(loaded, parsed.groups, parsed.preamble.bits, boxes, parsed.header.bitstream)
