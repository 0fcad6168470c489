"""The default engine: numpy, all that decoding needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..exact.layers import Network
from ..exact.probe import Dense

_ROWS = 4096  # rows per block: activations of a block stay in the cache


@dataclass(frozen=True, slots=True, eq=False)
class PreparedLayer:
    """A layer in its carrier: weight (in, out) scaled by 2**-s, the rest (out,)."""

    weight: NDArray[Any]
    offset: NDArray[Any]
    lo: NDArray[Any]
    hi: NDArray[Any]


def prepare_layers(network: Network) -> list[PreparedLayer]:
    """The layers of ``network`` as carrier arrays (see exact/layers.py for why this is exact)."""
    prepared = []
    for layer, dtype in zip(network.layers, network.carriers, strict=True):
        scale = np.ldexp(1.0, -layer.shift.astype(np.int32))
        half = np.int64(1) << (layer.shift - 1)
        prepared.append(
            PreparedLayer(
                weight=np.ascontiguousarray((layer.weight * scale[:, None]).T.astype(dtype)),
                offset=((layer.bias + half) * scale).astype(dtype),
                lo=layer.clamp.lo.astype(dtype),
                hi=layer.clamp.hi.astype(dtype),
            )
        )
    return prepared


class NumpyEngine:
    """Matrix products in a float carrier that the bounds prove exact."""

    id = "numpy"
    device = "cpu"

    def prepare(self, network: Network) -> Dense:
        layers = prepare_layers(network)

        def dense(x: NDArray[np.int32]) -> NDArray[np.int32]:
            out = np.empty((len(x), network.layers[-1].outputs), dtype=np.int32)
            for start in range(0, len(x), _ROWS):
                y: NDArray[Any] = x[start : start + _ROWS]
                for layer in layers:
                    y = np.matmul(y.astype(layer.weight.dtype, copy=False), layer.weight)
                    y += layer.offset
                    np.floor(y, out=y)
                    np.maximum(y, layer.lo, out=y)
                    np.minimum(y, layer.hi, out=y)
                out[start : start + _ROWS] = y
            return out

        return dense


def engine(device: str) -> NumpyEngine:
    """The engine factory named in the entry point."""
    if device != "cpu":
        raise UsageError("the numpy engine has no device but cpu", remedy="Use --engine torch for CUDA")
    return NumpyEngine()
