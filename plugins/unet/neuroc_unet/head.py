"""The distributions of latents and samples (SPEC sections 16.4 and 16.5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroc.api import ExactnessError, Mixture, mean_limit, mixture_weights, prove_coupled

from .inputs import CENTRES
from .network import COUPLING_MAX, LATENT_MIXTURES, LATENT_ZERO, MEAN_BITS, MEAN_MAX, Variant

Ints = NDArray[np.int32]

LATENT_BITS = 8  # of the symbols of latents


def prove_head(variant: Variant, bits: int, largest_unit: int) -> None:
    """Bound the means of samples and latents from the clamps of the outputs; raises ExactnessError."""
    coarser = largest_unit if bits > 8 else 0
    centres = CENTRES[0] << coarser, CENTRES[1] << coarser
    prove_coupled(variant.name, variant.channels, MEAN_MAX, COUPLING_MAX, centres, bits, largest_unit)
    if mean_limit(LATENT_BITS) <= (LATENT_ZERO << MEAN_BITS) + MEAN_MAX:
        raise ExactnessError("the means of the latents do not fit their type")


class LatentTables:
    """The distributions of a level's latents, of which a few at a time are coded."""

    def __init__(self, outputs: Ints) -> None:
        """outputs: (B, places, 3 * z * K): means, scales, logits, each by latent, then by component."""
        batch, places, n = outputs.shape
        parts = outputs.reshape(batch, places, 3, n // (3 * LATENT_MIXTURES), LATENT_MIXTURES)
        # (B, places * z, K): symbols place by place, then latent by latent.
        self._means, self._scales, self._logits = (parts[:, :, k].reshape(batch, -1, LATENT_MIXTURES) for k in range(3))

    def __len__(self) -> int:
        return self._means.shape[1]

    def mixture(self, symbols: slice) -> Mixture:
        """The distributions of some symbols of every item: latents plus LATENT_ZERO."""
        means, scales, logits = (
            part[:, symbols].reshape(-1, LATENT_MIXTURES) for part in (self._means, self._scales, self._logits)
        )
        return Mixture(mixture_weights(logits), means + np.int32(LATENT_ZERO << MEAN_BITS), scales, LATENT_BITS)
