"""The masked network as data: variants, layers with their taps and groups, clamps (SPEC section 14.2).

Features stand in one group per channel. Group g of a layer sees the groups 0 ... g of its source at the pixel itself
(mask B) and all groups at the taps before it, so each group's inputs are a prefix of the longest ones:

    inputs:  window of every channel, level | known channel 0 | known channel 1        mask A: group g sees g of them
    layers:  taps before the pixel          | group 0         | group 1   | group 2    mask B: group g sees 0 ... g
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from neuroc.api import Interval
from neuroc.exact.window import LEFT, UP, Taps

from .context import CENTRE, causal_taps

RADIUS = 3  # of the first layer: 7 x 7, mask A
INPUT_MAX = 510  # |2 * neighbour - (left + up)|
ACTIVATION_MAX = 2047  # features are -2047 ... 2047, rectified ones 0 ... 2047

HEADS = ("softmax", "mixture")
MIXTURES = 5
LOGIT_BITS, LOGIT_MAX = 8, 4095  # log2 of the weight, in 1/256
MEAN_BITS, MEAN_MAX = 4, 8191  # 1/16 of a level
SCALE_BITS, SCALE_MIN, SCALE_MAX = 7, -7 * 128, 5 * 128  # log2 of the inverse scale, in 1/128

Groups = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """One masked layer: an exact layer (SPEC section 10.1) for each group."""

    name: str
    source: str  # "inputs", "stream" or "hidden": what its taps read
    taps: Taps  # of its source, the pixel itself last; of "inputs" always the pixel itself
    inputs: Groups  # values that group g reads
    outputs: Groups  # features that group g gives
    residual: bool = False  # whether the result is added to the stream
    rectified: bool = False  # whether the result is at least 0

    @property
    def macs(self) -> tuple[int, ...]:
        """Multiply-accumulates of each group at one pixel."""
        return tuple(i * o for i, o in zip(self.inputs, self.outputs, strict=True))


@dataclass(frozen=True)
class Variant:
    """One of the networks."""

    name: str
    head: str  # "softmax" or "mixture"
    groups: Groups  # features of the stream, one group per channel
    hidden: Groups  # features inside a block
    blocks: tuple[Taps, ...]  # of each residual block the taps of its first layer, the pixel itself last

    @property
    def channels(self) -> int:
        return len(self.groups)

    @cached_property
    def taps(self) -> Taps:
        return causal_taps(RADIUS)

    @property
    def centre(self) -> tuple[int, int]:
        """Positions of the left and the upper neighbour among the taps."""
        return self.taps.index(LEFT), self.taps.index(UP)

    @property
    def context(self) -> int:
        """Inputs that every group sees: the window and the level of each channel."""
        return (len(self.taps) + 1) * self.channels

    @property
    def outputs(self) -> int:
        """What the head gives for a channel."""
        return 256 if self.head == "softmax" else 3 * MIXTURES

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """First layer, two for each block, head."""
        stream, hidden = tuple(accumulate(self.groups)), tuple(accumulate(self.hidden))
        layers = [Layer("first", "inputs", CENTRE, tuple(self.context + g for g in range(self.channels)), self.groups)]
        for n, taps in enumerate(self.blocks):
            before = (len(taps) - 1) * stream[-1]
            last = n == len(self.blocks) - 1  # the head reads a rectified stream
            inputs = tuple(before + i for i in stream)
            layers.append(Layer(f"block{n}.up", "stream", taps, inputs, self.hidden, rectified=True))
            layers.append(Layer(f"block{n}.down", "hidden", CENTRE, hidden, self.groups, True, rectified=last))
        layers.append(Layer("head", "stream", CENTRE, stream, (self.outputs,) * self.channels))
        return tuple(layers)

    @cached_property
    def macs(self) -> tuple[int, ...]:
        """Multiply-accumulates of each stage at one pixel."""
        return tuple(sum(group) for group in zip(*(layer.macs for layer in self.layers), strict=True))

    def clamp(self, layer: Layer, group: int) -> Interval:
        """The range of a group's outputs."""
        if layer.name != "head":
            return Interval.of(0 if layer.rectified else -ACTIVATION_MAX, ACTIVATION_MAX, layer.outputs[group])
        if self.head == "softmax":
            return Interval.of(-LOGIT_MAX, LOGIT_MAX, self.outputs)
        lo, hi = zip((-MEAN_MAX, MEAN_MAX), (SCALE_MIN, SCALE_MAX), (-LOGIT_MAX, LOGIT_MAX), strict=True)
        return Interval(_repeat(lo), _repeat(hi))


def _repeat(limits: tuple[int, ...]) -> NDArray[np.int64]:
    return np.repeat(np.array(limits, dtype=np.int64), MIXTURES)


VARIANTS = {
    v.name: v
    for v in (
        Variant("cifar-softmax", "softmax", (80, 64, 64), (80, 64, 64), (CENTRE,) * 4),
        Variant("cifar-mixture", "mixture", (80, 64, 64), (80, 64, 64), (CENTRE,) * 4),
        Variant("photo-softmax", "softmax", (80, 64, 64), (80, 64, 64), (CENTRE,) * 4),
        Variant("photo-mixture", "mixture", (80, 64, 64), (80, 64, 64), (CENTRE,) * 4),
        Variant("grey-softmax", "softmax", (96,), (96,), (CENTRE,) * 4),
        Variant("grey-mixture", "mixture", (96,), (96,), (CENTRE,) * 4),
    )
}
