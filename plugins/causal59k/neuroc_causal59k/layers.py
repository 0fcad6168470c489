"""Reads a weights file into exact layers and proves them (SPEC section 12.5)."""

from __future__ import annotations

from neuroc.api import Interval, Network, Weights, prove
from neuroc.exact.stored import require_layers, stored_layer

from .network import ACTIVATION_MAX, Variant


def load_network(variant: Variant, weights: Weights, input_max: int, finer: int) -> Network:
    """The proved network; ``finer``: fraction bits that the inputs carry beyond the trained ones.

    Raises WeightsError if the tensors are not those of ``variant``, ExactnessError if a bound fails.
    """
    pairs = list(zip(variant.widths[:-1], variant.widths[1:], strict=True))
    require_layers(weights, (f"layer{n}" for n in range(len(pairs))), "the causal59k network")
    lo, hi = variant.head_clamps()
    layers = []
    for n, (inputs, outputs) in enumerate(pairs):
        last = n == len(pairs) - 1
        clamp = Interval(lo, hi) if last else Interval.of(0, ACTIVATION_MAX, outputs)
        layers.append(stored_layer(weights, f"layer{n}", inputs, clamp))
    if finer:
        layers[0] = layers[0].finer_input(finer)
    return prove(tuple(layers), Interval.of(-input_max, input_max, variant.widths[0]))
