"""A window holds only what is decoded before, and a channel's table only the channels before it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from neuroc.api import Spec
from neuroc.exact.window import LEFT, UP, neighbours
from neuroc_pixelcnn.codec import CODEC, Params
from neuroc_pixelcnn.context import causal_taps
from neuroc_pixelcnn.network import VARIANTS, Variant
from neuroc_pixelcnn.schedule import SCHEDULES, order, step_count

SIZES = [*itertools.product(range(1, 8), range(1, 8)), (1, 40), (40, 1), (2, 33), (3, 20), (20, 3), (32, 32)]
TAPS = (causal_taps(3), ((-1, -1), (-1, 0), (-1, 1), LEFT))


def test_the_first_layer_sees_seven_by_seven() -> None:
    taps = causal_taps(3)
    assert len(set(taps)) == len(taps) == 24
    assert {LEFT, UP} < set(taps)
    assert taps[0] == (-3, -3)
    assert all(di < 0 or (di == 0 and dj < 0) for di, dj in taps)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_neighbour_is_decoded_in_an_earlier_step(schedule: str) -> None:
    for height, width in SIZES:
        plans = [order(schedule, height, width, taps) for taps in TAPS]
        plan = plans[0]
        assert sorted(plan.sites.tolist()) == list(range(height * width))
        steps = plan.steps
        assert steps <= step_count(schedule, height, width)
        if width >= 4 or height == 1 or schedule == "raster":
            assert steps == step_count(schedule, height, width)
        step_of = np.empty(height * width + 1, dtype=np.int64)
        step_of[plan.sites] = np.repeat(np.arange(steps), np.diff(plan.starts))
        step_of[-1] = -1  # the constant is known from the start
        for p in plans:
            assert bool((step_of[p.context] < step_of[plan.sites][:, None]).all())


def test_neighbours_inside_the_tile_are_where_their_taps_say() -> None:
    height, width, taps = 7, 8, TAPS[0]
    i, j = np.divmod(np.arange(height * width), width)
    flat = neighbours(i, j, height, width, taps)
    for (row, column), found in zip(zip(i.tolist(), j.tolist(), strict=True), flat.tolist(), strict=True):
        for (di, dj), position in zip(taps, found, strict=True):
            y, x = row + di, column + dj
            if y >= 0 and (di < 0 or x >= 0):
                assert position == y * width + min(max(x, 0), width - 1)
            else:
                nearest = row * width + column - 1 if column else (row - 1) * width if row else height * width
                assert position == nearest


def test_tables_depend_on_earlier_pixels_and_channels_only(network: Variant, build: Any) -> None:
    spec, params, model = Spec(6, 7, network.channels, 8), Params(schedule="raster"), build(network)
    g = np.random.Generator(np.random.PCG64(2))
    x = g.integers(0, 256, (1, 6, 7, network.channels)).astype(np.uint8)
    (before,) = model.intervals(model.analyse(x, spec, params)[0], spec, params)
    for pixel, channel in itertools.product((0, 17, 41), range(network.channels)):
        changed = x.reshape(42, -1).copy()
        changed[pixel, channel] ^= 85
        planes, _ = model.analyse(changed.reshape(x.shape), spec, params)
        (after,) = model.intervals(planes, spec, params)
        first = 2 * (pixel * network.channels + channel)  # two digits a sample
        assert np.array_equal(before.start[:first], after.start[:first])
        assert np.array_equal(before.freq[:first], after.freq[:first])
        if pixel == 0:
            assert not np.array_equal(before.freq[first:], after.freq[first:])


def test_the_codec_tells_its_cost_without_weights() -> None:
    spec = Spec(512, 512, 3, 8)
    cost = CODEC.cost(spec, Params())
    assert cost.macs == sum(VARIANTS["photo-softmax"].macs) * spec.pixels
    assert cost.steps == 512 + 4 * 511
    assert 0 < cost.peak_bytes < 2**28


def test_small_pictures_take_the_weights_of_small_pictures() -> None:
    names = {
        (32, 3, "auto"): "cifar-softmax",
        (64, 3, "auto"): "cifar-softmax",
        (65, 3, "auto"): "photo-softmax",
        (32, 3, "photo"): "photo-softmax",
        (512, 3, "cifar"): "cifar-softmax",
        (512, 1, "cifar"): "grey-softmax",
    }
    for (side, channels, chosen), name in names.items():
        assert CODEC.weights_name(Spec(side, side, channels, 8), Params(set=chosen)) == name
        mixture = Params(set=chosen, head="mixture")
        assert CODEC.weights_name(Spec(side, side, channels, 8), mixture) == name.replace("softmax", "mixture")
