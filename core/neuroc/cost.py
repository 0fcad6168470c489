"""What decoding costs, from sizes and parameters alone: for limits before anything is allocated (SPEC section 9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .codecs import raw
from .container import ParsedFile
from .model import Cost, Spec
from .models import LoadedCodec, guarded
from .tiles import Box, Group


def coding_cost(
    loaded: LoadedCodec, groups: Sequence[Group], bits: int, tiles: Iterable[Box], bitstream: int | None = None
) -> Cost:
    """Multiply-accumulates of all tiles, steps of the slowest and memory of the largest one.

    Every plane group is taken to be coded by the codec if it can be: the header does not say where ``raw`` won.
    Raises what the codec raises for parameters that do not go together, PluginBrokenError.
    """
    macs, steps, peak = 0, 0, 0
    sizes = Counter((box.height, box.width) for box in tiles)
    for group in groups:
        for (height, width), count in sizes.items():
            spec = Spec(height, width, group.count, bits, 1, group.kind, bitstream or loaded.entry.bitstream)
            peak = max(peak, raw.CODEC.cost(spec).peak_bytes)
            if not loaded.codes(group, bits):
                continue
            with guarded(loaded.id):
                cost = loaded.codec.cost(spec, loaded.params)
            macs += cost.macs * count
            steps = max(steps, cost.steps)
            peak = max(peak, cost.peak_bytes)
    return Cost(macs, steps, peak)


def file_cost(parsed: ParsedFile, loaded: LoadedCodec, tiles: Sequence[int] | None = None) -> Cost:
    """``coding_cost`` of a file or of some of its tiles, from the header."""
    boxes = parsed.grid if tiles is None else (parsed.grid[t] for t in tiles)
    return coding_cost(loaded, parsed.groups, parsed.preamble.bits, boxes, parsed.header.bitstream)
