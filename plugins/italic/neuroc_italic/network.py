"""The network as data: variants, layers, clamps of the head (SPEC section 15.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIXTURES = 4
STREAM = 64  # features of the residual stream, which is also the state carried from step to step
FIRST = 96  # features of the first layer
INNER = 64  # features inside a block
MASK = 64  # features of the mask branch, at half the resolution of the cells
GROUPS = 3
ATTENTIVE = 1  # the group whose mask branch attends
KEY, VALUE = 16, 32  # features of queries and keys, and of values
KEY_MAX = 1023  # of queries and keys: 16 * 1023**2 is just below 2**24
PIXEL = 64  # features that a cell gives to each of its four pixels
HEAD = (96, 64)  # hidden layers of the head
HEADS = ("head0", "head1", "output")

FRACTION = 8  # fraction bits of every activation
LIMIT = 8  # activations are within +-8, rectified ones within 0..8
ACTIVATION_MAX = (LIMIT << FRACTION) - 1

LEVEL_BITS = 2  # fraction bits of the prediction and of the inputs, in levels of 8 bits
DIFFERENCE_MAX = 255 << LEVEL_BITS
KNOTS = 12  # of the step embedding: nothing known, then log2 of the known share, one an octave

# Fraction bits and clamps of the four kinds of head outputs.
MEAN_BITS, MEAN_MAX = 4, 16383  # 1/16 of a level
SCALE_BITS, SCALE_MIN, SCALE_MAX = 7, -7 * 128, 5 * 128  # log2 of the inverse scale, in 1/128
LOGIT_BITS, LOGIT_MAX = 8, 4095  # log2 of the weight, in 1/256
COUPLING_BITS, COUPLING_MAX = 8, 1023  # 1/256

# What the first layer sees around a cell of 2 x 2 pixels, relative to its upper left one ...
CELL_TAPS = tuple((i, j) for i in range(-2, 4) for j in range(-2, 4))  # samples and mask
CELL_RING = tuple((i, j) for i in range(-1, 3) for j in range(-1, 3))  # predictions
# ... and what the head sees around a pixel.
FAR_TAPS = ((-3, 0), (0, -3), (0, 3), (3, 0), (-4, 0), (0, -4), (0, 4), (4, 0))
PIXEL_TAPS = (*((i, j) for i in range(-2, 3) for j in range(-2, 3) if (i, j) != (0, 0)), *FAR_TAPS)
PIXEL_RING = tuple((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))


@dataclass(frozen=True, slots=True)
class Shape:
    """A layer: inputs are ``inputs`` features at ``taps`` places, row by row."""

    inputs: int
    outputs: int
    taps: int = 1

    @property
    def columns(self) -> int:
        return self.inputs * self.taps


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the networks."""

    name: str
    channels: int
    base: bool = False  # sees a base picture

    @property
    def couplings(self) -> int:
        """Coefficients per mixture component: G from R, B from R, B from G."""
        return self.channels * (self.channels - 1) // 2

    @property
    def outputs(self) -> int:
        return MIXTURES * (3 * self.channels + self.couplings)

    @property
    def cell_inputs(self) -> int:
        """Inputs of the first layer: samples, mask, predictions around, prediction, contrast, base, step."""
        c = self.channels
        base = c * len(CELL_RING) if self.base else 0
        return (c + 1) * len(CELL_TAPS) + c * len(CELL_RING) + c + 4 + base + KNOTS

    @property
    def pixel_inputs(self) -> int:
        """Inputs of the head beside the cell's features: samples, mask, predictions, contrast, base."""
        c = self.channels
        base = c * (len(PIXEL_RING) + 1) if self.base else 0
        return (c + 1) * len(PIXEL_TAPS) + c * len(PIXEL_RING) + c + 1 + base

    @property
    def layers(self) -> dict[str, Shape]:
        """All layers by name, in the order of evaluation."""
        layers = {"first": Shape(self.cell_inputs, FIRST), "fuse": Shape(FIRST + STREAM, STREAM)}
        for g in range(GROUPS):
            layers |= {
                f"group{g}.trunk": Shape(STREAM, INNER, 9),
                f"group{g}.project": Shape(INNER, STREAM),
                f"group{g}.down": Shape(STREAM, MASK, 4),
            }
            if g == ATTENTIVE:
                layers |= {
                    f"group{g}.query": Shape(MASK, KEY),
                    f"group{g}.key": Shape(MASK, KEY),
                    f"group{g}.value": Shape(MASK, VALUE),
                    f"group{g}.attended": Shape(VALUE, MASK),
                }
            layers |= {
                f"group{g}.mask": Shape(MASK, INNER, 9),
                f"group{g}.remask": Shape(INNER, MASK),
                f"group{g}.up": Shape(MASK, 4 * 2 * STREAM),
            }
        return layers | {
            "pixel": Shape(STREAM + FIRST, 4 * PIXEL),
            "head0": Shape(PIXEL + self.pixel_inputs, HEAD[0]),
            "head1": Shape(HEAD[0], HEAD[1]),
            "output": Shape(HEAD[1], self.outputs),
        }

    @property
    def cell_macs(self) -> int:
        """Multiply-accumulates of one step for a cell of 2 x 2 pixels, without attention products and head."""
        total = 0
        for name, s in self.layers.items():
            part = name.rpartition(".")[2]
            if part in ("pixel", "head0", "head1", "output"):
                continue
            quarter = part not in ("first", "fuse", "trunk", "project")
            total += s.columns * s.outputs // (4 if quarter else 1)
        return total

    @property
    def pixel_macs(self) -> int:
        """Multiply-accumulates of the head, once for each pixel."""
        shapes = self.layers
        return shapes["pixel"].columns * PIXEL + sum(s.columns * s.outputs for n, s in shapes.items() if n in HEADS)

    def head_clamps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Lowest and highest value of each output (outputs,): means, scales, logits, couplings."""
        n = MIXTURES * self.channels
        counts = (n, n, n, MIXTURES * self.couplings)
        lo = np.repeat(np.array([-MEAN_MAX, SCALE_MIN, -LOGIT_MAX, -COUPLING_MAX], dtype=np.int64), counts)
        hi = np.repeat(np.array([MEAN_MAX, SCALE_MAX, LOGIT_MAX, COUPLING_MAX], dtype=np.int64), counts)
        return lo, hi


VARIANTS = {v.name: v for v in (Variant("rgb", 3), Variant("rgb-dct", 3, base=True), Variant("grey", 1))}
