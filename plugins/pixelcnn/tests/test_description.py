"""What the model says about itself as data, worked out layer by layer, is what it computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuroc.api import GroupedLayer, SoftmaxHead, Spec
from neuroc_pixelcnn.codec import Params
from neuroc_pixelcnn.context import CENTRE
from neuroc_pixelcnn.network import INPUT_MAX, Variant
from neuroc_pixelcnn.stages import Activations

N = 9  # pixels


def test_the_description_computes_what_the_model_does(network: Variant, build: Any) -> None:
    model = build(network)
    found = model.description(Spec(5, 6, network.channels, 8), Params())
    if any(taps != CENTRE for taps in network.blocks):
        assert found is None  # features of neighbours: nothing that a description can say
        return
    assert isinstance(found.head, SoftmaxHead) == (network.head == "softmax")
    g = np.random.Generator(np.random.PCG64(2))
    shape = (N, network.context + network.channels - 1)
    inputs = g.integers(-INPUT_MAX, INPUT_MAX + 1, shape, dtype=np.int32)
    activations = Activations(model._evaluator, inputs.copy())
    values: list[list[Any]] = [[inputs]] + [[] for _ in found.layers]  # by value and group
    for c in range(network.channels):
        for number, layer in enumerate(found.layers):
            assert isinstance(layer, GroupedLayer)
            linear = layer.groups[c]
            x = np.concatenate(values[layer.source], axis=1)[:, : linear.inputs]
            y = linear.reference(x.astype(np.int64))
            if layer.added is not None:
                y = np.clip(y + values[layer.added][c], layer.lo, layer.hi)
            values[number + 1].append(y)
        assert np.array_equal(activations.outputs(c), values[-1][c])


@pytest.mark.parametrize(("schedule", "slope"), [("wavefront", 4), ("raster", 0)])
def test_the_slope_is_that_of_the_schedule(build: Any, schedule: str, slope: int) -> None:
    model = build(Variant("grey", "mixture", (7,), (6,), (CENTRE,)))
    assert model.description(Spec(5, 6, 1, 8), Params(schedule=schedule)).slope == slope
