"""How much the exact export costs: code length of the integer model against the entropy of the float network.

    python -m neuroc_italic.evaluation --data DIR --float FILE --weights FILE [--steps N]

compares them on a tile from the middle of every 8-bit RGB picture below DIR (grey networks: on its luma).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from neuroc import read_picture, safetensors
from neuroc.api import Spec, Weights, digest
from neuroc.distributions import estimate_bits
from neuroc.engines.numpy import NumpyEngine
from neuroc.train.pictures import luma, middle

from .base import Layout, base_picture
from .codec import CODEC, Params
from .floatnet import FloatNetwork, Seen
from .model import STATE_STEPS
from .network import STREAM, VARIANTS
from .schedule import LARGEST_TILE, order
from .training import bits

STEPS = 8


def compare(
    network: FloatNetwork, exported: bytes, tiles: Iterable[NDArray[np.uint8]], steps: int = STEPS
) -> list[tuple[float, float]]:
    """For each tile (H, W, C) the bpsp of the exported integer model and of the float network, base not counted."""
    tensors, _ = safetensors.parse(exported)
    weights = Weights(network.variant.name, digest(exported), tensors)
    network.eval()
    return [(_exact(network, weights, t, steps) / t.size, _float(network, t, steps) / t.size) for t in tiles]


def _exact(network: FloatNetwork, weights: Weights, tile: NDArray[np.uint8], steps: int) -> float:
    height, width, channels = tile.shape
    spec, params = Spec(height, width, channels, 8), Params(steps=steps, base="dct" if network.variant.base else "none")
    model = CODEC.model(weights, NumpyEngine(), spec, params)
    planes, _ = model.analyse(tile[None], spec, params)
    (coded,) = model.intervals(planes, spec, params)
    own = 2 * Layout.of(height, width).symbols if network.variant.base else 0  # digits of the base picture come first
    return estimate_bits(coded.freq[own:])


@torch.no_grad()
def _float(network: FloatNetwork, tile: NDArray[np.uint8], steps: int) -> float:
    height, width, _ = tile.shape
    x = torch.from_numpy(tile.transpose(2, 0, 1)[None].astype(np.float32))
    base = None
    if network.variant.base:
        picture = base_picture(tile[None].astype(np.int32), Params().base_quality)
        base = torch.from_numpy(picture.transpose(0, 3, 1, 2).astype(np.float32))
    plan = order(steps, height, width)
    state = torch.zeros(1, STREAM, height // 2, width // 2)
    known = torch.zeros(height * width)
    total = 0.0
    for number, (begin, end) in enumerate(pairwise((0, *plan.ends))):
        if number % STATE_STEPS == 0:
            state = torch.zeros_like(state)
        sites = torch.from_numpy(plan.sites[begin:end])
        seen = Seen(x, known.view(1, 1, height, width), base)
        b, i, j = torch.zeros_like(sites), sites // width, sites % width
        inputs, prediction = seen.pixels(b, i, j)
        state, first = network(seen.cells(torch.tensor([begin / (height * width)])), state)
        outputs = network.outputs(state, first, b, i, j, inputs)
        total += float(bits(outputs, prediction, x[b, :, i, j]).double().sum())
        known[sites] = 1
    return total


def main(arguments: Sequence[str] | None = None) -> None:
    """The command of the module docstring; prints one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--float", dest="floats", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args(arguments)
    arrays, meta = safetensors.parse(options.floats.read_bytes(), str(options.floats))
    network = FloatNetwork(VARIANTS[meta["name"]])
    network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in arrays.items()})
    found = [p for p in (read_picture(f) for f in sorted(options.data.glob("*.[pw]*"))) if p.mode == "RGB"]
    convert = luma if network.variant.channels == 1 else np.asarray
    tiles = [middle(convert(p.samples), LARGEST_TILE, 4) for p in found]
    exact, real = np.mean(compare(network, options.weights.read_bytes(), tiles, options.steps), axis=0)
    print(
        json.dumps(
            {
                "network": meta["name"],
                "tiles": len(tiles),
                "steps": options.steps,
                "float_bpsp": round(float(real), 4),
                "exported_bpsp": round(float(exact), 4),
                "loss_percent": round(100 * float(exact / real - 1), 3),
            }
        )
    )


if __name__ == "__main__":
    main()
