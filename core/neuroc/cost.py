"""What decoding costs, from sizes and parameters alone: for limits before anything is allocated (SPEC section 9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .container import ParsedFile
from .model import RawCodec, Spec
from .models import LoadedCodec, guarded
from .tiles import Box, Group


def coding_cost(loaded: LoadedCodec, groups: Sequence[Group], bits: int, tiles: Iterable[Box]) -> tuple[int, int]:
    """(multiply-accumulates, sequential steps of the slowest tile) if the codec has every tile that it may have.

    Raises what the codec raises for parameters that do not go together, PluginBrokenError.
    """
    macs, steps = 0, 0
    sizes = Counter((box.height, box.width) for box in tiles)
    for group in groups:
        if not (loaded.codes(group, bits) or isinstance(loaded.codec, RawCodec)):
            continue
        for (height, width), count in sizes.items():
            with guarded(loaded.id):
                cost = loaded.codec.cost(Spec(height, width, group.count, bits, 1, group.kind), loaded.params)
            macs += cost.macs * count
            steps = max(steps, cost.steps)
    return macs, steps


def file_cost(parsed: ParsedFile, loaded: LoadedCodec, tiles: Sequence[int] | None = None) -> tuple[int, int]:
    """``coding_cost`` of a file or of some of its tiles, from the header."""
    boxes = parsed.grid if tiles is None else (parsed.grid[t] for t in tiles)
    return coding_cost(loaded, parsed.groups, parsed.preamble.bits, boxes)
