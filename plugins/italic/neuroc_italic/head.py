"""From the head's outputs to mixtures (SPEC section 15.5).

Means are the prediction plus what the network says; the couplings multiply the differences between the samples of
the channels before and their predictions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroc.api import CoupledMixtures, prove_coupled

from .network import LEVEL_BITS, MEAN_BITS, MIXTURES, Variant

Ints = NDArray[np.int32]

FINER = MEAN_BITS - LEVEL_BITS  # from quarter levels to 1/16


def prove_head(variant: Variant, bits: int, largest_unit: int) -> None:
    """Bound every integer of Head from the clamps of the outputs; raises ExactnessError if one does not fit."""
    lo, hi = variant.head_clamps()
    largest = np.maximum(np.abs(lo), np.abs(hi))
    n = MIXTURES * variant.channels
    top = ((1 << max(8, bits)) - 1) << MEAN_BITS
    # With a base picture the prediction is that and a mean of differences to it.
    centre = (-top, 2 * top) if variant.base else (0, top)
    offset, coupling = int(largest[:n].max()), int(largest[3 * n :].max(initial=0))
    prove_coupled(variant.name, variant.channels, offset, coupling, centre, bits, largest_unit)


class Head(CoupledMixtures):
    """The distributions of one step's pixels, channel by channel."""

    def __init__(self, variant: Variant, outputs: Ints, prediction: Ints, bits: int, unit: int) -> None:
        """outputs: (n, variant.outputs); prediction: (n, C) quarter levels."""
        super().__init__(outputs, prediction << np.int32(FINER), MIXTURES, bits, unit)

    def mean(self, channel: int) -> Ints:
        """The mixture's mean (n,) in quarter levels, rounded and within the range of samples."""
        weights = self.weights(channel).astype(np.int64)
        weights[:, 0] += (1 << 14) - weights.sum(axis=1)
        mean = ((weights * self.means(channel)).sum(axis=1) + (1 << 15)) >> 16
        result: Ints = np.clip(mean, 0, self._top).astype(np.int32)
        return result

    @property
    def _top(self) -> int:
        return ((1 << max(8, self.bits)) - (1 << max(0, 8 - self.bits))) << LEVEL_BITS

    def know(self, samples: Ints) -> None:
        """Take the samples (n,) of the next channel, in quarter levels."""
        super().know(samples << np.int32(FINER))
