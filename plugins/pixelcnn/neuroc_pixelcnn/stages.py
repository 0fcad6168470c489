"""Evaluates the masked network group by group: each activation once, in whatever order (SPEC section 14.2).

A stage is one group at some pixels. Decoding runs all layers of group 0, codes channel 0, runs all layers of group 1,
and so on; the one-pass encoder knows all samples and runs each layer for all groups. Both go through ``apply``.

    inputs --first--> stream 0 --up--> hidden 0 --down (+ stream 0)--> stream 1 --up--> ... --head--> outputs
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from neuroc.api import Engine, Network, evaluator

from .context import CENTRE
from .network import ACTIVATION_MAX, Variant

Ints = NDArray[np.int32]


class Evaluator:
    """The layers of a network on an engine; holds no activations."""

    def __init__(self, variant: Variant, layers: Sequence[Sequence[Network]], engine: Engine) -> None:
        self.variant = variant
        self.layers = layers
        self.dense: list[list[Callable[[Ints], Ints]]] = [[evaluator(engine, g) for g in layer] for layer in layers]
        self.groups = [slice(*ends) for ends in pairwise((0, *accumulate(variant.groups)))]
        self.hidden = [slice(*ends) for ends in pairwise((0, *accumulate(variant.hidden)))]
        # Features of the taps before the pixel stand before its own ones.
        stream = sum(variant.groups)
        self.before = [(len(taps) - 1) * stream for taps in variant.blocks]


class Activations:
    """All activations of ``n`` pixels while they are decoded or encoded together."""

    def __init__(self, evaluator: Evaluator, inputs: Ints) -> None:
        """inputs: (n, context + C - 1), of which the known channels may still come in."""
        variant, n = evaluator.variant, len(inputs)
        stream, hidden = sum(variant.groups), sum(variant.hidden)
        self._evaluator = evaluator
        self.inputs = inputs
        self.streams = [np.empty((n, before + stream), dtype=np.int32) for before in (*evaluator.before, 0)]
        self._hidden = [np.empty((n, hidden), dtype=np.int32) for _ in variant.blocks]

    def outputs(self, group: int) -> Ints:
        """The head's outputs (n, outputs) of a group: one stage."""
        for layer in range(len(self._evaluator.variant.layers) - 1):
            self.apply(layer, group)
        return self.head(group)

    def head(self, group: int) -> Ints:
        """The head alone; the layers before it must have been applied."""
        last = self._evaluator.variant.layers[-1]
        return self._evaluator.dense[-1][group](self.streams[-1][:, : last.inputs[group]])

    def apply(self, number: int, group: int) -> None:
        """Layer ``number`` but the head: one group's features from those of its source."""
        e = self._evaluator
        layer, dense = e.variant.layers[number], e.dense[number][group]
        block, down = divmod(number - 1, 2)
        if number == 0:
            self._own(0, group)[:] = dense(self.inputs[:, : layer.inputs[group]])
        elif not down:
            self._hidden[block][:, e.hidden[group]] = dense(self.streams[block][:, : layer.inputs[group]])
        else:
            y = dense(self._hidden[block][:, : layer.inputs[group]])
            y += self._own(block, group)
            np.maximum(y, np.int32(0 if layer.rectified else -ACTIVATION_MAX), out=y)
            np.minimum(y, np.int32(ACTIVATION_MAX), out=self._own(block + 1, group))

    def _own(self, block: int, group: int) -> Ints:
        """The features of a group at the pixels themselves, before ``block``."""
        before = self._evaluator.before[block] if block < len(self._evaluator.before) else 0
        own = self._evaluator.groups[group]
        return self.streams[block][:, before + own.start : before + own.stop]


class Cache:
    """The streams of all pixels before each block whose first layer has taps beside the pixel itself."""

    def __init__(self, evaluator: Evaluator, items: int, pixels: int) -> None:
        variant = evaluator.variant
        self._evaluator = evaluator
        self.blocks = [n for n, taps in enumerate(variant.blocks) if taps != CENTRE]
        shape = (items, pixels + 1, sum(variant.groups))  # the last cell, of the constant, stays zero
        self._streams = {n: np.zeros(shape, dtype=np.int16) for n in self.blocks}

    def fetch(self, activations: Activations, block: int, positions: NDArray[np.int32]) -> None:
        """Features (items, n, taps, F) at the taps before the pixels, for all groups."""
        before = self._evaluator.before[block]
        found = self._streams[block][:, positions]
        activations.streams[block][:, :before] = found.reshape(-1, before)

    def store(self, activations: Activations, block: int, group: int, sites: NDArray[np.intp]) -> None:
        """Keep the features of a group at ``sites``."""
        own = self._evaluator.groups[group]
        features = activations._own(block, group)
        items = len(self._streams[block])
        self._streams[block][:, sites, own] = features.reshape(items, len(sites), -1)
