"""How much the exact export costs: code length of the integer model against the entropy of the float network.

    python -m neuroc_unet.evaluation --data DIR --float FILE --weights FILE [--passes N] [--side N]

compares them on a tile from the middle of every 8-bit RGB picture below DIR (grey networks: on its luma), and tells the
share of the latents and the bits by pass.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuroc import read_picture, safetensors
from neuroc.api import Spec, Weights, digest
from neuroc.distributions import estimate_bits
from neuroc.engines.numpy import NumpyEngine
from neuroc.train.pictures import luma, middle

from . import passes as plan
from .codec import CODEC, Params
from .export import read_network
from .floatnet import FloatNetwork
from .training import rate

LARGEST = 256  # pixels a side of the tiles that are compared
PASSES = Params().passes

U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shares:
    """Bits of a tile."""

    latents: tuple[float, ...]  # by level, from the core
    samples: tuple[float, ...]  # by pass

    @property
    def total(self) -> float:
        return sum(self.latents) + sum(self.samples)


def compare(
    network: FloatNetwork, exported: bytes, tiles: Iterable[U8], passes: int = PASSES
) -> list[tuple[float, float]]:
    """For each tile (H, W, C) the bpsp of the exported integer model and of the float network."""
    weights = weights_of(exported)
    found = []
    for tile in tiles:
        exact, real = exact_bits(weights, tile, passes), float_bits(network, tile, passes)
        found.append((exact.total / tile.size, real.total / tile.size))
    return found


def weights_of(exported: bytes) -> Weights:
    """A weights file as the codec takes it."""
    tensors, meta = safetensors.parse(exported)
    return Weights(meta["name"], digest(exported), tensors)


def exact_bits(weights: Weights, tile: U8, passes: int) -> Shares:
    """Bits of a tile (H, W, C) by the integer model."""
    height, width, channels = tile.shape
    spec, params = Spec(height, width, channels, 8), Params(passes=passes)
    model = CODEC.model(weights, NumpyEngine(), spec, params)
    planes, _ = model.analyse(tile[None], spec, params)
    levels = [0.0] * (len(planes) - channels)
    samples = [0.0] * passes
    ends = list(accumulate(len(plan.sites(passes, n, height, width)) for n in range(passes)))
    done = 0
    generator = model.steps(spec, params, ())
    symbols: Any = None
    try:
        while True:
            step = generator.send(symbols)
            symbols = planes[step.plane][:, step.sites]
            bits = sum(estimate_bits(freq) for _, freq in step.dist.intervals(symbols.reshape(-1)))
            if step.plane >= channels:
                levels[step.plane - channels] += bits
                continue
            samples[int(np.searchsorted(ends, done, side="right"))] += bits
            done += len(step.sites) if step.plane == channels - 1 else 0
    except StopIteration:
        return Shares(tuple(levels), tuple(samples))


@torch.no_grad()
def float_bits(network: FloatNetwork, tile: U8, passes: int) -> Shares:
    """Bits of a tile (H, W, C), sides in multiples of 16, by the float network."""
    x = torch.from_numpy(tile.transpose(2, 0, 1)[None].astype(np.float32))
    found = rate(network, x, passes)
    return Shares(tuple(float(b) for b in found.latents.values()), tuple(float(b) for b in found.samples))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command of the module docstring; prints one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--float", dest="floats", type=Path, required=True, help="float weights or a checkpoint")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--passes", type=int, default=PASSES, choices=plan.PASSES)
    parser.add_argument("--side", type=int, default=LARGEST, help="pixels a side of the tiles, at most")
    options = parser.parse_args(arguments)
    network = read_network(options.floats)
    weights = weights_of(options.weights.read_bytes())
    convert = luma if network.variant.channels == 1 else np.asarray
    found = [p for p in (read_picture(f) for f in sorted(options.data.glob("*.[pw]*"))) if p.mode == "RGB"]
    tiles = [middle(convert(p.samples), options.side, 16) for p in found]
    exact = [exact_bits(weights, t, options.passes) for t in tiles]
    real = sum(float_bits(network, t, options.passes).total for t in tiles)
    size, total = sum(t.size for t in tiles), sum(s.total for s in exact)
    print(
        json.dumps(
            {
                "network": network.variant.name,
                "tiles": len(tiles),
                "passes": options.passes,
                "float_bpsp": round(real / size, 4),
                "exported_bpsp": round(total / size, 4),
                "loss_percent": round(100 * (total / real - 1), 3),
                "latents_bpsp": [round(float(b), 4) for b in np.sum([s.latents for s in exact], axis=0) / size],
                "passes_bpsp": [round(float(b), 4) for b in np.sum([s.samples for s in exact], axis=0) / size],
            }
        )
    )


if __name__ == "__main__":
    main()
