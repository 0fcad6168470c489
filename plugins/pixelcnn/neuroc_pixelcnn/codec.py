"""The pixelcnn codec: networks by head and kind of picture, two schedules, three stages a pixel (SPEC section 14)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neuroc.api import Cost, Engine, Spec, Weights, param

from .network import HEADS, VARIANTS, Variant
from .schedule import SCHEDULES, SLOPE, step_count

if TYPE_CHECKING:
    from .model import MaskedModel

SETS = ("auto", "cifar", "photo")
STEP_BYTES = 16384  # for each pixel of a step
SMALL = 64 * 64  # pixels up to which a picture counts as a small one, like those of CIFAR-10


@dataclass(frozen=True, slots=True)
class Params:
    """Options of ``neuroc encode --plugin pixelcnn``."""

    head: str = param(
        "softmax",
        key=0,
        choices=HEADS,
        help="how a sample's distribution is given: 256 probabilities, or a mixture of logistics, which is denser",
    )
    schedule: str = param("wavefront", key=1, choices=SCHEDULES, help="order of decoding; raster has more steps")
    set: str = param(
        "auto",
        key=2,
        choices=SETS,
        help="weights for colour: of small pictures (cifar) or of photographs; auto: cifar up to 64x64 pixels",
    )


def variant_of(spec: Spec, params: Params) -> Variant:
    """The network that codes ``spec``; the two sets of weights have the same architecture."""
    if spec.channels == 1:
        return VARIANTS[f"grey-{params.head}"]
    small = params.set == "cifar" or (params.set == "auto" and spec.pixels <= SMALL)
    return VARIANTS[f"{'cifar' if small else 'photo'}-{params.head}"]


class MaskedCodec:
    """What the entry point names."""

    params = Params

    def weights_name(self, spec: Spec, params: Params) -> str:
        return variant_of(spec, params).name

    def cost(self, spec: Spec, params: Params) -> Cost:
        variant = variant_of(spec, params)
        steps = step_count(params.schedule, spec.height, spec.width)
        # Order and windows of a tile (schedule.order), canvas and planes; steps as Python integers; the activations
        # and tables of the pixels of one step.
        memory = spec.pixels * (160 + 16 * spec.channels) + 48 * steps
        memory += STEP_BYTES * min(spec.height, -(-spec.width // SLOPE))
        return Cost(macs=sum(variant.macs) * spec.pixels, steps=steps, peak_bytes=memory)

    def model(self, weights: Weights, engine: Engine, spec: Spec, params: Params) -> MaskedModel:
        # Here and not above: to list a codec or to tell a cost needs no model.
        from .head import prove_head
        from .layers import load_layers
        from .model import MaskedModel
        from .stages import Evaluator

        variant = variant_of(spec, params)
        prove_head()
        return MaskedModel(variant, Evaluator(variant, load_layers(variant, weights), engine))


CODEC = MaskedCodec()
