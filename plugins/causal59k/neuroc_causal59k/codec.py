"""The causal59k codec: three networks, three schedules, one network evaluation per pixel (SPEC section 12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neuroc.api import (
    Cost,
    Engine,
    Spec,
    UsageError,
    Weights,
    evaluator,
    param,
)

from .network import VARIANTS, Variant
from .schedule import SCHEDULES, step_count

if TYPE_CHECKING:
    from .model import CausalModel

AUTO = -1
MAX_UNIT = 8


@dataclass(frozen=True, slots=True)
class Params:
    """Options of ``neuroc encode --plugin causal59k``."""

    schedule: str = param(
        "wavefront",
        key=0,
        choices=SCHEDULES,
        help="order of decoding; diagonal has the fewest steps and its own network (RGB only)",
    )
    unit: int = param(
        AUTO,
        key=1,
        low=AUTO,
        high=MAX_UNIT,
        help="16-bit pictures: the network sees steps of 2**unit levels; -1 chooses by trial",
    )


def variant_of(spec: Spec, params: Params) -> Variant:
    """The network that codes ``spec``; raises UsageError for the diagonal schedule on a grey picture."""
    if spec.channels == 1:
        if spec.kind == "colour" and params.schedule == "diagonal":
            raise UsageError(
                "the diagonal schedule has a network for RGB pictures only", remedy="Use --schedule wavefront"
            )
        return VARIANTS["grey"]
    return VARIANTS["rgb-diagonal" if params.schedule == "diagonal" else "rgb"]


def schedule_of(variant: Variant, params: Params) -> str:
    """The schedule of one plane group: alpha beside a diagonal picture runs on the wavefront."""
    return "wavefront" if variant.context == "raster" and params.schedule == "diagonal" else params.schedule


class CausalCodec:
    """What the entry point names."""

    params = Params

    def weights_name(self, spec: Spec, params: Params) -> str:
        return variant_of(spec, params).name

    def cost(self, spec: Spec, params: Params) -> Cost:
        variant = variant_of(spec, params)
        taps = len(variant.taps)
        return Cost(
            macs=variant.macs * spec.pixels,
            steps=step_count(schedule_of(variant, params), spec.height, spec.width),
            # Order and context of a tile (schedule.order), steps as Python integers, canvas and planes.
            peak_bytes=spec.pixels * (4 * taps + 48 + 16 * spec.channels + 2 * spec.bits)
            + 48 * step_count(schedule_of(variant, params), spec.height, spec.width),
        )

    def model(self, weights: Weights, engine: Engine, spec: Spec, params: Params) -> CausalModel:
        # Here and not above: to list a codec or to tell a cost needs no model.
        from .head import input_limit, prove_head
        from .layers import load_network
        from .model import CausalModel

        variant = variant_of(spec, params)
        prove_head(variant, spec.bits, MAX_UNIT)
        network = load_network(variant, weights, input_limit(spec.bits), finer=2 if spec.bits > 8 else 0)
        return CausalModel(variant, network, evaluator(engine, network))


CODEC = CausalCodec()
