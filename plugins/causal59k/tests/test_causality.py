"""A context holds only what is decoded before, in every schedule (that tables do so too: test_contracts.py)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from neuroc.api import Spec
from neuroc.exact.window import LEFT, UP, neighbours
from neuroc_causal59k.codec import CODEC, Params
from neuroc_causal59k.context import TAPS
from neuroc_causal59k.network import VARIANTS
from neuroc_causal59k.schedule import SCHEDULES, order, step_count

SIZES = [*itertools.product(range(1, 10), range(1, 10)), (1, 40), (40, 1), (2, 33), (3, 20), (20, 3)]
CONTEXT_OF = {"wavefront": "raster", "serial": "raster", "diagonal": "diagonal"}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_neighbour_is_decoded_in_an_earlier_step(schedule: str) -> None:
    for height, width in SIZES:
        plan = order(schedule, height, width, TAPS[CONTEXT_OF[schedule]])
        assert sorted(plan.sites.tolist()) == list(range(height * width))
        assert plan.starts[0] == 0
        assert plan.starts[-1] == height * width
        step_of = np.empty(height * width + 1, dtype=np.int64)
        step_of[plan.sites] = np.repeat(np.arange(plan.steps), np.diff(plan.starts))
        step_of[-1] = -1  # the constant is known from the start
        assert bool((step_of[plan.context] < step_of[plan.sites][:, None]).all())


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_stated_number_of_steps_is_true_or_an_upper_bound(schedule: str) -> None:
    for height, width in SIZES:
        steps = order(schedule, height, width, TAPS[CONTEXT_OF[schedule]]).steps
        assert steps <= step_count(schedule, height, width)
        if width >= 3 or height == 1 or schedule != "wavefront":
            assert steps == step_count(schedule, height, width)


@pytest.mark.parametrize("context", TAPS)
def test_neighbours_inside_the_tile_are_where_their_taps_say(context: str) -> None:
    height, width = 7, 8
    taps = TAPS[context]
    i, j = np.divmod(np.arange(height * width), width)
    flat = neighbours(i, j, height, width, taps)
    for (row, column), found in zip(zip(i.tolist(), j.tolist(), strict=True), flat.tolist(), strict=True):
        for (di, dj), position in zip(taps, found, strict=True):
            y, x = row + di, column + dj
            if 0 <= y < height and 0 <= x < width:
                assert position == y * width + x
            elif 0 <= y < row:
                assert position == y * width + min(max(x, 0), width - 1)
            else:
                nearest = row * width + column - 1 if column else (row - 1) * width if row else height * width
                assert position == nearest


def test_taps_are_distinct_and_contain_left_and_upper() -> None:
    for taps in TAPS.values():
        assert len(set(taps)) == len(taps) == 12
        assert LEFT in taps
        assert UP in taps
    diagonal = set(TAPS["diagonal"])
    assert diagonal == {(dj, di) for di, dj in diagonal}
    assert all(di + dj < 0 for di, dj in diagonal)


def test_networks_stay_within_their_parameter_budget() -> None:
    assert all(v.parameters <= 59_000 for v in VARIANTS.values())


def test_the_codec_tells_its_cost_without_weights() -> None:
    spec = Spec(512, 512, 3, 8)
    cost = CODEC.cost(spec, Params())
    assert cost.macs == VARIANTS["rgb"].macs * spec.pixels
    assert cost.steps == 512 + 3 * 511
    assert 0 < cost.peak_bytes < 2**28
