"""Reads a weights file into exact layers, one for each group of each masked layer, and proves them (SPEC 14.6)."""

from __future__ import annotations

from neuroc.api import Interval, Network, Weights, prove
from neuroc.exact.stored import require_layers, stored_layer

from .network import ACTIVATION_MAX, INPUT_MAX, Layer, Variant


def load_layers(variant: Variant, weights: Weights) -> tuple[tuple[Network, ...], ...]:
    """The proved layers, [layer][group]; each is a network of one exact layer.

    Raises WeightsError if the tensors are not those of ``variant``, ExactnessError if a bound fails.
    """
    names = (f"{layer.name}.{g}" for layer in variant.layers for g in range(variant.channels))
    # Not the variant's name: models serve all sets of weights of their architecture.
    require_layers(weights, names, f"the {variant.head} network for {variant.channels} channels")
    return tuple(tuple(_group(variant, layer, g, weights) for g in range(variant.channels)) for layer in variant.layers)


def input_range(layer: Layer, group: int) -> Interval:
    """What the source of a layer can hold."""
    largest = INPUT_MAX if layer.source == "inputs" else ACTIVATION_MAX
    rectified = layer.source == "hidden" or layer.name == "head"
    return Interval.of(0 if rectified else -largest, largest, layer.inputs[group])


def _group(variant: Variant, layer: Layer, group: int, weights: Weights) -> Network:
    clamp = variant.clamp(layer, group)
    if layer.residual:
        # What is added to a stream of +-ACTIVATION_MAX and then clamped to it needs no more than twice its range.
        clamp = Interval.of(-2 * ACTIVATION_MAX, 2 * ACTIVATION_MAX, layer.outputs[group])
    linear = stored_layer(weights, f"{layer.name}.{group}", layer.inputs[group], clamp)
    return prove((linear,), input_range(layer, group))
