"""The network as data: variants, levels, layers, clamps of the heads (SPEC section 16.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .passes import PASSES, TAPS, has_taps

LEVELS = 4  # level l has 1 / 2**l of the resolution; the last is the core
CORE = LEVELS
KEY, VALUE = 16, 32  # features of queries and keys, and of values, at the core
KEY_MAX = 1023  # of queries and keys: 16 * 1023**2 is just below 2**24
PIXEL = 32  # features that a cell of the first level gives to each of its four pixels

MIXTURES = 3  # components of a sample's distribution
LATENT_MIXTURES = 2  # and of a latent's
LATENT_MAX = 127  # latents are within +-127, coded as symbols of 8 bits
LATENT_ZERO = 128  # the symbol of a latent of 0

FRACTION = 8  # fraction bits of every activation
LIMIT = 8  # activations are within +-8, rectified ones within 0..8
ACTIVATION_MAX = (LIMIT << FRACTION) - 1
LATENT_FRACTION = 3  # a latent counts as so many fraction bits where it enters the network

LEVEL_BITS = 2  # fraction bits of the picture that analysis sees, in levels of 8 bits
DIFFERENCE_MAX = 255 << LEVEL_BITS
MIDDLE = 128 << LEVEL_BITS  # what it is relative to

# Fraction bits and clamps of the four kinds of head outputs.
MEAN_BITS, MEAN_MAX = 4, 16383  # 1/16 of a level
SCALE_BITS, SCALE_MIN, SCALE_MAX = 7, -7 * 128, 5 * 128  # log2 of the inverse scale, in 1/128
LOGIT_BITS, LOGIT_MAX = 8, 4095  # log2 of the weight, in 1/256
COUPLING_BITS, COUPLING_MAX = 8, 1023  # 1/256


@dataclass(frozen=True, slots=True)
class Shape:
    """A layer: inputs are ``inputs`` features at ``taps`` places, row by row."""

    inputs: int
    outputs: int
    taps: int = 1

    @property
    def columns(self) -> int:
        return self.inputs * self.taps


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the networks."""

    name: str
    channels: int
    widths: tuple[int, int, int, int]  # features of the levels, finest first
    latents: tuple[int, int, int, int]  # latents of a cell of each level
    hidden: tuple[int, int]  # hidden layers of a head

    def width(self, level: int) -> int:
        return self.widths[level - 1]

    def latent(self, level: int) -> int:
        return self.latents[level - 1]

    @property
    def couplings(self) -> int:
        """Coefficients per mixture component: G from R, B from R, B from G."""
        return self.channels * (self.channels - 1) // 2

    @property
    def outputs(self) -> int:
        return MIXTURES * (3 * self.channels + self.couplings)

    def head_inputs(self, passes: int, number: int) -> int:
        """Inputs of the head of one pass: features, prediction, its distance from the centre, neighbours."""
        around = self.channels * (1 + TAPS) if has_taps(passes, number) else 0
        return PIXEL + around + self.channels

    @property
    def layers(self) -> dict[str, Shape]:
        """All layers by name, in the order of evaluation: analysis, synthesis, heads."""
        layers: dict[str, Shape] = {}
        for level in range(1, LEVELS + 1):
            w = self.width(level)
            below = 2 * self.width(level - 1) if level > 1 else self.channels
            layers |= {f"analysis{level}.down": Shape(below, w, 4)} | self._block(f"analysis{level}", level)
        for level in range(LEVELS, 0, -1):
            w, z, name = self.width(level), self.latent(level), f"synthesis{level}"
            layers |= {
                f"{name}.latent": Shape(3 * w, z),
                f"{name}.prior": Shape(w, w),
                f"{name}.tables": Shape(w, 3 * LATENT_MIXTURES * z),
                f"{name}.embed": Shape(z, w),
            }
            layers |= self._block(name, level)
            if level > 1:
                layers[f"{name}.up"] = Shape(2 * w, 4 * self.width(level - 1))
        layers["pixel"] = Shape(2 * self.width(1), 4 * (PIXEL + self.channels))
        first, second = self.hidden
        for passes in PASSES:
            for number in range(passes):
                layers |= {
                    f"head{passes}.{number}.0": Shape(self.head_inputs(passes, number), first),
                    f"head{passes}.{number}.1": Shape(first, second),
                    f"head{passes}.{number}.2": Shape(second, self.outputs),
                }
        return layers

    def _block(self, name: str, level: int) -> dict[str, Shape]:
        w = self.width(level)
        layers = {f"{name}.conv0": Shape(w, w, 9), f"{name}.conv1": Shape(w, w, 9)}
        if level == CORE:
            layers |= {
                f"{name}.query": Shape(w, KEY),
                f"{name}.key": Shape(w, KEY),
                f"{name}.value": Shape(w, VALUE),
                f"{name}.attended": Shape(VALUE, w),
            }
        return layers

    @property
    def parameters(self) -> int:
        return sum(s.columns * s.outputs + s.outputs for s in self.layers.values()) + self.width(CORE)

    def head_clamps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Lowest and highest value of each output (outputs,): means, scales, logits, couplings."""
        return _clamps(MIXTURES * self.channels, MIXTURES * self.couplings)

    def table_clamps(self, level: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The same of a latent's distribution: means, scales, logits."""
        return _clamps(LATENT_MIXTURES * self.latent(level), 0)


def _clamps(n: int, couplings: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    counts = (n, n, n, couplings)
    lo = np.repeat(np.array([-MEAN_MAX, SCALE_MIN, -LOGIT_MAX, -COUPLING_MAX], dtype=np.int64), counts)
    hi = np.repeat(np.array([MEAN_MAX, SCALE_MAX, LOGIT_MAX, COUPLING_MAX], dtype=np.int64), counts)
    return lo, hi


VARIANTS = {
    v.name: v
    for v in (
        Variant("rgb", 3, (40, 56, 72, 80), (4, 6, 8, 12), (112, 80)),
        Variant("grey", 1, (32, 48, 64, 64), (3, 4, 6, 8), (80, 56)),
    )
}
