"""Up and down the levels: analysis, which only encoders run, and synthesis (SPEC section 16.3).

picture --analysis--> (y, h) of the levels 1, 2, 3, 4          y: strided convolution, h: block
core d --> [latent q --embed--> + d] --> block g --> up --> d of the next finer level ... --> features, picture
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Activations, add, beside, convolve, finer, run_block
from .layers import Layers
from .network import LEVELS, PIXEL

Ints = NDArray[np.int32]
Seen = tuple[Activations, Activations]  # y and h of a level


@dataclass(frozen=True, slots=True, eq=False)
class Synthesis:
    """What synthesis says of each pixel."""

    features: Activations  # (B, H16, W16, PIXEL)
    picture: Ints  # (B, H16, W16, C) the predicted one relative to the middle, in 1/16 of a unit


def analyse(layers: Layers, x: Activations) -> dict[int, Seen]:
    """Features of the levels, for a picture (B, H16, W16, C) of layers.PICTURE."""
    found: dict[int, Seen] = {}
    for level in range(1, LEVELS + 1):
        y = convolve(layers.downs[level], x, 2, 2)
        h = run_block(layers.analysis[level], layers.attention, y)
        found[level] = y, h
        if level < LEVELS:
            x = beside(y, h)
    return found


def synthesise(
    layers: Layers, batch: int, places: tuple[int, int]
) -> Generator[tuple[int, Activations], Ints, Synthesis]:
    """From the core's (rows, columns) to the pixels: yields each level that has latents with its d, gets the latents.

    Latents are (B, h, w, z).
    """
    d: Any = np.empty((batch, *places, len(layers.core)), dtype=np.float32)
    d[...] = layers.core
    for level in range(LEVELS, 0, -1):
        if level in layers.latents:
            latents = yield level, d
            add(d, convolve(layers.embeds[level], latents.astype(np.float32)))
        g = run_block(layers.synthesis[level], layers.attention, d)
        if level > 1:
            d = finer(layers.ups[level], d, g)
    out = finer(layers.pixel, d, g)
    picture = out[..., PIXEL:].astype(np.int32)
    return Synthesis(out[..., :PIXEL], picture)


def choose(layers: Layers, level: int, seen: dict[int, Seen], d: Activations) -> Ints:
    """The latents (B, h, w, z) of a level: rounded outputs of a layer that sees the picture."""
    result: Ints = convolve(layers.latents[level], beside(*seen[level], d)).astype(np.int32)
    return result
