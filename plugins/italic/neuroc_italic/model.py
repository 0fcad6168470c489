"""The model of italic: steps over a tile, the whole tile evaluated at each (SPEC section 15)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.api import HeaderError, Intervals, Spec, Step

from . import context
from .base import base_steps, base_symbols
from .codec import AUTO, MAX_UNIT, Params, has_base
from .head import Head
from .inputs import cell_inputs, look, pixel_inputs
from .layers import Layers
from .network import KNOTS, LEVEL_BITS, PIXEL, Variant
from .schedule import knots, order

STATE_STEPS = 2  # steps that a state lasts, as many as are trained together

Ints = NDArray[np.int32]
Sites = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class ItalicModel:
    """One network on one engine."""

    variant: Variant
    layers: Layers
    side_information = False

    def adapt(self, x: NDArray[Any], spec: Spec, params: Params) -> Params:
        """The unit of a 16-bit picture: its usual difference between neighbours is four units; others have none."""
        if spec.bits <= 8:
            return replace(params, unit=AUTO)
        if params.unit != AUTO:
            return params
        rows = x[:: max(1, len(x) // 256)].astype(np.int32)
        usual = int(np.median(np.abs(np.diff(rows, axis=1)))) if x.shape[1] > 1 else 0
        return replace(params, unit=min(max(0, usual.bit_length() - 3), MAX_UNIT))

    def analyse(self, x: NDArray[Any], spec: Spec, params: Params) -> tuple[list[Ints], list[bytes]]:
        flat = x.reshape(spec.batch, spec.pixels, spec.channels)
        planes = [flat[:, :, c].astype(np.int32) for c in range(spec.channels)]
        if has_base(spec, params):
            eight = x.astype(np.int32) >> 8 if spec.bits > 8 else x.astype(np.int32) << (8 - spec.bits)
            planes.append(base_symbols(eight, params.base_quality))
        return planes, [b""] * spec.batch

    def synthesise(self, planes: list[Ints], spec: Spec, params: Params) -> NDArray[Any]:
        dtype = np.uint16 if spec.bits > 8 else np.uint8
        shape = (spec.batch, spec.height, spec.width, spec.channels)
        return np.stack(planes[: spec.channels], axis=-1).astype(dtype).reshape(shape)

    def steps(self, spec: Spec, params: Params, side: Sequence[bytes]) -> Generator[Step, Ints, list[Ints]]:
        return self.partial(spec, params, side, spec.pixels)

    def partial(
        self, spec: Spec, params: Params, side: Sequence[bytes], upto: int
    ) -> Generator[Step, Ints, list[Ints]]:
        """The first ``upto`` steps; pixels that they leave unknown get the mean of their distributions."""
        tile = _Tile.empty(self, spec, params)
        symbols = []
        if has_base(spec, params):
            picture, known = yield from base_steps(spec.height, spec.width, spec.batch, params.base_quality)
            tile.rest_on(picture)
            symbols.append(known)
        plan = order(params.steps, spec.height, spec.width).steps
        for sites in plan[:upto]:
            head = tile.look(sites)
            for c in range(spec.channels):
                decoded = yield Step(c, sites, head.mixture(c))
                head.know(tile.put(c, sites, decoded))
            tile.known[sites] = 1
        if upto < len(plan):
            rest = np.flatnonzero(tile.known == 0)
            head = tile.look(rest)
            for c in range(spec.channels):
                mean = head.mean(c)
                head.know(mean)
                tile.guess(c, rest, mean)
        return tile.planes() + symbols

    def intervals(self, planes: list[Ints], spec: Spec, params: Params) -> Iterator[Intervals]:
        """The steps with symbols that are known beforehand, and one array for each item."""
        generator = self.steps(spec, params, ())
        coded: list[Any] = []
        symbols: Any = None
        with suppress(StopIteration):
            while True:
                step = generator.send(symbols)
                symbols = planes[step.plane][:, step.sites]
                for start, freq in step.dist.intervals(symbols.reshape(-1)):
                    coded.append((start.reshape(spec.batch, -1), freq.reshape(spec.batch, -1)))
        starts, freqs = (np.concatenate(part, axis=1) for part in zip(*coded, strict=True))
        for start, freq in zip(starts, freqs, strict=True):
            yield Intervals(start, freq)


@dataclass(slots=True, eq=False)
class _Tile:
    """A batch of tiles in coding."""

    model: ItalicModel
    spec: Spec
    unit: int
    samples: Ints  # (B, H4, W4, C) quarter levels, in multiples of four pixels; zero where unknown
    known: NDArray[np.int32]  # (H*W,) 0 or 1
    state: Ints
    steps: int = 0  # that were looked at
    base: Ints | None = None  # (B, H4, W4, C) quarter levels

    @classmethod
    def empty(cls, model: ItalicModel, spec: Spec, params: Params) -> _Tile:
        unit = spec.bits - 8
        if spec.bits > 8:
            if params.unit == AUTO:
                raise HeaderError("a 16-bit picture without the unit of its network")
            unit = params.unit
        height, width = -(-spec.height // 4) * 4, -(-spec.width // 4) * 4
        samples = np.zeros((spec.batch, height, width, spec.channels), dtype=np.int32)
        known = np.zeros(spec.pixels, dtype=np.int32)
        return cls(model, spec, unit, samples, known, context.initial_state(spec.batch, (height // 2, width // 2)))

    def rest_on(self, picture: Ints) -> None:
        """Take the base picture (B, H, W, C) of 8 bits."""
        _, height, width, _ = self.samples.shape
        margin = ((0, 0), (0, height - self.spec.height), (0, width - self.spec.width), (0, 0))
        self.base = np.pad(picture, margin, mode="edge") << np.int32(LEVEL_BITS + max(0, self.spec.bits - 8))

    def look(self, sites: Sites) -> Head:
        """The distributions of ``sites``: the only place where the network is evaluated."""
        spec, layers = self.spec, self.model.layers
        _, height, width, _ = self.samples.shape
        mask = np.zeros((height, width), dtype=np.int32)
        mask[: spec.height, : spec.width] = self.known.reshape(spec.height, spec.width)
        middle = 1 << (max(8, spec.bits) - 1 + LEVEL_BITS)
        seen = look(self.samples, mask, middle, max(0, self.unit), self.base)
        step = knots(int(self.known.sum()), spec.pixels, KNOTS)
        if self.steps % STATE_STEPS == 0:  # longer chains than those of training make the distributions worse
            self.state = np.zeros_like(self.state)
        self.steps += 1
        features = context.evaluate(layers, cell_inputs(seen, middle, step), self.state)
        self.state = features.stream
        i, j = np.divmod(sites, spec.width)
        rows, prediction = pixel_inputs(seen, middle, i, j)
        cells = np.concatenate(
            [np.maximum(features.stream[:, i >> 1, j >> 1], 0), features.first[:, i >> 1, j >> 1]],
            axis=2,
            dtype=np.float32,
        )
        given = np.empty((spec.batch, len(sites), PIXEL), dtype=np.int32)
        phase = (i & 1) * 2 + (j & 1)
        for p in np.unique(phase):
            chosen = cells[:, phase == p]
            given[:, phase == p] = layers.pixels[p](chosen.reshape(-1, cells.shape[2])).reshape(*chosen.shape[:2], -1)
        outputs = layers.head(np.concatenate([given.reshape(len(rows), -1), rows], axis=1, dtype=np.float32))
        return Head(self.model.variant, outputs, prediction, spec.bits, self.unit)

    def put(self, channel: int, sites: Sites, symbols: Ints) -> Ints:
        """Store symbols (B, n); gives them in quarter levels, (B * n,)."""
        values = symbols.astype(np.int32) << np.int32(self._scale)
        self._store(channel, sites, values)
        return values.reshape(-1)

    def guess(self, channel: int, sites: Sites, mean: Ints) -> None:
        """Store means (B * n,) in quarter levels as the nearest samples."""
        half = 1 << self._scale >> 1
        top = (1 << self.spec.bits) - 1
        symbols = np.minimum((mean + half) >> self._scale, top).reshape(self.spec.batch, -1)
        self._store(channel, sites, symbols.astype(np.int32) << np.int32(self._scale))

    def planes(self) -> list[Ints]:
        flat = self.samples[:, : self.spec.height, : self.spec.width].reshape(
            self.spec.batch, self.spec.pixels, self.spec.channels
        )
        return [flat[:, :, c] >> np.int32(self._scale) for c in range(self.spec.channels)]

    @property
    def _scale(self) -> int:
        return LEVEL_BITS + max(0, 8 - self.spec.bits)

    def _store(self, channel: int, sites: Sites, values: Ints) -> None:
        i, j = np.divmod(sites, self.spec.width)
        self.samples[:, i, j, channel] = values
