"""Reads a weights file into exact layers and proves them (SPEC sections 16.3 and 16.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.api import Engine, Interval, Network, Weights, WeightsError, evaluator, prove
from neuroc.exact.attention import Attention
from neuroc.exact.layers import beside
from neuroc.exact.norm import RmsNorm
from neuroc.exact.stored import WEIGHT, require_layers, stored_layer, stored_tensor

from .inputs import FARTHEST, PREDICTIONS
from .network import (
    ACTIVATION_MAX,
    CORE,
    DIFFERENCE_MAX,
    FRACTION,
    KEY,
    KEY_MAX,
    LATENT_MAX,
    LEVELS,
    MIDDLE,
    PIXEL,
    Variant,
)
from .passes import LATENTS

LARGEST_TILE = 512
CELL = 1 << LEVELS  # pixels a side of a place of the core
MOST_KEYS = (LARGEST_TILE // CELL) ** 2
PICTURE = (-MIDDLE, DIFFERENCE_MAX - MIDDLE)  # samples relative to the middle


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Two convolutions with their norms, and at the core attention; evaluators take rows (n, in), give (n, out)."""

    convolutions: tuple[Any, Any]
    norm: RmsNorm
    attend: Any = None  # queries, keys and values side by side
    attended: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """The evaluators of all layers that so many passes need, levels from 1 to 4."""

    passes: int
    downs: dict[int, Any]
    analysis: dict[int, Block]
    synthesis: dict[int, Block]
    ups: dict[int, Any]
    latents: dict[int, Any]  # encoder only, as are downs and analysis
    tables: dict[int, Any]  # prior and tables
    embeds: dict[int, Any]
    pixel: Any
    heads: tuple[Any, ...]
    attention: Attention
    core: NDArray[np.float32]  # (width,) what synthesis starts from


class _Probed:
    """A proved network that is prepared and probed when it is first needed: decoders never run the analysis."""

    def __init__(self, engine: Engine, network: Network) -> None:
        self._engine, self._network = engine, network
        self._evaluate: Any = None

    def __call__(self, rows: Any) -> Any:
        """Outputs (n, out) for inputs (n, in); raises ExactnessError if the engine does not compute them exactly."""
        if self._evaluate is None:
            self._evaluate = evaluator(self._engine, self._network)
        return self._evaluate(rows)


def clamp_of(variant: Variant, name: str) -> Interval:
    """The clamp of a layer's outputs."""
    outputs = variant.layers[name].outputs
    part = name.rpartition(".")[2]
    if name.startswith("head"):
        return Interval(*variant.head_clamps()) if part == "2" else Interval.of(0, ACTIVATION_MAX, outputs)
    if part == "tables":
        return Interval(*variant.table_clamps(level_of(name)))
    if part == "latent":
        return Interval.of(-LATENT_MAX, LATENT_MAX, outputs)
    if part == "pixel":
        return Interval.each(([(0, ACTIVATION_MAX)] * PIXEL + [PREDICTIONS] * variant.channels) * 4)
    if part in ("query", "key"):
        return Interval.of(-KEY_MAX, KEY_MAX, outputs)
    return Interval.of(0 if part == "prior" else -ACTIVATION_MAX, ACTIVATION_MAX, outputs)


def range_of(variant: Variant, name: str) -> Interval:
    """What a layer's inputs lie in."""
    columns = variant.layers[name].columns
    part = name.rpartition(".")[2]
    positive, signed = (0, ACTIVATION_MAX), (-ACTIVATION_MAX, ACTIVATION_MAX)
    if name.startswith("head"):
        differences = [(-FARTHEST, FARTHEST)] * (columns - PIXEL)
        return Interval.each([positive] * PIXEL + differences if part == "0" else [positive] * columns)
    if name == "analysis1.down":
        return Interval.each([PICTURE] * columns)
    if part == "embed":
        return Interval.of(-LATENT_MAX, LATENT_MAX, columns)
    if part in ("conv1", "query", "key", "value", "tables"):
        return Interval.each([positive] * columns)
    if part in ("conv0", "attended", "prior"):
        return Interval.each([signed] * columns)
    level = {"down": level_of(name) - 1, "pixel": 1}.get(part) or level_of(name)
    features = variant.width(level)
    block = [signed if level == CORE else positive] * features  # attention follows the rectifier
    inputs = [signed] * features + block + [signed] * (features if part == "latent" else 0)
    return Interval.each(inputs * (columns // len(inputs)))


def level_of(name: str) -> int:
    """The level of a layer of analysis or synthesis; 0 of others."""
    start = name.partition(".")[0]
    return int(start[-1]) if start[:-1] in ("analysis", "synthesis") else 0


def load_layers(variant: Variant, weights: Weights, engine: Engine, passes: int) -> Layers:
    """The proved layers on ``engine``; raises WeightsError, ExactnessError."""
    shapes = variant.layers
    require_layers(weights, shapes, f"the unet network {variant.name}", "core")
    linear = {
        name: stored_layer(weights, name, shape.columns, clamp_of(variant, name)) for name, shape in shapes.items()
    }
    core = stored_tensor(weights, "core", WEIGHT, (variant.width(CORE),))
    if int(np.abs(core).max()) > ACTIVATION_MAX:
        raise WeightsError(f"the core of {weights.name} is out of range", remedy="Choose others")

    def chain(*names: str) -> Any:
        return _Probed(engine, prove(tuple(linear[name] for name in names), range_of(variant, names[0])))

    def block(name: str, level: int) -> Block:
        convolutions = chain(f"{name}.conv0"), chain(f"{name}.conv1")
        norm = RmsNorm(variant.width(level), ACTIVATION_MAX)
        if level != CORE:
            return Block(convolutions, norm)
        joined = beside([linear[f"{name}.{part}"] for part in ("query", "key", "value")])
        attend = _Probed(engine, prove((joined,), range_of(variant, f"{name}.query")))
        return Block(convolutions, norm, attend, chain(f"{name}.attended"))

    levels = range(1, LEVELS + 1)
    stored = LATENTS[passes]
    return Layers(
        passes=passes,
        downs={n: chain(f"analysis{n}.down") for n in levels},
        analysis={n: block(f"analysis{n}", n) for n in levels},
        synthesis={n: block(f"synthesis{n}", n) for n in levels},
        ups={n: chain(f"synthesis{n}.up") for n in levels if n > 1},
        latents={n: chain(f"synthesis{n}.latent") for n in stored},
        tables={n: chain(f"synthesis{n}.prior", f"synthesis{n}.tables") for n in stored},
        embeds={n: chain(f"synthesis{n}.embed") for n in stored},
        pixel=chain("pixel"),
        heads=tuple(chain(*(f"head{passes}.{number}.{part}" for part in (0, 1, 2))) for number in range(passes)),
        attention=Attention(KEY, FRACTION, KEY_MAX, ACTIVATION_MAX, MOST_KEYS),
        core=core.astype(np.float32),
    )
