"""Streams of causal59k beyond the contracts of every codec: schedules, units of deep pictures, input ranges."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroc.api import HeaderError, Spec
from neuroc.coder import get_coder
from neuroc.driver import decode_items, encode_items
from neuroc.errors import StreamError
from neuroc_causal59k.codec import Params
from neuroc_causal59k.head import network_inputs
from neuroc_causal59k.network import VARIANTS

CODERS = {name: get_coder(name) for name in ("rans24", "range24")}


def samples(spec: Spec, seed: int) -> NDArray[Any]:
    """A ramp with noise in some items, pure noise and the ends of the range in others: (B, H, W, C)."""
    g = np.random.Generator(np.random.PCG64(seed))
    top = (1 << spec.bits) - 1
    shape = (spec.batch, spec.height, spec.width, spec.channels)
    x = g.integers(0, top + 1, shape, dtype=np.int64)
    ramp = np.arange(spec.height)[:, None, None] + np.arange(spec.width)[:, None] + g.integers(0, 3, shape)
    x[::3] = ((ramp << spec.bits) >> 7)[::3]
    x[1::3] = np.where(x[1::3] > top // 2, top, 0)
    return np.clip(x, 0, top).astype(np.uint16 if spec.bits > 8 else np.uint8)


def test_schedules_of_one_network_code_the_same_intervals_in_another_order(model: Any) -> None:
    spec = Spec(9, 14, 3, 8)
    x = samples(spec, 3)
    found = []
    for schedule in ("wavefront", "serial"):
        params = Params(schedule=schedule)
        network = model(spec, params)
        (intervals,) = network.intervals(network.analyse(x, spec, params)[0], spec, params)
        found.append(sorted(zip(intervals.start.tolist(), intervals.freq.tolist(), strict=True)))
    assert found[0] == found[1]


def test_one_damaged_item_fails_its_batch(model: Any) -> None:
    spec = Spec(5, 5, 3, 8, 2)
    params, coder = Params(), CODERS["rans24"]
    network = model(spec, params)
    a, b = encode_items(network, samples(spec, 2), spec, params, coder)
    with pytest.raises(StreamError):
        decode_items(network, [a, b[:-4]], spec, params, coder)


def test_a_deep_picture_without_its_unit_is_refused(model: Any) -> None:
    spec = Spec(4, 4, 1, 16)
    with pytest.raises(HeaderError):
        decode_items(model(spec, Params()), [b""], spec, Params(), CODERS["rans24"])


def test_the_unit_of_a_deep_picture_follows_its_contrast(model: Any) -> None:
    spec = Spec(24, 24, 1, 16)
    g = np.random.Generator(np.random.PCG64(6))
    gentle = (20000 + g.integers(0, 6, (24, 24, 1))).astype(np.uint16)
    harsh = g.integers(0, 2**16, (24, 24, 1)).astype(np.uint16)
    units = [model(spec, Params()).adapt(x, spec, Params()).unit for x in (gentle, harsh)]
    assert 0 <= units[0] < units[1] <= 8
    assert model(spec, Params()).adapt(harsh, spec, Params(unit=2)).unit == 2
    assert model(Spec(4, 4, 1, 8), Params()).adapt(gentle, Spec(24, 24, 1, 8), Params()).unit == -1


def test_network_inputs_stay_in_the_range_that_is_proved() -> None:
    for bits, unit in ((2, -6), (4, -4), (8, 0), (16, 0), (16, 5), (16, 8)):
        top = (1 << bits) - 1
        ends = np.array(list(itertools.product((0, top), repeat=3)), dtype=np.int32)
        base = ends[:, :1] + ends[:, 1:2]
        inputs = network_inputs(ends[:, :, None], base, bits, unit)
        assert int(np.abs(inputs).max()) <= (1020 << 2 if bits > 8 else 1020)
        assert int(np.abs(inputs).max()) > 0


@pytest.mark.parametrize("name", VARIANTS)
def test_smooth_pictures_cost_less_than_their_samples(model: Any, name: str) -> None:
    variant = VARIANTS[name]
    spec = Spec(32, 32, variant.channels, 8)
    params = Params(schedule="diagonal" if variant.context == "diagonal" else "wavefront")
    x = np.add.outer(np.arange(32), np.arange(32) * 2)[None, :, :, None] + np.arange(variant.channels) * 20
    (item,) = encode_items(model(spec, params), x.astype(np.uint8), spec, params, CODERS["rans24"])
    assert len(item) < 0.5 * x.size
