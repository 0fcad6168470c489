"""How much the exact export costs: code length of the integer model against the entropy of the float network.

    python -m neuroc_causal59k.evaluation --data DIR --float FILE --weights FILE

compares them on every 8-bit RGB picture below DIR (grey networks: on its luma).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from neuroc import read_picture, safetensors
from neuroc.api import Spec, Weights, digest
from neuroc.distributions import estimate_bits
from neuroc.engines.numpy import NumpyEngine
from neuroc.exact.window import neighbours

from .codec import CODEC, Params
from .network import VARIANTS, Variant
from .training import FloatNetwork, bits, split_context

BLOCK = 1 << 15  # pixels that the float network evaluates at a time


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
    grid, network.grid = network.grid, None
    results = [(_exact(variant, weights, p) / p.size, _float(network, p) / p.size) for p in pictures]
    network.grid = grid
    return results


def _exact(variant: Variant, weights: Weights, picture: NDArray[np.uint8]) -> float:
    params = Params(schedule="diagonal" if variant.context == "diagonal" else "wavefront")
    height, width, channels = picture.shape
    spec = Spec(height, width, channels, 8)
    model = CODEC.model(weights, NumpyEngine(), spec, params)
    planes, _ = model.analyse(picture[None], spec, params)
    (coded,) = model.intervals(planes, spec, params)
    return estimate_bits(coded.freq)


@torch.no_grad()
def _float(network: FloatNetwork, picture: NDArray[np.uint8]) -> float:
    height, width, channels = picture.shape
    flat = np.concatenate([picture.reshape(-1, channels), np.full((1, channels), 128, dtype=np.uint8)])
    total = 0.0
    for begin in range(0, height * width, BLOCK):
        pixels = np.arange(begin, min(begin + BLOCK, height * width), dtype=np.int64)
        i, j = np.divmod(pixels, width)
        context = neighbours(i, j, height, width, network.variant.taps)
        inputs, base = split_context(torch.from_numpy(flat[context]), *network.variant.centre)
        total += float(bits(network(inputs), base, torch.from_numpy(flat[pixels])).double().sum())
    return total


def main(arguments: Sequence[str] | None = None) -> None:
    """The command of the module docstring; prints one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--float", dest="floats", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    options = parser.parse_args(arguments)
    arrays, meta = safetensors.parse(options.floats.read_bytes(), str(options.floats))
    network = FloatNetwork(VARIANTS[meta["name"]])
    network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in arrays.items()})
    found = [p for p in (read_picture(f) for f in sorted(options.data.glob("*.[pw]*"))) if p.mode == "RGB"]
    convert = luma if network.variant.channels == 1 else np.asarray
    results = compare(network, options.weights.read_bytes(), (convert(p.samples) for p in found))
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
