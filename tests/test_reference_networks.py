"""Networks with weights at the ends of their types, where everything saturates: neuroc and the reference decoder agree.

Trained weights, and so the conformance vectors, hardly ever reach a clamp.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import italic
import pixelcnn
import unet
from coders import CODERS
from distributions import Samples
from header import Header
from neuroc.api import Spec, Weights
from neuroc.coder import get_coder
from neuroc.driver import decode_items, encode_items, encode_steps
from neuroc.engines import get_engine
from neuroc.models import open_codec, weights_name
from neuroc.weights import resolve_weights
from weightfile import TYPES

pytest.importorskip("neuroc_italic")
pytest.importorskip("neuroc_pixelcnn")
pytest.importorskip("neuroc_unet")

ENDS = {"weight": (-(1 << 15), (1 << 15) - 1), "bias": (-(1 << 31), (1 << 31) - 1), "shift": (1, 19)}
NAMES = {np.dtype(v): k for k, v in TYPES.items()}
DCT = {"base": "dct", "base_quality": 8}


def wild(weights: Weights, random: np.random.Generator) -> Weights:
    """Noise in the place of every tensor."""
    tensors = {}
    for name, tensor in weights.tensors.items():
        low, high = ENDS.get(name.rpartition(".")[2], (-2047, 2047))  # of what is no part of a layer: unet's core
        tensors[name] = random.integers(low, high, tensor.shape, endpoint=True).astype(tensor.dtype)
    return Weights(weights.name, weights.digest, tensors)


@pytest.mark.parametrize(
    ("codec", "channels", "bits", "params", "stated"),
    [
        ("italic", 3, 8, {"steps": 3}, {0: 3}),
        ("italic", 3, 16, {"steps": 3, "unit": 8, **DCT}, {0: 3, 1: 8, 2: "dct", 3: 8}),
        ("italic", 1, 2, {"steps": 3}, {0: 3}),
        ("pixelcnn", 3, 8, {}, {}),
        ("pixelcnn", 3, 8, {"head": "mixture"}, {0: "mixture"}),
        ("unet", 3, 8, {"passes": 1}, {0: 1}),
        ("unet", 3, 16, {"unit": 8}, {1: 8}),
        ("unet", 1, 2, {"passes": 4}, {0: 4}),
    ],
)
def test_saturated_networks_agree(
    codec: str, channels: int, bits: int, params: dict[str, Any], stated: dict[int, Any]
) -> None:
    reference: Any = {"italic": italic, "pixelcnn": pixelcnn, "unet": unet}[codec]
    random = np.random.Generator(np.random.PCG64(bits + channels))
    loaded, spec, coder = open_codec(codec, params), Spec(9, 14, channels, bits), get_coder("rans24")
    weights = wild(resolve_weights(codec, weights_name(loaded, spec)), random)
    model: Any = loaded.codec.model(weights, get_engine("numpy"), spec, loaded.params)  # type: ignore[union-attr]
    x = np.where(random.random((1, 9, 14, channels)) < 0.3, (1 << bits) - 1, 0)
    x = x.astype(np.uint16 if bits == 16 else np.uint8)
    [item] = encode_items(model, x, spec, loaded.params, coder)
    assert encode_steps(model, x, spec, loaded.params, coder) == [item]
    assert np.array_equal(decode_items(model, [item], spec, loaded.params, coder), x)

    header = Header(codec, 1, (), "rans24", "exact", stated, 64, b"", "")
    [name] = reference.plan(header, [(channels, "colour")], bits)
    network = reference.load(name, {k: (NAMES[t.dtype.newbyteorder("<")], t) for k, t in weights.tensors.items()})
    samples = Samples(CODERS["rans24"], item, bits)
    assert np.array_equal(reference.decode(name, network, header, (9, 14), channels, samples), x[0])
    samples.end()
