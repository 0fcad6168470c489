"""The causal network as data: variants, head layout and clamps (SPEC section 12.2 and 12.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroc.exact.window import LEFT, UP, Taps

from .context import TAPS

HIDDEN_LAYERS = 4
MIXTURES = 3
ACTIVATION_MAX = 4095  # hidden units are 0..4095
INPUT_MAX = 1020  # 2 * neighbour - (left + up), 8 bits

# Fraction bits and clamps of the four kinds of head outputs.
MEAN_BITS, MEAN_MAX = 4, 16383  # 1/16 of a level
SCALE_BITS, SCALE_MIN, SCALE_MAX = 7, -7 * 128, 5 * 128  # log2 of the inverse scale, in 1/128
LOGIT_BITS, LOGIT_MAX = 8, 4095  # log2 of the weight, in 1/256
COUPLING_BITS, COUPLING_MAX = 8, 1023  # 1/256


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the three networks."""

    name: str
    channels: int
    context: str  # key of context.TAPS
    hidden: int

    @property
    def taps(self) -> Taps:
        return TAPS[self.context]

    @property
    def centre(self) -> tuple[int, int]:
        """Positions of the left and the upper neighbour among the taps."""
        return self.taps.index(LEFT), self.taps.index(UP)

    @property
    def couplings(self) -> int:
        """Coefficients per mixture component: G from R, B from R, B from G."""
        return self.channels * (self.channels - 1) // 2

    @property
    def outputs(self) -> int:
        return MIXTURES * (3 * self.channels + self.couplings)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of input, hidden and output layers."""
        return (len(self.taps) * self.channels, *[self.hidden] * HIDDEN_LAYERS, self.outputs)

    @property
    def parameters(self) -> int:
        return sum(i * o + o for i, o in zip(self.widths[:-1], self.widths[1:], strict=True))

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one evaluation."""
        return sum(i * o for i, o in zip(self.widths[:-1], self.widths[1:], strict=True))

    def head_clamps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Lowest and highest value of each output (outputs,): means, scales, logits, couplings."""
        n = MIXTURES * self.channels
        counts = (n, n, n, MIXTURES * self.couplings)
        lo = np.repeat(np.array([-MEAN_MAX, SCALE_MIN, -LOGIT_MAX, -COUPLING_MAX], dtype=np.int64), counts)
        hi = np.repeat(np.array([MEAN_MAX, SCALE_MAX, LOGIT_MAX, COUPLING_MAX], dtype=np.int64), counts)
        return lo, hi


VARIANTS = {
    v.name: v
    for v in (
        Variant("rgb", 3, "raster", 128),
        Variant("rgb-diagonal", 3, "diagonal", 128),
        Variant("grey", 1, "raster", 96),
    )
}
