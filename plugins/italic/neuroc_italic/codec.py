"""The italic codec: any number of steps with one network, tiles of at most 64 x 64 (SPEC section 15)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuroc.api import Cost, Engine, Spec, Step, UsageError, Weights, param

from .base import QUANTISERS, Layout, base_steps
from .network import KEY, VALUE, VARIANTS, Variant
from .schedule import LARGEST_TILE, step_count

if TYPE_CHECKING:
    from .model import ItalicModel

Ints = NDArray[np.int32]

AUTO = -1
MAX_UNIT = 8
_BYTES_PER_PIXEL = 6000  # patches, inputs of the head and boundaries of a tile's largest step


@dataclass(frozen=True, slots=True)
class Params:
    """Options of ``neuroc encode --plugin italic``."""

    steps: int = param(
        8,
        key=0,
        low=1,
        high=LARGEST_TILE**2,
        help="steps of a tile: more are slower and smaller, pixels = raster order",
    )
    unit: int = param(
        AUTO,
        key=1,
        low=AUTO,
        high=MAX_UNIT,
        help="16-bit pictures: the network sees steps of 2**unit levels; -1 chooses by the picture",
    )
    base: str = param(
        "none", key=2, choices=("none", "dct"), help="a small lossy picture before the first step (RGB only)"
    )
    base_quality: int = param(
        3, key=3, low=1, high=len(QUANTISERS), help="of the base picture: how fine its quantiser is"
    )


def has_base(spec: Spec, params: Params) -> bool:
    """Whether a plane group begins with a base picture: alpha has none."""
    return params.base == "dct" and spec.channels == 3


def variant_of(spec: Spec, params: Params) -> Variant:
    """The network that codes ``spec``; raises UsageError for a base picture in grey."""
    if spec.channels == 1:
        if spec.kind == "colour" and params.base != "none":
            raise UsageError("base pictures are for RGB pictures only", remedy="Use --base none")
        return VARIANTS["grey"]
    return VARIANTS["rgb-dct" if has_base(spec, params) else "rgb"]


class ItalicCodec:
    """What the entry point names."""

    params = Params
    largest_tile = LARGEST_TILE

    def weights_name(self, spec: Spec, params: Params) -> str:
        return variant_of(spec, params).name

    def cost(self, spec: Spec, params: Params) -> Cost:
        variant = variant_of(spec, params)
        rows, columns = -(-spec.height // 4), -(-spec.width // 4)
        steps = step_count(params.steps, spec.height, spec.width)
        keys = rows * columns
        return Cost(
            macs=steps * (4 * keys * variant.cell_macs + keys**2 * (KEY + VALUE)) + spec.pixels * variant.pixel_macs,
            steps=steps + (Layout.of(spec.height, spec.width).rounds if has_base(spec, params) else 0),
            peak_bytes=16 * keys * _BYTES_PER_PIXEL + 64 * steps,
        )

    def model(self, weights: Weights, engine: Engine, spec: Spec, params: Params) -> ItalicModel:
        # Here and not above: to list a codec or to tell a cost needs no model.
        from .head import prove_head
        from .layers import load_layers
        from .model import ItalicModel

        variant = variant_of(spec, params)
        prove_head(variant, spec.bits, MAX_UNIT)
        return ItalicModel(variant, load_layers(variant, weights, engine))

    def preview(self, spec: Spec, params: Params) -> Generator[Step, Ints, NDArray[Any]] | None:
        return _preview(spec, params) if has_base(spec, params) else None


def _preview(spec: Spec, params: Params) -> Generator[Step, Ints, NDArray[Any]]:
    picture, _ = yield from base_steps(spec.height, spec.width, spec.batch, params.base_quality)
    if spec.bits == 16:
        return (picture * 257).astype(np.uint16)
    return (picture >> (8 - spec.bits)).astype(np.uint8)


CODEC = ItalicCodec()
