"""Reads a weights file into exact layers, one for each group of each masked layer, and proves them (SPEC 14.6)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroc.api import Interval, Linear, Network, Weights, WeightsError, prove

from .network import ACTIVATION_MAX, INPUT_MAX, Layer, Variant

PARTS: dict[str, type[np.integer]] = {"weight": np.int16, "bias": np.int32, "shift": np.uint8}


def load_layers(variant: Variant, weights: Weights) -> tuple[tuple[Network, ...], ...]:
    """The proved layers, [layer][group]; each is a network of one exact layer.

    Raises WeightsError if the tensors are not those of ``variant``, ExactnessError if a bound fails.
    """
    expected = {
        f"{layer.name}.{g}.{part}" for layer in variant.layers for g in range(variant.channels) for part in PARTS
    }
    if set(weights.tensors) != expected:
        raise WeightsError(f"{weights.name} are not weights of the network {variant.name}", remedy="Choose others")
    return tuple(tuple(_group(variant, layer, g, weights) for g in range(variant.channels)) for layer in variant.layers)


def input_range(layer: Layer, group: int) -> Interval:
    """What the source of a layer can hold."""
    largest = INPUT_MAX if layer.source == "inputs" else ACTIVATION_MAX
    rectified = layer.source == "hidden" or layer.name == "head"
    return Interval.of(0 if rectified else -largest, largest, layer.inputs[group])


def _group(variant: Variant, layer: Layer, group: int, weights: Weights) -> Network:
    inputs, outputs = layer.inputs[group], layer.outputs[group]
    shapes = {"weight": (outputs, inputs), "bias": (outputs,), "shift": (outputs,)}
    parts = {
        part: _tensor(weights, f"{layer.name}.{group}.{part}", shapes[part], dtype) for part, dtype in PARTS.items()
    }
    clamp = variant.clamp(layer, group)
    if layer.residual:
        # What is added to a stream of +-ACTIVATION_MAX and then clamped to it needs no more than twice its range.
        clamp = Interval.of(-2 * ACTIVATION_MAX, 2 * ACTIVATION_MAX, outputs)
    return prove((Linear(parts["weight"], parts["bias"], parts["shift"], clamp),), input_range(layer, group))


def _tensor(weights: Weights, name: str, shape: tuple[int, ...], dtype: type[np.integer]) -> NDArray[np.int64]:
    tensor = weights.tensors[name]
    if tensor.dtype != dtype or tensor.shape != shape:
        raise WeightsError(
            f"tensor {name} of the weights {weights.name} is {tensor.dtype}{list(tensor.shape)}, "
            f"not {np.dtype(dtype)}{list(shape)}",
            remedy="These weights are of another network: choose others",
        )
    return tensor.astype(np.int64)
