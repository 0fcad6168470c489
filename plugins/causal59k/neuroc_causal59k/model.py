"""The model of causal59k: one network run by the steps of a schedule, or over all pixels at once (SPEC section 12)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.api import (
    CausalDescription,
    Context,
    HeaderError,
    Intervals,
    MixtureHead,
    Network,
    Spec,
    Step,
    code_length,
)

from .codec import AUTO, MAX_UNIT, Params, schedule_of
from .head import COUPLING_SHIFT, DEEP_BITS, Head, input_limit, network_inputs
from .network import MIXTURES, Variant
from .schedule import SLOPES, order

Ints = NDArray[np.int32]

BLOCK = 4096  # pixels that the one-pass encoder evaluates at a time
PROBE_SIDE = 48  # of the patches that decide about the unit of a 16-bit picture


class CausalModel:
    """One network on one engine."""

    side_information = False

    def __init__(self, variant: Variant, network: Network, evaluate: Any) -> None:
        self.variant = variant
        self._network = network
        self._evaluate = evaluate
        self._left, self._up = variant.centre

    def description(self, spec: Spec, params: Params) -> CausalDescription:
        """The same as data (neuroc.causal), for engines that run the loop over pixels themselves."""
        unit = self._unit(spec, params)
        deep = spec.bits > 8
        coarser, finer = max(0, unit), max(0, -unit)
        return CausalDescription(
            channels=spec.channels,
            bits=spec.bits,
            slope=SLOPES[schedule_of(self.variant, params)],
            context=Context(
                self.variant.taps,
                self._left,
                self._up,
                left_shift=DEEP_BITS if deep else 8 - spec.bits,
                right_shift=unit if deep else 0,
                limit=input_limit(spec.bits),
            ),
            layers=self._network.layers,
            head=MixtureHead(
                MIXTURES, unit, offset_shift=coarser, centre_shift=3 + finer, coupling_shift=COUPLING_SHIFT
            ),
        )

    def adapt(self, x: NDArray[Any], spec: Spec, params: Params) -> Params:
        """Choose the unit of a 16-bit picture by coding some of its pixels in each; other pictures have none."""
        if spec.bits <= 8:
            return replace(params, unit=AUTO)
        if params.unit != AUTO:
            return params
        # Nine square patches, from corner to corner: neighbours must be real ones.
        height, width = min(PROBE_SIDE, spec.height), min(PROBE_SIDE, spec.width)
        corners = [((spec.height - height) * r // 2, (spec.width - width) * c // 2) for r in range(3) for c in range(3)]
        patches = np.stack([x[i : i + height, j : j + width] for i, j in corners])
        small = replace(spec, height=height, width=width, batch=len(corners))
        planes, _ = self.analyse(patches, small, params)
        best = min(range(MAX_UNIT + 1), key=lambda unit: self._code_length(planes, small, replace(params, unit=unit)))
        return replace(params, unit=best)

    def _code_length(self, planes: list[Ints], spec: Spec, params: Params) -> int:
        return sum(code_length(freq) for _, freq in self.intervals(planes, spec, params))

    def analyse(self, x: NDArray[Any], spec: Spec, params: Params) -> tuple[list[Ints], list[bytes]]:
        flat = x.reshape(spec.batch, spec.pixels, spec.channels)
        return [flat[:, :, c].astype(np.int32) for c in range(spec.channels)], [b""] * spec.batch

    def synthesise(self, planes: list[Ints], spec: Spec, params: Params) -> NDArray[Any]:
        dtype = np.uint16 if spec.bits > 8 else np.uint8
        shape = (spec.batch, spec.height, spec.width, spec.channels)
        return np.stack(planes, axis=-1).astype(dtype).reshape(shape)

    def steps(self, spec: Spec, params: Params, side: Sequence[bytes]) -> Generator[Step, Ints, list[Ints]]:
        unit = self._unit(spec, params)
        plan = order(schedule_of(self.variant, params), spec.height, spec.width, self.variant.taps)
        canvas = self._canvas(spec)
        starts = plan.starts.tolist()
        for begin, end in pairwise(starts):
            sites = plan.sites[begin:end]
            neighbours = canvas[:, plan.context[begin:end]]  # (B, n, T, C)
            head = self._head(neighbours.reshape(-1, *neighbours.shape[2:]), spec.bits, unit)
            for c in range(spec.channels):
                symbols = yield Step(c, sites, head.mixture(c))
                canvas[:, sites, c] = symbols
                head.know(symbols.reshape(-1))
        return [canvas[:, :-1, c] for c in range(spec.channels)]

    def intervals(self, planes: list[Ints], spec: Spec, params: Params) -> Iterator[Intervals]:
        unit = self._unit(spec, params)
        plan = order(schedule_of(self.variant, params), spec.height, spec.width, self.variant.taps)
        canvas = self._canvas(spec)
        canvas[:, :-1] = np.stack(planes, axis=-1)
        counts = np.diff(plan.starts).astype(np.intp, copy=False)
        step_start, step_size = np.repeat(plan.starts[:-1], counts), np.repeat(counts, counts)
        rank = np.arange(spec.pixels, dtype=np.int64)
        for item in canvas:
            start: NDArray[np.uint32] | None = None
            for begin in range(0, spec.pixels, BLOCK):
                block = slice(begin, begin + BLOCK)
                head = self._head(item[plan.context[block]], spec.bits, unit)
                coded = []
                for c in range(spec.channels):
                    symbols = item[plan.sites[block], c]
                    coded += list(head.mixture(c).intervals(symbols))
                    head.know(symbols)
                # A step codes channel by channel, digit by digit, and within a digit its pixels.
                if start is None:
                    start = np.empty(spec.pixels * len(coded), dtype=np.uint32)
                    freq = np.empty_like(start)
                first = step_start[block] * len(coded) + rank[block] - step_start[block]
                for q, (s, f) in enumerate(coded):
                    position = first + q * step_size[block]
                    start[position], freq[position] = s, f
            assert start is not None
            yield Intervals(start, freq)

    def _canvas(self, spec: Spec) -> Ints:
        """Samples (B, H*W + 1, C); the last cell is the constant of the neighbour rule."""
        canvas = np.zeros((spec.batch, spec.pixels + 1, spec.channels), dtype=np.int32)
        canvas[:, -1] = 1 << (spec.bits - 1)
        return canvas

    def _head(self, neighbours: Ints, bits: int, unit: int) -> Head:
        """The distributions for neighbours (n, T, C): the only place where the network is evaluated."""
        base = neighbours[:, self._left] + neighbours[:, self._up]
        outputs = self._evaluate(network_inputs(neighbours, base, bits, unit))
        return Head(self.variant, outputs, base, bits, unit)

    def _unit(self, spec: Spec, params: Params) -> int:
        if spec.bits <= 8:
            return spec.bits - 8
        if params.unit == AUTO:
            raise HeaderError("a 16-bit picture without the unit of its network")
        return params.unit
