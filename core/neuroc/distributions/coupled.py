"""Mixtures of the channels of a pixel, each drawn along by those before it (SPEC sections 15.5 and 16.5).

    mean = centre + offset + sum over the channels before: coupling * (sample - its centre)

Samples, centres and means are in 1/16 of a level, of 8 bits where the samples have fewer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ExactnessError
from .mixture import Mixture, mean_limit, mixture_weights

Ints = NDArray[np.int32]

MEAN_BITS = 4  # fraction bits of a level
COUPLING_BITS = 8  # couplings are in 1/256


def prove_coupled(
    name: str, channels: int, offset: int, coupling: int, centre: tuple[int, int], bits: int, unit: int
) -> None:
    """Bound every integer of CoupledMixtures; raises ExactnessError if one does not fit its type.

    name: of the network. offset, coupling: what the outputs do not exceed in magnitude. centre: the range of centres
    in 1/16 of a level. unit: the largest there is, for more than 8 bits.
    """
    top = ((1 << max(8, bits)) - 1) << MEAN_BITS
    difference = max(top - centre[0], centre[1])
    pulled = (channels - 1) * coupling * difference + (1 << COUPLING_BITS >> 1)
    mean = max(-centre[0], centre[1]) + (offset << (unit if bits > 8 else 0)) + (pulled >> COUPLING_BITS)
    if pulled >= 1 << (31 if bits <= 8 else 63) or mean >= mean_limit(bits):
        raise ExactnessError(f"the means of {name} do not fit their type at {bits} bits")


class CoupledMixtures:
    """The distributions of n pixels, channel by channel, from a network's outputs."""

    def __init__(self, outputs: Ints, centre: Ints, components: int, bits: int, unit: int) -> None:
        """outputs: (n, all), rows of means, scales and logits by channel, then of couplings: G from R, B from R and G.

        centre: (n, C) 1/16 of a level. A unit is 2**unit levels, unit = bits - 8 for up to 8 bits.
        """
        channels = centre.shape[1]
        n = components * channels
        shape = (len(outputs), channels, components)
        self.bits, self.unit = bits, unit
        self._type: Any = np.int32 if bits <= 8 else np.int64
        self._centre = centre
        self._means = (outputs[:, :n].reshape(shape) << np.int32(max(0, unit))) + centre[:, :, None]
        self._scales = outputs[:, n : 2 * n].reshape(shape)
        self._logits = outputs[:, 2 * n : 3 * n].reshape(shape)
        self._couplings = outputs[:, 3 * n :].reshape(len(outputs), -1, components)
        self._known: list[NDArray[Any]] = []

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
            pulled = (pulled + self._type(1 << COUPLING_BITS >> 1)) >> self._type(COUPLING_BITS)
            means = means + pulled.astype(np.int32)
        return means

    def know(self, samples: Ints) -> None:
        """Take the samples (n,) of the next channel, in 1/16 of a level."""
        self._known.append((samples - self._centre[:, len(self._known)]).astype(self._type)[:, None])
