"""The model of pixelcnn: one network, three stages a pixel, by steps or all pixels at once (SPEC section 14)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.api import CausalDescription, Intervals, Spec, Step
from neuroc.exact.window import Taps

from .codec import Params
from .description import describe
from .head import distribution, network_inputs
from .network import Variant
from .schedule import order
from .stages import Activations, Cache, Evaluator

Ints = NDArray[np.int32]

BLOCK = 2048  # pixels that the one-pass encoder evaluates at a time


class MaskedModel:
    """One network on one engine."""

    side_information = False

    def __init__(self, variant: Variant, evaluator: Evaluator) -> None:
        self.variant = variant
        self._evaluator = evaluator
        # The windows of the first layer, then the taps before the pixel of each block that has some.
        self._taps: tuple[Taps, ...] = (variant.taps, *(taps[:-1] for taps in variant.blocks if len(taps) > 1))

    def description(self, spec: Spec, params: Params) -> CausalDescription | None:
        """The same as data (neuroc.causal), for engines that run the loop over pixels themselves."""
        return describe(self.variant, self._evaluator.layers, params.schedule)

    def analyse(self, x: NDArray[Any], spec: Spec, params: Params) -> tuple[list[Ints], list[bytes]]:
        flat = x.reshape(spec.batch, spec.pixels, spec.channels)
        return [flat[:, :, c].astype(np.int32) for c in range(spec.channels)], [b""] * spec.batch

    def synthesise(self, planes: list[Ints], spec: Spec, params: Params) -> NDArray[Any]:
        shape = (spec.batch, spec.height, spec.width, spec.channels)
        return np.stack(planes, axis=-1).astype(np.uint8).reshape(shape)

    def steps(self, spec: Spec, params: Params, side: Sequence[bytes]) -> Generator[Step, Ints, list[Ints]]:
        plan, *others = (order(params.schedule, spec.height, spec.width, taps) for taps in self._taps)
        canvas = _canvas(spec)
        cache = Cache(self._evaluator, spec.batch, spec.pixels)
        for begin, end in pairwise(plan.starts.tolist()):
            sites = plan.sites[begin:end]
            window = canvas[:, plan.context[begin:end]]  # (B, n, T, C)
            inputs, base = network_inputs(self.variant, window.reshape(-1, *window.shape[2:]))
            activations = Activations(self._evaluator, inputs)
            for block, other in zip(cache.blocks, others, strict=True):
                cache.fetch(activations, block, other.context[begin:end])
            known: Ints | None = None
            for c in range(spec.channels):
                outputs = activations.outputs(c)
                for block in cache.blocks:
                    cache.store(activations, block, c, sites)
                prediction = base[:, c] if known is None else base[:, c] + known
                symbols = yield Step(c, sites, distribution(self.variant, outputs, prediction))
                canvas[:, sites, c] = symbols
                known = 2 * symbols.reshape(-1) - base[:, c]
                if c + 1 < spec.channels:
                    inputs[:, self.variant.context + c] = known
        return [canvas[:, :-1, c] for c in range(spec.channels)]

    def intervals(self, planes: list[Ints], spec: Spec, params: Params) -> Iterator[Intervals]:
        plan, *others = (order(params.schedule, spec.height, spec.width, taps) for taps in self._taps)
        canvas = _canvas(spec)
        canvas[:, :-1] = np.stack(planes, axis=-1)
        counts = np.diff(plan.starts).astype(np.intp)  # what repeat takes on machines of 32 bits
        step_start, step_size = np.repeat(plan.starts[:-1], counts), np.repeat(counts, counts)
        rank = np.arange(spec.pixels, dtype=np.int64)
        items = max(1, BLOCK // spec.pixels)  # small pictures together
        for first in range(0, spec.batch, items):
            part = canvas[first : first + items]
            cache = Cache(self._evaluator, len(part), spec.pixels)
            start: NDArray[np.uint32] | None = None
            for begin in range(0, spec.pixels, BLOCK):
                block = slice(begin, begin + BLOCK)
                coded = self._code(part, plan.sites[block], [p.context[block] for p in (plan, *others)], cache)
                if start is None:
                    start = np.empty((len(part), spec.pixels * len(coded)), dtype=np.uint32)
                    freq = np.empty_like(start)
                # A step codes channel by channel, digit by digit, and within a digit its pixels.
                position = step_start[block] * len(coded) + rank[block] - step_start[block]
                for q, (s, f) in enumerate(coded):
                    where = position + q * step_size[block]
                    start[:, where], freq[:, where] = s.reshape(len(part), -1), f.reshape(len(part), -1)
            assert start is not None
            yield from (Intervals(s, f) for s, f in zip(start, freq, strict=True))

    def _code(
        self, canvas: Ints, sites: NDArray[np.intp], contexts: Sequence[NDArray[np.int32]], cache: Cache
    ) -> list[tuple[NDArray[np.uint32], NDArray[np.uint32]]]:
        """Start and frequency (B * n,) of each channel and digit of the pixels ``sites``, all samples known."""
        window = canvas[:, contexts[0]]
        inputs, base = network_inputs(self.variant, window.reshape(-1, *window.shape[2:]))
        samples = canvas[:, sites].reshape(len(inputs), -1)
        known = 2 * samples - base
        inputs[:, self.variant.context :] = known[:, :-1]
        activations = Activations(self._evaluator, inputs)
        taps = dict(zip(cache.blocks, contexts[1:], strict=True))
        for number, layer in enumerate(self.variant.layers[:-1]):
            block = (number - 1) // 2
            if layer.source == "stream" and block in taps:
                # Layer by layer, so that pixels of this call may be neighbours of each other.
                for c in range(self.variant.channels):
                    cache.store(activations, block, c, sites)
                cache.fetch(activations, block, taps[block])
            for c in range(self.variant.channels):
                activations.apply(number, c)
        coded = []
        for c in range(self.variant.channels):
            prediction = base[:, c] + known[:, c - 1] if c else base[:, 0]
            coded += list(distribution(self.variant, activations.head(c), prediction).intervals(samples[:, c]))
        return coded


def _canvas(spec: Spec) -> Ints:
    """Samples (B, H*W + 1, C); the last cell is the constant of the neighbour rule."""
    canvas = np.zeros((spec.batch, spec.pixels + 1, spec.channels), dtype=np.int32)
    canvas[:, -1] = 1 << (spec.bits - 1)
    return canvas
