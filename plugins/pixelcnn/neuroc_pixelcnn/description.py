"""The masked network as plain data (neuroc.causal), for engines that run the loop over pixels themselves."""

from __future__ import annotations

from collections.abc import Sequence

from neuroc.api import CausalDescription, Context, GroupedLayer, MixtureHead, Network, SoftmaxHead

from .context import CENTRE
from .head import BITS
from .network import ACTIVATION_MAX, INPUT_MAX, MIXTURES, Variant
from .schedule import SLOPE

CENTRE_SHIFT = 3  # of the means: a prediction is in half levels, a mean in 1/16


def describe(variant: Variant, layers: Sequence[Sequence[Network]], schedule: str) -> CausalDescription | None:
    """``layers``: the proved layers, [layer][group]. None where blocks read the features of neighbours."""
    if any(taps != CENTRE for taps in variant.blocks):
        return None
    left, up = variant.centre
    described = []
    for number, (layer, groups) in enumerate(zip(variant.layers, layers, strict=True)):
        linear = tuple(network.layers[0] for network in groups)
        if layer.residual:  # the stream is what the layer before, its block's first, has read
            lo = 0 if layer.rectified else -ACTIVATION_MAX
            described.append(GroupedLayer(linear, number, number - 1, lo, ACTIVATION_MAX))
        else:
            described.append(GroupedLayer(linear, number))
    mixture = MixtureHead(MIXTURES, unit=0, offset_shift=0, centre_shift=CENTRE_SHIFT, coupling_shift=1)
    return CausalDescription(
        channels=variant.channels,
        bits=BITS,
        slope=0 if schedule == "raster" else SLOPE,
        context=Context(variant.taps, left, up, left_shift=0, right_shift=0, limit=INPUT_MAX, levels=True),
        layers=tuple(described),
        head=SoftmaxHead() if variant.head == "softmax" else mixture,
        chained=True,
    )
