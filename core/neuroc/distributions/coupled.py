"""Mixtures of the channels of a pixel, each drawn along by those before it (SPEC section 15.5).

    mean = prediction + offset + sum over the channels before: coupling * (sample - its prediction)

Samples and predictions are in quarter levels, of 8 bits where the samples have fewer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ExactnessError
from .mixture import Mixture, mean_limit, mixture_weights

Ints = NDArray[np.int32]

LEVEL_BITS = 2  # samples and predictions are in quarter levels
MEAN_BITS = 4  # means in 1/16
PULL_BITS = 6  # coupling in 1/256 times quarter levels, to 1/16 of a level


def top_level(bits: int) -> int:
    """The largest prediction of samples of ``bits`` bits, in quarter levels."""
    return ((1 << max(8, bits)) - 1) << LEVEL_BITS


def prove_coupled(channels: int, offset: int, coupling: int, bits: int, largest_unit: int) -> None:
    """Bound every int32 of CoupledMixtures, for predictions from 0 to ``top_level``.

    offset, coupling: what the outputs do not exceed in magnitude. Raises ExactnessError.
    """
    top = top_level(bits)  # of samples and predictions, and of their differences
    widest = offset << (largest_unit if bits > 8 else 0)
    pulled = (channels - 1) * coupling * top + (1 << PULL_BITS >> 1)
    centre = top << (MEAN_BITS - LEVEL_BITS)
    if pulled >= 1 << 31 or centre + widest + (pulled >> PULL_BITS) >= mean_limit(bits):
        raise ExactnessError(f"the means of {channels} coupled channels do not fit their type at {bits} bits")


class CoupledMixtures:
    """The distributions of n pixels, channel by channel, from a network's outputs."""

    def __init__(self, outputs: Ints, prediction: Ints, components: int, bits: int, unit: int) -> None:
        """outputs: (n, all), rows of means, scales and logits by channel, then of couplings: G from R, B from R and G.

        prediction: (n, C) quarter levels. A unit is 2**unit levels, unit = bits - 8 for up to 8 bits.
        """
        channels = prediction.shape[1]
        n = components * channels
        shape = (len(outputs), channels, components)
        self.bits, self.unit = bits, unit
        self._prediction = prediction
        centre = (prediction << np.int32(MEAN_BITS - LEVEL_BITS))[:, :, None]
        self._means = (outputs[:, :n].reshape(shape) << np.int32(max(0, unit))) + centre
        self._scales = outputs[:, n : 2 * n].reshape(shape)
        self._logits = outputs[:, 2 * n : 3 * n].reshape(shape)
        self._couplings = outputs[:, 3 * n :].reshape(len(outputs), -1, components)
        self._known: list[Ints] = []

    def mixture(self, channel: int) -> Mixture:
        """The distribution of ``channel``; the channels before it must have been given to ``know``."""
        return Mixture(self.weights(channel), self.means(channel), self._scales[:, channel], self.bits, self.unit)

    def weights(self, channel: int) -> Ints:
        """Weights (n, K) as of mixture_weights."""
        return mixture_weights(self._logits[:, channel])

    def means(self, channel: int) -> Ints:
        """Means (n, K) in 1/16 of a level."""
        means: Ints = self._means[:, channel]
        if channel:
            first = channel * (channel - 1) // 2  # row of the coefficients: 0 for G, 1 and 2 for B
            pulled = sum(self._couplings[:, first + c] * known for c, known in enumerate(self._known))
            means = means + ((pulled + np.int32(1 << PULL_BITS >> 1)) >> np.int32(PULL_BITS))
        return means

    def know(self, samples: Ints) -> None:
        """Take the samples (n,) of the next channel, in quarter levels."""
        self._known.append((samples - self._prediction[:, len(self._known)])[:, None])
