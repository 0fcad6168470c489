"""What enters and leaves the network stays in the ranges that are proved; weights that break them are refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroc.api import ExactnessError, Weights, WeightsError
from neuroc_pixelcnn import head
from neuroc_pixelcnn.layers import load_layers
from neuroc_pixelcnn.network import INPUT_MAX, VARIANTS, Variant


def changed(weights: Weights, name: str, value: NDArray[Any]) -> Weights:
    return Weights(weights.name, weights.digest, {**weights.tensors, name: value})


def test_network_inputs_stay_in_the_range_that_is_proved() -> None:
    variant = VARIANTS["grey-softmax"]
    left, up = variant.centre
    ends = np.array(list(itertools.product((0, 255), repeat=3)), dtype=np.int32)
    window = np.repeat(ends[:, 2:], len(variant.taps), axis=1)[:, :, None]
    window[:, left], window[:, up] = ends[:, :1], ends[:, 1:2]
    inputs, base = head.network_inputs(variant, window)
    assert int(np.abs(inputs).max()) == INPUT_MAX
    assert int(np.abs(2 * ends[:, 2:] - base).max()) == INPUT_MAX  # a known channel


def test_the_means_of_a_mixture_fit_and_larger_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    head.prove_head()
    monkeypatch.setattr(head, "MEAN_MAX", 1 << 20)
    with pytest.raises(ExactnessError, match="means"):
        head.prove_head()


def test_layers_are_proved_below_the_bound_of_their_carrier(network: Variant, weights: Any) -> None:
    for layer in load_layers(network, weights(network)):
        for group in layer:
            assert group.carriers == (np.float32,)
            assert group.bounds[0] < 1 << 24


def test_weights_of_another_network_are_refused(weights: Any) -> None:
    variant = VARIANTS["grey-mixture"]
    good = weights(variant)
    name = "block1.up.0.weight"
    missing = {k: v for k, v in good.tensors.items() if k != name}
    with pytest.raises(WeightsError, match="not weights of the mixture network for 1 channels"):
        load_layers(variant, Weights(good.name, good.digest, missing))
    with pytest.raises(WeightsError, match=r"block1\.up\.0\.weight"):
        load_layers(variant, changed(good, name, good.tensors[name][:, 1:]))
    with pytest.raises(WeightsError, match="int32"):
        load_layers(variant, changed(good, name, good.tensors[name].astype(np.int32)))


def test_a_shift_of_zero_is_refused(weights: Any) -> None:
    variant = VARIANTS["grey-mixture"]
    good = weights(variant)
    with pytest.raises(WeightsError, match="shift"):
        load_layers(variant, changed(good, "first.0.shift", np.zeros_like(good.tensors["first.0.shift"])))
