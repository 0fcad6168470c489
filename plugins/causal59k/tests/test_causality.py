"""A context holds only what is decoded before, in every schedule; the tables of a step depend on nothing later."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroc.api import Spec
from neuroc_causal59k.codec import CODEC, Params
from neuroc_causal59k.context import LEFT, TAPS, UP, neighbours
from neuroc_causal59k.model import CausalModel
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


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("height", "width"), [(4, 5), (1, 6), (6, 1), (5, 4)])
def test_later_samples_do_not_change_the_tables_of_a_step(model: Any, schedule: str, height: int, width: int) -> None:
    """Drive steps() with two pictures that differ from some step on: until then all tables are equal."""
    params = Params(schedule=schedule)
    spec = Spec(height, width, 3, 8, batch=2)
    network: CausalModel = model(spec, params)
    g = np.random.Generator(np.random.PCG64(height))
    one = g.integers(0, 256, (3, height * width), dtype=np.int32)
    total = sum(1 for _ in _drive(network, spec, params, np.stack([one, one])))
    for change in range(0, total, max(1, total // 12)):
        other = g.integers(0, 256, one.shape, dtype=np.int32)
        for number, tables in enumerate(_drive(network, spec, params, np.stack([one, other]), change)):
            if number <= change:
                assert all(np.array_equal(t[: len(t) // 2], t[len(t) // 2 :]) for t in tables)


def _drive(model: CausalModel, spec: Spec, params: Params, pictures: NDArray[np.int32], change: int = 10**9) -> Any:
    """Tables of each step; pictures (2, C, pixels) are the same until step ``change``."""
    generator = model.steps(spec, params, [b""] * 2)
    step = next(generator)
    for number in itertools.count():
        symbols = pictures[:, step.plane][:, step.sites]
        if number < change:
            symbols = symbols[[0, 0]]
        flat = symbols[[0, 0]].reshape(-1)  # prefixes of both are those of the first picture
        remaining, tables = 8, []
        for digit, width in enumerate(step.dist.digits):
            tables.append(step.dist.tables(digit, flat >> remaining))
            remaining -= width
        yield tables
        try:
            step = generator.send(symbols)
        except StopIteration:
            return


def test_the_codec_tells_its_cost_without_weights() -> None:
    spec = Spec(512, 512, 3, 8)
    cost = CODEC.cost(spec, Params())
    assert cost.macs == VARIANTS["rgb"].macs * spec.pixels
    assert cost.steps == 512 + 3 * 511
    assert 0 < cost.peak_bytes < 2**28
