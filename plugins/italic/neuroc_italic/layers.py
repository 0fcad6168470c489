"""Reads a weights file into exact layers and proves them (SPEC sections 15.4 and 15.7)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.api import Engine, Interval, Linear, Weights, evaluator, prove
from neuroc.exact.attention import Attention
from neuroc.exact.layers import beside
from neuroc.exact.stored import require_layers, stored_layer
from neuroc.exact.tables import SIGMOID_RANGE, sigmoid_table

from .inputs import ONE, contrast_table
from .network import (
    ACTIVATION_MAX,
    CELL_RING,
    CELL_TAPS,
    DIFFERENCE_MAX,
    FRACTION,
    GROUPS,
    KEY,
    KEY_MAX,
    KNOTS,
    PIXEL,
    PIXEL_RING,
    PIXEL_TAPS,
    Variant,
)
from .schedule import LARGEST_TILE

GATE_BITS = 10  # the mask branch's sigmoid is 0 .. 2**10
MOST_KEYS = (LARGEST_TILE // 4) ** 2


def cell_range(variant: Variant) -> Interval:
    """Bounds of the first layer's inputs (inputs.cell_inputs)."""
    c, d = variant.channels, DIFFERENCE_MAX
    parts = [*[(-d, d)] * c, (0, ONE)] * len(CELL_TAPS)
    parts += [(-d, d)] * (c * len(CELL_RING) + c)
    parts += [(0, int(contrast_table()[-1]))] * 4
    parts += [(-d, d)] * (c * len(CELL_RING) if variant.base else 0)
    return Interval.each(parts + [(0, ONE)] * KNOTS)


def pixel_range(variant: Variant) -> Interval:
    """Bounds of the head's inputs: the cell's features, then inputs.pixel_inputs."""
    c, d = variant.channels, DIFFERENCE_MAX
    parts = [(0, ACTIVATION_MAX)] * PIXEL + [(-d, d)] * (c * len(PIXEL_TAPS)) + [(0, ONE)] * len(PIXEL_TAPS)
    parts += [(-d, d)] * (c * len(PIXEL_RING) + c) + [(0, int(contrast_table()[-1]))]
    return Interval.each(parts + [(-d, d)] * (c * (len(PIXEL_RING) + 1) if variant.base else 0))


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """The evaluators of all layers; each takes rows (n, in) and gives (n, out) int32."""

    first: Any
    fuse: Any
    trunks: tuple[Any, ...]  # trunk and project
    downs: tuple[Any, ...]
    attend: Any  # queries, keys and values side by side
    attended: Any
    masks: tuple[Any, ...]  # mask and remask
    ups: tuple[Any, ...]
    pixels: tuple[Any, ...]  # by phase: row parity, column parity
    head: Any
    attention: Attention


def clamp_of(variant: Variant, name: str) -> Interval:
    """The clamp of a layer's outputs."""
    shape = variant.layers[name]
    if name == "output":
        return Interval(*variant.head_clamps())
    part = name.rpartition(".")[2]
    if part in ("query", "key"):
        return Interval.of(-KEY_MAX, KEY_MAX, shape.outputs)
    signed = part in ("fuse", "project", "down", "value", "attended", "remask", "up")
    return Interval.of(-ACTIVATION_MAX if signed else 0, ACTIVATION_MAX, shape.outputs)


def range_of(variant: Variant, name: str) -> Interval:
    """What a layer's inputs lie in."""
    shape = variant.layers[name]
    if name == "first":
        return cell_range(variant)
    if name == "head0":
        return pixel_range(variant)
    lo = np.zeros(shape.columns, dtype=np.int64)
    if name == "fuse":
        lo[variant.layers["first"].outputs :] = -ACTIVATION_MAX
    elif name.endswith("attended"):
        lo[:] = -ACTIVATION_MAX
    return Interval(lo, np.full(shape.columns, ACTIVATION_MAX, dtype=np.int64))


def load_layers(variant: Variant, weights: Weights, engine: Engine) -> Layers:
    """The proved layers on ``engine``; raises WeightsError, ExactnessError."""
    require_layers(weights, variant.layers, f"the italic network {variant.name}")
    linear = {
        name: stored_layer(weights, name, shape.columns, clamp_of(variant, name))
        for name, shape in variant.layers.items()
    }

    def chain(*names: str) -> Any:
        layers = tuple(linear[name] for name in names)
        return evaluator(engine, prove(layers, range_of(variant, names[0])))

    groups = [f"group{g}." for g in range(GROUPS)]
    attentive = next(g for g in groups if g + "query" in linear)
    joined = beside([linear[attentive + part] for part in ("query", "key", "value")])
    phases = [_rows(linear["pixel"], slice(p * PIXEL, (p + 1) * PIXEL)) for p in range(4)]
    return Layers(
        first=chain("first"),
        fuse=chain("fuse"),
        trunks=tuple(chain(g + "trunk", g + "project") for g in groups),
        downs=tuple(chain(g + "down") for g in groups),
        attend=evaluator(engine, prove((joined,), range_of(variant, attentive + "query"))),
        attended=chain(attentive + "attended"),
        masks=tuple(chain(g + "mask", g + "remask") for g in groups),
        ups=tuple(chain(g + "up") for g in groups),
        pixels=tuple(evaluator(engine, prove((p,), range_of(variant, "pixel"))) for p in phases),
        head=chain("head0", "head1", "output"),
        attention=Attention(KEY, FRACTION, KEY_MAX, ACTIVATION_MAX, MOST_KEYS),
    )


def _rows(layer: Linear, rows: slice) -> Linear:
    clamp = Interval(layer.clamp.lo[rows], layer.clamp.hi[rows])
    return Linear(layer.weight[rows], layer.bias[rows], layer.shift[rows], clamp)


@lru_cache(maxsize=1)
def gate_table() -> NDArray[np.int32]:
    """round(2**10 sigmoid) of activations -2048 .. 2047, from the sigmoid table."""
    u = np.arange(-ACTIVATION_MAX - 1, ACTIVATION_MAX + 1, dtype=np.int64)
    sigmoid = sigmoid_table(FRACTION - 1)[(u >> 1) + (SIGMOID_RANGE << (FRACTION - 1))]
    table: NDArray[np.int32] = (sigmoid + 32) >> (16 - GATE_BITS)
    table.setflags(write=False)
    return table
