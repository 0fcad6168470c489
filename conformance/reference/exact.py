"""Exact arithmetic, SPEC 10: tables by their formulas, layers."""

from collections import namedtuple
from decimal import Decimal, localcontext
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.int64]]
Sides = tuple[int, ...]  # height, width
Layer = namedtuple("Layer", "weight bias shift low high")  # (out, in), the others (out,); int64


@cache
def table(name: str) -> Array:
    """SPEC 10.3: `T_7`, `T_13`, `E` or `Q`."""
    with localcontext() as context:
        context.prec, half = 50, Decimal("0.5")
        if name in ("E", "Q"):
            first, count, step = (16, 4096, Decimal(-1) / 256) if name == "E" else (9, 128, Decimal(1) / 128)
            return np.array([int(2 ** (first + i * step) + half) for i in range(count)], np.int64)
        f, entries = int(name[2:]), []
        power, factor = (16 - half / 2**f).exp(), (Decimal(-1) / 2**f).exp()  # exp(-v) of entry 0, and of the step
        for _ in range(1 << (f + 5)):
            entries.append(int(65536 / (1 + power) + half))
            power *= factor
        return np.array(entries, np.int64)


def apply(layer: Layer, x: Array) -> Array:
    """SPEC 10.1: outputs (n, out) for inputs (n, in); int64 does not wrap within the bounds of 10.2."""
    sums = x @ layer.weight.T + layer.bias + (1 << (layer.shift - 1))
    return np.asarray(np.clip(sums >> layer.shift, layer.low, layer.high), np.int64)
