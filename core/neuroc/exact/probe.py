"""The exactness probe: an engine must reproduce int64 arithmetic on the very layers it is going to run.

The proof (layers.py) assumes IEEE float32 and float64 products. An environment can break that (TF32, bfloat16
accumulation, a fast-math BLAS), so each layer is run on load with operands at the ends of their ranges, where the
sums come closest to the bound, and on random ones, with a shift that hides next to nothing; then the whole chain.
Any difference from int64 refuses the engine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..errors import ExactnessError
from .layers import FLOAT32_BOUND, Interval, Linear, Network, prove

_BATCH = 4099  # rows of the last comparison: more than an engine takes at a time, and odd
_ROWS = 37  # random rows per layer; an odd number, so that blocked kernels run their remainders too


Dense = Callable[[NDArray[np.int32]], NDArray[np.int32]]


def probe_inputs(layer: Linear, x: Interval) -> NDArray[np.int32]:
    """Inputs (m, in): what drives up to 64 rows to their extremes, all-low, all-high, and random ones."""
    rows = layer.weight[:: max(1, layer.outputs // 32)]
    extremes = [np.where(rows > 0, x.hi, x.lo), np.where(rows > 0, x.lo, x.hi), x.lo[None], x.hi[None]]
    generator = np.random.Generator(np.random.PCG64(7))
    extremes.append(generator.integers(x.lo, x.hi + 1, size=(_ROWS, layer.inputs), dtype=np.int64))
    return np.concatenate(extremes).astype(np.int32)


def unclamped(layer: Linear, bound: int) -> Linear:
    """The layer with the smallest shift whose outputs fit 31 bits, and no clamp inside them."""
    shift = max(1, bound.bit_length() - 30)
    limit = FLOAT32_BOUND if bound < FLOAT32_BOUND else 1 << 31
    ones = np.ones(layer.outputs, dtype=np.int64)
    half = (np.int64(1) << (layer.shift - 1)) - (1 << (shift - 1))  # so that the bound stays what it was
    return Linear(layer.weight, layer.bias + half, ones * shift, Interval(-limit * ones, (limit - 1) * ones))


def probe(prepare: Callable[[Network], Dense], network: Network) -> Dense:
    """``prepare(network)`` if what it prepares equals int64 arithmetic; raises ExactnessError if not."""
    x = network.input
    for layer, bound in zip(network.layers, network.bounds, strict=True):
        _compare(prepare, prove((unclamped(layer, bound),), x))
        x = layer.clamp
    return _compare(prepare, network, _BATCH)


def _compare(prepare: Callable[[Network], Dense], network: Network, rows: int = 1) -> Dense:
    """What was prepared, compared on the probe inputs and on ``rows`` of them (repeated if need be)."""
    dense = prepare(network)
    x = probe_inputs(network.layers[0], network.input)
    want = x.astype(np.int64)
    for layer in network.layers:
        want = layer.reference(want)
    few, many = np.resize(x, (rows, x.shape[1])), np.resize(want, (rows, want.shape[1]))
    if not np.array_equal(dense(x), want) or not np.array_equal(dense(few), many):
        raise ExactnessError(
            "this engine does not compute integer matrix products exactly here (TF32 or a fast-math library?)",
            remedy="Use --engine numpy, or remove settings that reduce the precision of float32 products",
        )
    return dense
