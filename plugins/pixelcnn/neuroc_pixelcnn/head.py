"""From samples to network inputs, and from network outputs to distributions (SPEC sections 14.3 and 14.4).

Everything is relative to the sum of the left and the upper neighbour, ``base``: inputs are 2 * sample - base, and the
prediction of a channel is half its base plus what the channel before it deviates from half of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroc.api import Distribution, ExactnessError, Mixture, mean_limit, mixture_weights, softmax

from .network import MEAN_MAX, MIXTURES, Variant

Ints = NDArray[np.int32]

BITS = 8
TOP = (1 << BITS) - 1


def network_inputs(variant: Variant, window: Ints) -> tuple[Ints, Ints]:
    """Inputs (n, context + C - 1) and base (n, C) from neighbours (n, T, C); the known channels are left open."""
    left, up = variant.centre
    base = window[:, left] + window[:, up]
    taps = window.shape[1] * window.shape[2]
    inputs = np.empty((len(window), variant.context + variant.channels - 1), dtype=np.int32)
    differences = inputs[:, :taps].reshape(window.shape)
    np.add(window, window, out=differences)
    differences -= base[:, None]
    np.subtract(base, np.int32(TOP), out=inputs[:, taps : variant.context])
    return inputs, base


def prove_head() -> None:
    """Bound the means of the mixtures; raises ExactnessError if they do not fit their type."""
    prediction = 2 * TOP + 2 * TOP  # |base| + |2 * sample - base|
    if 8 * prediction + MEAN_MAX >= mean_limit(BITS):
        raise ExactnessError("the means of pixelcnn do not fit their type")


def distribution(variant: Variant, outputs: Ints, prediction: Ints) -> Distribution:
    """The distribution of samples (n,) from outputs (n, O) and twice the predictions (n,)."""
    if variant.head == "softmax":
        origin = prediction >> 1
        np.maximum(origin, 0, out=origin)
        np.minimum(origin, TOP, out=origin)
        return softmax(outputs, origin)
    means = outputs[:, :MIXTURES] + (prediction << 3)[:, None]
    return Mixture(
        mixture_weights(outputs[:, 2 * MIXTURES :]), means, outputs[:, MIXTURES : 2 * MIXTURES], BITS, unit=0
    )
