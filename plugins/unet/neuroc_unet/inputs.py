"""What the network sees of pixels: levels in units, centres, known neighbours (SPEC section 16.3 and 16.5).

Samples are in quarter levels, of 8 bits where they have fewer; the network sees them in quarters of a unit. A unit is a
level up to 8 bits, and 2**unit levels of 16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.api import top_level

from . import passes as plan
from .network import DIFFERENCE_MAX, MIDDLE
from .passes import MARGIN, NEAREST

Ints = NDArray[np.int32]
Sites = NDArray[np.intp]


def in_units(d: Any, unit: int) -> Any:
    """Quarter levels to quarters of a unit, rounded; ``unit`` >= 0."""
    return (d + np.int32(1 << unit >> 1)) >> np.int32(unit) if unit else d


def differences(d: Any, unit: int) -> Any:
    """Differences in quarter levels as the network sees them."""
    return np.clip(in_units(d, unit), -DIFFERENCE_MAX, DIFFERENCE_MAX)


def whole_picture(x: Ints, unit: int) -> NDArray[np.float32]:
    """What analysis sees (B, H16, W16, C) of samples x (B, H, W, C) in quarter levels: sides in multiples of 16."""
    _, height, width, _ = x.shape
    seen = np.minimum(in_units(x, unit), DIFFERENCE_MAX) - MIDDLE
    margin = ((0, 0), (0, -height % 16), (0, -width % 16), (0, 0))
    return np.pad(seen.astype(np.float32), margin, mode="edge")


@dataclass(slots=True, eq=False)
class Canvas:
    """A batch of tiles as far as they are known, with a margin that neighbours may lie in."""

    values: Ints  # (B, n, C) quarter levels; n: places of the tile with its margin
    errors: Ints  # (B, n, C) known samples minus their predictions, else zero
    inside: NDArray[np.int32]  # (n,) 1 within the tile
    prediction: Ints  # (B, H*W, C) quarter levels
    width: int
    bits: int
    unit: int

    @classmethod
    def of(cls, picture: Ints, height: int, width: int, bits: int, unit: int) -> Canvas:
        """Nothing is known yet. picture: (B, H16, W16, C) predictions in quarters of a unit."""
        batch, _, _, channels = picture.shape
        prediction = picture[:, :height, :width].reshape(batch, height * width, channels) << np.int32(unit)
        places = (height + 2 * MARGIN, width + 2 * MARGIN)
        inside = np.zeros(places, dtype=np.int32)
        inside[MARGIN : MARGIN + height, MARGIN : MARGIN + width] = 1
        values = np.zeros((batch, inside.size, channels), dtype=np.int32)
        return cls(values, np.zeros_like(values), inside.reshape(-1), prediction, width, bits, unit)

    def places(self, sites: Sites) -> Sites:
        """Where the pixels lie among the places."""
        i, j = np.divmod(sites, self.width)
        return (i + MARGIN) * (self.width + 2 * MARGIN) + j + MARGIN

    def centres(self, sites: Sites, passes: int, number: int) -> Ints:
        """Centres (B, n, C) of pixels of the pass ``number``: predictions, put right by the nearest known errors."""
        p = self.prediction[:, sites]
        if not plan.has_taps(passes, number):
            return p
        near = self.places(sites)[:, None] + self._offsets(passes, number)[:NEAREST]
        count = np.maximum(self.inside[near].sum(axis=1, dtype=np.int32), 1)[:, None]
        error = self.errors[:, near].sum(axis=2, dtype=np.int32)
        centre: Ints = np.clip(p + (2 * error + count) // (2 * count), 0, top_level(self.bits))
        return centre

    def rows(self, sites: Sites, passes: int, number: int, centre: Ints) -> list[Ints]:
        """The head's inputs (B, n, any) but for the features."""
        middle = np.int32(MIDDLE << self.unit)
        own = differences(centre - middle, self.unit)
        if not plan.has_taps(passes, number):
            return [own]
        at = self.places(sites)[:, None] + self._offsets(passes, number)
        around = self.values[:, at]  # (B, n, T, C)
        around -= centre[:, :, None]
        around = differences(around, self.unit)
        around *= self.inside[at][:, :, None]
        shifted = differences(self.prediction[:, sites] - centre, self.unit)
        return [shifted, around.reshape(*centre.shape[:2], -1), own]

    def put(self, channel: int, sites: Sites, values: Ints) -> None:
        """Store samples or guesses (B, n) in quarter levels, as known from now on."""
        at = self.places(sites)
        self.values[:, at, channel] = values
        self.errors[:, at, channel] = values - self.prediction[:, sites, channel]

    def samples(self, sites: Sites) -> Ints:
        """What is stored of pixels, (B, n, C) quarter levels."""
        stored: Ints = self.values[:, self.places(sites)]
        return stored

    def _offsets(self, passes: int, number: int) -> Sites:
        taps = np.array(plan.taps(passes, number), dtype=np.intp)
        offsets: Sites = taps[:, 0] * (self.width + 2 * MARGIN) + taps[:, 1]
        return offsets
