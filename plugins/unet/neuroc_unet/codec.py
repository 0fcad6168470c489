"""The unet codec: one network for each kind of picture, any number of passes that there is (SPEC section 16)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuroc.api import Cost, Engine, Spec, Weights, param

from .network import CORE, KEY, VALUE, VARIANTS, Variant
from .passes import LATENTS, PASSES

if TYPE_CHECKING:
    from .model import UnetModel

Ints = NDArray[np.int32]

AUTO = -1
MAX_UNIT = 8
LARGEST_TILE = 512
SITES = 4096  # symbols that are coded together, at most
_BYTES_PER_PIXEL = 400
_BYTES_PER_STEP = 1 << 23


@dataclass(frozen=True, slots=True)
class Params:
    """Options of ``neuroc encode --plugin unet``."""

    passes: int = param(
        8, key=0, choices=PASSES, help="passes over the pixels: more are slower and smaller, 1 codes all at once"
    )
    unit: int = param(
        AUTO,
        key=1,
        low=AUTO,
        high=MAX_UNIT,
        help="16-bit pictures: the network sees steps of 2**unit levels; -1 chooses by the picture",
    )


def variant_of(spec: Spec) -> Variant:
    """The network that codes ``spec``."""
    return VARIANTS["grey" if spec.channels == 1 else "rgb"]


def decoding_macs(variant: Variant, passes: int) -> tuple[int, int]:
    """Multiply-accumulates of decoding: of a place of the core with its 256 pixels, without attention products, and of
    a pixel's head, that of the last pass for all.
    """
    place = pixel = 0
    for name, shape in variant.layers.items():
        macs = shape.columns * shape.outputs
        start, _, part = name.rpartition(".")
        if name == "pixel":
            place += macs << 2 * (CORE - 1)
        elif start == f"head{passes}.{passes - 1}":
            pixel += macs
        elif start.startswith("synthesis") and part != "latent":
            level = int(start[-1])
            if part not in ("prior", "tables", "embed") or level in LATENTS[passes]:
                place += macs << 2 * (CORE - level)
    return place, pixel


class UnetCodec:
    """What the entry point names."""

    params = Params
    largest_tile = LARGEST_TILE

    def weights_name(self, spec: Spec, params: Params) -> str:
        return variant_of(spec).name

    def cost(self, spec: Spec, params: Params) -> Cost:
        variant = variant_of(spec)
        places = -(-spec.height // 16) * -(-spec.width // 16)
        latents = [variant.latent(n) * places << 2 * (CORE - n) for n in LATENTS[params.passes]]
        place, pixel = decoding_macs(variant, params.passes)
        return Cost(
            macs=places * place + places**2 * (KEY + VALUE) + spec.pixels * pixel,
            steps=sum(-(-n // SITES) for n in latents) + spec.channels * (params.passes + spec.pixels // SITES),
            peak_bytes=_BYTES_PER_STEP + 256 * places * _BYTES_PER_PIXEL,
        )

    def model(self, weights: Weights, engine: Engine, spec: Spec, params: Params) -> UnetModel:
        # Here and not above: to list a codec or to tell a cost needs no model.
        from .head import prove_head
        from .layers import load_layers
        from .model import UnetModel

        variant = variant_of(spec)
        prove_head(variant, spec.bits, MAX_UNIT)
        return UnetModel(variant, load_layers(variant, weights, engine, params.passes))


CODEC = UnetCodec()
