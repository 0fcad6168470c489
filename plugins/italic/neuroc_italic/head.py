"""From the head's outputs to mixtures (SPEC section 15.5).

Means are the prediction plus what the network says; the couplings multiply the differences between the samples of
the channels before and their predictions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroc.api import ExactnessError, Mixture, mean_limit, mixture_weights

from .network import LEVEL_BITS, MEAN_BITS, MIXTURES, Variant

Ints = NDArray[np.int32]

PULL_BITS = 6  # coupling in 1/256 times quarter levels, to 1/16 of a level


def prove_head(variant: Variant, bits: int, largest_unit: int) -> None:
    """Bound every int32 of Head from the clamps of the outputs; raises ExactnessError if one does not fit."""
    lo, hi = variant.head_clamps()
    largest = np.maximum(np.abs(lo), np.abs(hi))
    n = MIXTURES * variant.channels
    top = ((1 << max(8, bits)) - 1) << LEVEL_BITS  # of samples and predictions, and of their differences
    if variant.base:  # the prediction is the base picture and a mean of differences to it: -top .. 2 * top
        top *= 2
    offset = int(largest[:n].max()) << (largest_unit if bits > 8 else 0)
    pulled = (variant.channels - 1) * int(largest[3 * n :].max(initial=0)) * top + 32
    centre = top << (MEAN_BITS - LEVEL_BITS)
    if pulled >= 1 << 31 or centre + offset + (pulled >> PULL_BITS) >= mean_limit(bits):
        raise ExactnessError(f"the means of {variant.name} do not fit their type at {bits} bits")


class Head:
    """The distributions of one step's pixels, channel by channel."""

    def __init__(self, variant: Variant, outputs: Ints, prediction: Ints, bits: int, unit: int) -> None:
        """outputs: (n, variant.outputs); prediction: (n, C) quarter levels."""
        n = MIXTURES * variant.channels
        shape = (len(outputs), variant.channels, MIXTURES)
        self._bits, self._unit = bits, unit
        self._prediction = prediction
        centre = (prediction << np.int32(MEAN_BITS - LEVEL_BITS))[:, :, None]
        self._means = (outputs[:, :n].reshape(shape) << np.int32(max(0, unit))) + centre
        self._scales = outputs[:, n : 2 * n].reshape(shape)
        self._logits = outputs[:, 2 * n : 3 * n].reshape(shape)
        self._couplings = outputs[:, 3 * n :].reshape(len(outputs), -1, MIXTURES)
        self._known: list[Ints] = []

    def mixture(self, channel: int) -> Mixture:
        """The distribution of ``channel``; the channels before it must have been given to ``know``."""
        return Mixture(
            mixture_weights(self._logits[:, channel]),
            self._centres(channel),
            self._scales[:, channel],
            self._bits,
            self._unit,
        )

    def mean(self, channel: int) -> Ints:
        """The mixture's mean (n,) in quarter levels, rounded and within the range of samples."""
        weights = mixture_weights(self._logits[:, channel]).astype(np.int64)
        weights[:, 0] += (1 << 14) - weights.sum(axis=1)
        mean = ((weights * self._centres(channel)).sum(axis=1) + (1 << 15)) >> 16
        result: Ints = np.clip(mean, 0, self._top).astype(np.int32)
        return result

    @property
    def _top(self) -> int:
        return ((1 << max(8, self._bits)) - (1 << max(0, 8 - self._bits))) << LEVEL_BITS

    def _centres(self, channel: int) -> Ints:
        means: Ints = self._means[:, channel]
        if channel:
            first = channel * (channel - 1) // 2  # row of the coefficients: 0 for G, 1 and 2 for B
            pulled = sum(self._couplings[:, first + c] * known for c, known in enumerate(self._known))
            means = means + ((pulled + np.int32(1 << (PULL_BITS - 1))) >> np.int32(PULL_BITS))
        return means

    def know(self, samples: Ints) -> None:
        """Take the samples (n,) of the next channel, in quarter levels."""
        self._known.append((samples - self._prediction[:, len(self._known)])[:, None])
