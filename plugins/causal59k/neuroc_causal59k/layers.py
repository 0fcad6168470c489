"""Reads a weights file into exact layers and proves them (SPEC section 12.5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroc.api import Interval, Linear, Network, Weights, WeightsError, prove

from .network import ACTIVATION_MAX, Variant


def load_network(variant: Variant, weights: Weights, input_max: int, finer: int) -> Network:
    """The proved network; ``finer``: fraction bits that the inputs carry beyond the trained ones.

    Raises WeightsError if the tensors are not those of ``variant``, ExactnessError if a bound fails.
    """
    pairs = list(zip(variant.widths[:-1], variant.widths[1:], strict=True))
    expected = {f"layer{n}.{part}" for n in range(len(pairs)) for part in ("weight", "bias", "shift")}
    if set(weights.tensors) != expected:
        raise WeightsError(f"{weights.name} are not weights of the causal59k network", remedy="Choose others")
    lo, hi = variant.head_clamps()
    layers = []
    for n, (inputs, outputs) in enumerate(pairs):
        last = n == len(pairs) - 1
        clamp = Interval(lo, hi) if last else Interval.of(0, ACTIVATION_MAX, outputs)
        weight = _tensor(weights, f"layer{n}.weight", np.int16, (outputs, inputs))
        bias = _tensor(weights, f"layer{n}.bias", np.int32, (outputs,))
        shift = _tensor(weights, f"layer{n}.shift", np.uint8, (outputs,))
        layers.append(Linear(weight, bias, shift, clamp))
    if finer:
        layers[0] = layers[0].finer_input(finer)
    return prove(tuple(layers), Interval.of(-input_max, input_max, variant.widths[0]))


def _tensor(weights: Weights, name: str, dtype: type[np.integer], shape: tuple[int, ...]) -> NDArray[np.int64]:
    tensor = weights.tensors[name]
    if tensor.dtype != dtype or tensor.shape != shape:
        raise WeightsError(
            f"tensor {name} of the weights {weights.name} is {tensor.dtype}{list(tensor.shape)}, "
            f"not {np.dtype(dtype)}{list(shape)}",
            remedy="These weights are of another network: choose others",
        )
    return tensor.astype(np.int64)
