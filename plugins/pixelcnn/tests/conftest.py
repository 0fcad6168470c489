"""Networks with random weights, for tests of what holds for any weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroc.api import Engine, Network, Weights
from neuroc.engines.numpy import NumpyEngine
from neuroc.exact.probe import Dense
from neuroc.exact.window import Taps
from neuroc_pixelcnn.context import CENTRE
from neuroc_pixelcnn.layers import load_layers
from neuroc_pixelcnn.model import MaskedModel
from neuroc_pixelcnn.network import Variant
from neuroc_pixelcnn.stages import Evaluator

BESIDE: Taps = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0))  # 3 x 3, mask B

# Small networks of every kind, two of them with blocks that read the features of neighbours.
NETWORKS = {
    v.name: v
    for v in (
        Variant("softmax", "softmax", (6, 5, 4), (5, 4, 3), (CENTRE,) * 2),
        Variant("mixture", "mixture", (6, 5, 4), (5, 4, 3), (CENTRE,) * 2),
        Variant("grey", "mixture", (7,), (6,), (CENTRE,)),
        Variant("softmax-3x3", "softmax", (5, 4, 3), (4, 3, 3), (CENTRE, BESIDE, BESIDE)),
        Variant("grey-3x3", "mixture", (7,), (6,), (BESIDE,)),
    )
}


def random_weights(variant: Variant, seed: int = 0) -> Weights:
    """Tensors (SPEC section 14.6) that keep most activations inside their range."""
    g = np.random.Generator(np.random.PCG64(seed))
    tensors: dict[str, NDArray[Any]] = {}
    for layer in variant.layers:
        for group, (inputs, outputs) in enumerate(zip(layer.inputs, layer.outputs, strict=True)):
            tensors[f"{layer.name}.{group}.weight"] = g.integers(-90, 91, (outputs, inputs)).astype(np.int16)
            tensors[f"{layer.name}.{group}.bias"] = g.integers(-20000, 20000, outputs).astype(np.int32)
            tensors[f"{layer.name}.{group}.shift"] = g.integers(7, 10, outputs).astype(np.uint8)
    return Weights(variant.name, seed.to_bytes(16, "big"), tensors)


class CountingEngine:
    """The numpy engine, counting the multiply-accumulates that it is asked for."""

    id, device = "counting", "cpu"

    def __init__(self) -> None:
        self.macs = 0

    def prepare(self, network: Network) -> Dense:
        dense = NumpyEngine().prepare(network)

        def counting(x: NDArray[np.int32]) -> NDArray[np.int32]:
            self.macs += len(x) * network.macs
            return dense(x)

        return counting


Build = Callable[..., MaskedModel]


@pytest.fixture(scope="session")
def build() -> Build:
    """The model of a variant with random weights: ``build(variant, engine=None, seed=0)``."""

    def build_(variant: Variant, engine: Engine | None = None, seed: int = 0) -> MaskedModel:
        layers = load_layers(variant, random_weights(variant, seed))
        return MaskedModel(variant, Evaluator(variant, layers, engine or NumpyEngine()))

    return build_


@pytest.fixture(scope="session")
def weights() -> Callable[[Variant], Weights]:
    """Random weights of a variant."""
    return random_weights


@pytest.fixture
def counting_engine() -> CountingEngine:
    """An engine that has done nothing yet."""
    return CountingEngine()


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Variant:
    """Each of NETWORKS."""
    return NETWORKS[request.param]
