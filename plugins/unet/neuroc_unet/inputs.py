"""What the network sees of pixels: levels in units, centres, known neighbours (SPEC sections 16 and 16.5).

Samples and predictions are in 1/16 of a level, of 8 bits where they have fewer; the network sees 1/16 of a unit, in the
analysis quarters. A unit is a level up to 8 bits, and 2**unit levels of 16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import passes as plan
from .network import LEVEL_BITS, MEAN_BITS, MIDDLE
from .passes import MARGIN, NEAREST

Ints = NDArray[np.int32]
Sites = NDArray[np.intp]

FINE = 1 << MEAN_BITS  # of a level
PREDICTIONS = (-128 * FINE, 127 * FINE)  # relative to the middle, in 1/16 of a unit
BEYOND = 64 * FINE  # that centres may lie outside of what samples of 8 bits can be
CENTRES = (-BEYOND, 255 * FINE + BEYOND)
FARTHEST = 255 * FINE  # of differences, in 1/16 of a unit


def differences(d: Any, unit: int) -> Any:
    """Differences in 1/16 of a level as the heads see them: in 1/16 of a unit, rounded and clamped."""
    if unit:
        d = (d + np.int32(1 << unit >> 1)) >> np.int32(unit)
    return np.clip(d, -FARTHEST, FARTHEST)


def whole_picture(x: Ints, unit: int) -> NDArray[np.float32]:
    """What analysis sees (B, H16, W16, C) of samples x (B, H, W, C) in 1/16 of a level: sides in multiples of 16."""
    _, height, width, _ = x.shape
    coarser = MEAN_BITS - LEVEL_BITS
    seen = ((differences(x, unit) + np.int32(1 << coarser >> 1)) >> np.int32(coarser)) - np.int32(MIDDLE)
    margin = ((0, 0), (0, -height % 16), (0, -width % 16), (0, 0))
    return np.pad(seen.astype(np.float32), margin, mode="edge")


@dataclass(slots=True, eq=False)
class Canvas:
    """A batch of tiles as far as they are known, with a margin that neighbours may lie in."""

    values: Ints  # (B, n, C) 1/16 of a level; n: places of the tile with its margin
    errors: Ints  # (B, n, C) known samples minus their predictions, else zero
    inside: NDArray[np.int32]  # (n,) 1 within the tile
    prediction: Ints  # (B, H*W, C) 1/16 of a level
    width: int
    unit: int

    @classmethod
    def of(cls, picture: Ints, height: int, width: int, unit: int) -> Canvas:
        """Nothing is known yet. picture: (B, H16, W16, C) predictions relative to the middle, in 1/16 of a unit."""
        batch, _, _, channels = picture.shape
        prediction = picture[:, :height, :width].reshape(batch, height * width, channels) + np.int32(128 * FINE)
        prediction <<= np.int32(unit)
        places = (height + 2 * MARGIN, width + 2 * MARGIN)
        inside = np.zeros(places, dtype=np.int32)
        inside[MARGIN : MARGIN + height, MARGIN : MARGIN + width] = 1
        values = np.zeros((batch, inside.size, channels), dtype=np.int32)
        return cls(values, np.zeros_like(values), inside.reshape(-1), prediction, width, unit)

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
        lowest, highest = CENTRES[0] << self.unit, CENTRES[1] << self.unit
        centre: Ints = np.clip(p + (2 * error + count) // (2 * count), lowest, highest)
        return centre

    def rows(self, sites: Sites, passes: int, number: int, centre: Ints) -> list[Ints]:
        """The head's inputs (B, n, any) but for the features."""
        middle = np.int32(128 * FINE << self.unit)
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
        """Store samples or guesses (B, n) in 1/16 of a level, as known from now on."""
        at = self.places(sites)
        self.values[:, at, channel] = values
        self.errors[:, at, channel] = values - self.prediction[:, sites, channel]

    def samples(self, sites: Sites) -> Ints:
        """What is stored of pixels, (B, n, C) 1/16 of a level."""
        stored: Ints = self.values[:, self.places(sites)]
        return stored

    def _offsets(self, passes: int, number: int) -> Sites:
        taps = np.array(plan.taps(passes, number), dtype=np.intp)
        offsets: Sites = taps[:, 0] * (self.width + 2 * MARGIN) + taps[:, 1]
        return offsets
