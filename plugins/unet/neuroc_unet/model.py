"""The model of unet: latents from the core to the finest level, then the pixels pass by pass (SPEC section 16)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.api import CoupledMixtures, HeaderError, Spec, Step

from . import passes as plan
from .blocks import convolve
from .codec import AUTO, MAX_UNIT, SITES, Params
from .head import LatentTables
from .inputs import Canvas, whole_picture
from .layers import Layers
from .network import LATENT_ZERO, MEAN_BITS, MIXTURES, Variant
from .passes import LATENTS
from .pyramid import Synthesis, analyse, choose, synthesise

Ints = NDArray[np.int32]
Sites = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class UnetModel:
    """One network on one engine, for one number of passes."""

    variant: Variant
    layers: Layers
    side_information = False

    def adapt(self, x: NDArray[Any], spec: Spec, params: Params) -> Params:
        """The unit of a 16-bit picture: its largest sample is below 256 units; others have none."""
        if spec.bits <= 8:
            return replace(params, unit=AUTO)
        if params.unit != AUTO:
            return params
        return replace(params, unit=min(max(0, int(x.max()).bit_length() - 8), MAX_UNIT))

    def analyse(self, x: NDArray[Any], spec: Spec, params: Params) -> tuple[list[Ints], list[bytes]]:
        flat = x.reshape(spec.batch, spec.pixels, spec.channels).astype(np.int32)
        planes = [flat[:, :, c] for c in range(spec.channels)]
        values = x.astype(np.int32) << np.int32(_scale(spec))
        seen = analyse(self.layers, whole_picture(values, max(0, _unit(spec, params))))
        generator = synthesise(self.layers, spec.batch, _places(spec))
        request = next(generator)
        for n in LATENTS[params.passes]:
            level, d = request
            assert level == n
            latents = choose(self.layers, level, seen, d)
            planes.append(latents.reshape(spec.batch, -1) + np.int32(LATENT_ZERO))
            if n == LATENTS[params.passes][-1]:
                break
            request = generator.send(latents)
        return planes, [b""] * spec.batch

    def synthesise(self, planes: list[Ints], spec: Spec, params: Params) -> NDArray[Any]:
        dtype = np.uint16 if spec.bits > 8 else np.uint8
        shape = (spec.batch, spec.height, spec.width, spec.channels)
        return np.stack(planes[: spec.channels], axis=-1).astype(dtype).reshape(shape)

    def steps(self, spec: Spec, params: Params, side: Sequence[bytes]) -> Generator[Step, Ints, list[Ints]]:
        return self.partial(spec, params, side, params.passes)

    def preview(self, spec: Spec, params: Params, side: Sequence[bytes]) -> Generator[Step, Ints, list[Ints]]:
        """The predicted picture, from the latents alone."""
        return self.partial(spec, params, side, 0)

    def partial(
        self, spec: Spec, params: Params, side: Sequence[bytes], upto: int
    ) -> Generator[Step, Ints, list[Ints]]:
        """The latents and the first ``upto`` passes; the pixels of the others get their centres."""
        synthesis, latents = yield from self._latents(spec)
        unit = _unit(spec, params)
        canvas = Canvas.of(synthesis.picture, spec.height, spec.width, max(0, unit))
        for number in range(params.passes):
            for sites in _runs(plan.sites(params.passes, number, spec.height, spec.width)):
                centre = canvas.centres(sites, params.passes, number)
                if number >= upto:
                    for c in range(spec.channels):
                        canvas.put(c, sites, centre[:, :, c])
                    continue
                mixtures = self._mixtures(synthesis, canvas, sites, number, centre, spec.bits, unit)
                for c in range(spec.channels):
                    decoded = yield Step(c, sites, mixtures.mixture(c))
                    values = decoded.astype(np.int32) << np.int32(_scale(spec))
                    canvas.put(c, sites, values)
                    mixtures.know(values.reshape(-1))
        return _planes(canvas, spec) + latents

    def _latents(self, spec: Spec) -> Generator[Step, Ints, tuple[Synthesis, list[Ints]]]:
        """The steps of the latents; returns what follows from them, and the symbols (B, n) of each level."""
        found: list[Ints] = []
        generator = synthesise(self.layers, spec.batch, _places(spec))
        latents: Any = None
        try:
            while True:
                level, d = generator.send(latents)
                outputs = convolve(self.layers.tables[level], d).astype(np.int32)
                tables = LatentTables(outputs.reshape(spec.batch, -1, outputs.shape[3]))
                symbols = np.empty((spec.batch, len(tables)), dtype=np.int32)
                for run in _runs(np.arange(len(tables), dtype=np.intp)):
                    part = slice(int(run[0]), int(run[-1]) + 1)
                    symbols[:, part] = yield Step(spec.channels + len(found), run, tables.mixture(part))
                found.append(symbols)
                latents = symbols.reshape(*d.shape[:3], -1) - np.int32(LATENT_ZERO)
        except StopIteration as done:
            synthesis: Synthesis = done.value
        return synthesis, found

    def _mixtures(
        self, synthesis: Synthesis, canvas: Canvas, sites: Sites, number: int, centre: Ints, bits: int, unit: int
    ) -> CoupledMixtures:
        """The distributions of pixels of a pass: the only place where its head is evaluated."""
        i, j = np.divmod(sites, canvas.width)
        parts = [synthesis.features[:, i, j], *canvas.rows(sites, self.layers.passes, number, centre)]
        rows = np.concatenate(parts, axis=2, dtype=np.float32)
        outputs = self.layers.heads[number](rows.reshape(-1, rows.shape[2]))
        return CoupledMixtures(outputs, centre.reshape(-1, centre.shape[2]), MIXTURES, bits, unit)


def _planes(canvas: Canvas, spec: Spec) -> list[Ints]:
    """Samples (B, H*W) of each channel; guesses are rounded to the nearest."""
    scale = _scale(spec)
    values = canvas.samples(np.arange(spec.pixels, dtype=np.intp))
    # Centres reach beyond what samples can be, on both sides.
    rounded = np.clip((values + np.int32(1 << scale >> 1)) >> np.int32(scale), 0, (1 << spec.bits) - 1)
    return [rounded[:, :, c] for c in range(spec.channels)]


def _runs(sites: Sites) -> Iterator[Sites]:
    """At most SITES at a time: what is coded in one step."""
    return (sites[n : n + SITES] for n in range(0, len(sites), SITES))


def _unit(spec: Spec, params: Params) -> int:
    """log2 of a unit in levels; raises HeaderError if a deep picture has none."""
    if spec.bits <= 8:
        return spec.bits - 8
    if params.unit == AUTO:
        raise HeaderError("a 16-bit picture without the unit of its network")
    return params.unit


def _scale(spec: Spec) -> int:
    """log2 of what a level of the picture is in 1/16 of a level (of 8 bits if it has fewer)."""
    return MEAN_BITS + max(0, 8 - spec.bits)


def _places(spec: Spec) -> tuple[int, int]:
    """Rows and columns of the core."""
    return -(-spec.height // 16), -(-spec.width // 16)
