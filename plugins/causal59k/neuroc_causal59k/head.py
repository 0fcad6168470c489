"""From network outputs to mixtures, and from neighbours to network inputs (SPEC section 12.3).

Everything is relative to the sum of the left and the upper neighbour, ``base``: inputs are 2 * neighbour - base,
means are base / 2 plus what the network says, and the couplings multiply 2 * sample - base of the channels that are
already known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroc.api import ExactnessError, Mixture, mean_limit, mixture_weights

from .network import INPUT_MAX, MIXTURES, Variant

Ints = NDArray[np.int32]

DEEP_BITS = 2  # more fraction bits of the inputs above 8 bits
COUPLING_SHIFT = 5  # from products of couplings and half levels to means


def input_limit(bits: int) -> int:
    """Largest |input| of the network."""
    return INPUT_MAX << (DEEP_BITS if bits > 8 else 0)


def network_inputs(neighbours: Ints, base: Ints, bits: int, unit: int) -> Ints:
    """Inputs (n, T*C) from neighbours (n, T, C) and base (n, C), in half units (with DEEP_BITS above 8 bits)."""
    d = 2 * neighbours - base[:, None]
    if bits > 8:
        d = ((d << DEEP_BITS) + np.int32((1 << unit) >> 1)) >> np.int32(unit)
        np.clip(d, -input_limit(bits), input_limit(bits), out=d)
    else:
        d <<= np.int32(8 - bits)
    return d.reshape(len(d), -1)


def prove_head(variant: Variant, bits: int, largest_unit: int) -> None:
    """Bound every int32 of Head from the clamps of the outputs; raises ExactnessError if one does not fit."""
    lo, hi = variant.head_clamps()
    largest = np.maximum(np.abs(lo), np.abs(hi))
    n = MIXTURES * variant.channels
    top = (1 << bits) - 1
    centre = 2 * top << 3 + max(0, 8 - bits)
    offset = int(largest[:n].max()) << (largest_unit if bits > 8 else 0)
    # |2 * sample - base| <= 2 * top, for each channel that is known before the last.
    pulled = (variant.channels - 1) * int(largest[3 * n :].max(initial=0)) * 2 * top + 16
    if pulled >= 1 << 31 or centre + offset + (pulled >> COUPLING_SHIFT) >= mean_limit(bits):
        raise ExactnessError(f"the means of {variant.name} do not fit their type at {bits} bits")


class Head:
    """The distributions of one group of pixels, channel by channel."""

    def __init__(self, variant: Variant, outputs: Ints, base: Ints, bits: int, unit: int) -> None:
        """outputs: (n, variant.outputs) from the network; base: (n, C)."""
        n = MIXTURES * variant.channels
        shape = (len(outputs), variant.channels, MIXTURES)
        self._bits, self._unit = bits, unit
        self._base = base
        coarser, finer = max(0, unit), max(0, -unit)
        centre = (base << np.int32(3 + finer))[:, :, None]
        self._means = (outputs[:, :n].reshape(shape) << np.int32(coarser)) + centre
        self._scales = outputs[:, n : 2 * n].reshape(shape)
        self._logits = outputs[:, 2 * n : 3 * n].reshape(shape)
        self._couplings = outputs[:, 3 * n :].reshape(len(outputs), -1, MIXTURES)
        self._known: list[Ints] = []

    def mixture(self, channel: int) -> Mixture:
        """The distribution of ``channel``; the channels before it must have been given to ``know``."""
        means = self._means[:, channel]
        if channel:
            first = channel * (channel - 1) // 2  # row of the coefficients: 0 for G, 1 and 2 for B
            pulled = sum(self._couplings[:, first + c] * known for c, known in enumerate(self._known))
            means = means + ((pulled + np.int32(1 << COUPLING_SHIFT >> 1)) >> np.int32(COUPLING_SHIFT))
        weights = mixture_weights(self._logits[:, channel])
        return Mixture(weights, means, self._scales[:, channel], self._bits, self._unit)

    def know(self, symbols: Ints) -> None:
        """Take the decoded samples (n,) of the next channel."""
        self._known.append((2 * symbols - self._base[:, len(self._known)])[:, None])
