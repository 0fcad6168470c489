"""How much the exact export costs: code length of the integer model against the entropy of the float network.

    python -m neuroc_pixelcnn.evaluation --data DIR[:TILE] --float FILE --weights FILE [--count N]

compares them on N 8-bit RGB pictures below DIR, evenly spread (grey networks: on their luma).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from neuroc import safetensors
from neuroc.api import Spec, Weights, digest
from neuroc.distributions import estimate_bits
from neuroc.engines.numpy import NumpyEngine
from neuroc.exact.window import neighbours
from neuroc.train.pictures import read_pictures
from neuroc.training import DataFolder

from .codec import CODEC, Params
from .model import MaskedModel
from .network import VARIANTS
from .training import FloatNetwork, bits, network_inputs

BLOCK = 1 << 14  # pixels that the float network evaluates at a time


def luma(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) to (H, W, 1) by ITU-R BT.601, rounded."""
    weights = np.array([299, 587, 114], dtype=np.int32)
    grey = (picture.astype(np.int32) @ weights + 500) // 1000
    return grey.astype(np.uint8)[:, :, None]


def compare(network: FloatNetwork, exported: bytes, pictures: Iterable[NDArray[np.uint8]]) -> list[tuple[float, float]]:
    """For each picture (H, W, C) the bpsp of the exported integer model and of the float network, no grid."""
    variant = network.variant
    tensors, _ = safetensors.parse(exported)
    weights = Weights(variant.name, digest(exported), tensors)
    params = Params(head=variant.head, set="auto" if variant.channels == 1 else variant.name.split("-")[0])
    model = CODEC.model(weights, NumpyEngine(), Spec(1, 1, variant.channels, 8), params)
    grids, network.grids = network.grids, None
    results = [(_exact(model, p, params) / p.size, _float(network, p) / p.size) for p in pictures]
    network.grids = grids
    return results


def _exact(model: MaskedModel, picture: NDArray[np.uint8], params: Params) -> float:
    height, width, channels = picture.shape
    spec = Spec(height, width, channels, 8)
    planes, _ = model.analyse(picture[None], spec, params)
    (coded,) = model.intervals(planes, spec, params)
    return estimate_bits(coded.freq)


@torch.no_grad()
def _float(network: FloatNetwork, picture: NDArray[np.uint8]) -> float:
    height, width, channels = picture.shape
    variant = network.variant
    flat = np.concatenate([picture.reshape(-1, channels), np.full((1, channels), 128, dtype=np.uint8)])
    total = 0.0
    for begin in range(0, height * width, BLOCK):
        pixels = np.arange(begin, min(begin + BLOCK, height * width), dtype=np.int64)
        i, j = np.divmod(pixels, width)
        window = flat[neighbours(i, j, height, width, variant.taps)]
        target = torch.from_numpy(flat[pixels])
        inputs, prediction = network_inputs(variant, torch.from_numpy(window), target)
        total += float(bits(variant, network(inputs), prediction, target).double().sum())
    return total


def main(arguments: Sequence[str] | None = None) -> None:
    """The command of the module docstring; prints one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=DataFolder.parse, required=True)
    parser.add_argument("--float", dest="floats", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--count", type=int, default=250)
    options = parser.parse_args(arguments)
    arrays, meta = safetensors.parse(options.floats.read_bytes(), str(options.floats))
    network = FloatNetwork(VARIANTS[meta["name"]])
    network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in arrays.items()})
    found = read_pictures(options.data)
    found = found[:: max(1, len(found) // options.count)]
    convert = luma if network.variant.channels == 1 else np.ascontiguousarray
    results = compare(network, options.weights.read_bytes(), (convert(p) for p in found))
    exact, real = np.mean(results, axis=0)
    print(
        json.dumps(
            {
                "network": meta["name"],
                "pictures": len(results),
                "float_bpsp": round(float(real), 4),
                "exported_bpsp": round(float(exact), 4),
                "loss_percent": round(100 * float(exact / real - 1), 3),
            }
        )
    )


if __name__ == "__main__":
    main()
