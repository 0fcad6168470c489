"""Streams of networks with any weights: they come back, in one pass or by steps, at the same arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroc.api import Spec
from neuroc.coder import get_coder
from neuroc.driver import decode_items, encode_items, encode_steps
from neuroc_pixelcnn.codec import Params
from neuroc_pixelcnn.network import Variant
from neuroc_pixelcnn.schedule import SCHEDULES

CODER = get_coder("rans24")
SIZES = ((1, 1), (1, 7), (7, 1), (2, 2), (3, 9), (9, 14))


def samples(spec: Spec, seed: int) -> NDArray[np.uint8]:
    """A ramp with noise, only the ends of the range, and noise, by turns: (B, H, W, C)."""
    g = np.random.Generator(np.random.PCG64(seed))
    shape = (spec.batch, spec.height, spec.width, spec.channels)
    x = g.integers(0, 256, shape, dtype=np.int64)
    ramp = np.arange(spec.height)[:, None, None] * 3 + np.arange(spec.width)[:, None] * 5 + g.integers(0, 4, shape)
    x[::3] = (ramp + 90)[::3]
    x[1::3] = np.where(x[1::3] > 127, 255, 0)
    return np.clip(x, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_pictures_come_back_and_one_pass_equals_the_steps(network: Variant, schedule: str, build: Any) -> None:
    model, params = build(network), Params(schedule=schedule)
    for number, (height, width) in enumerate(SIZES):
        spec = Spec(height, width, network.channels, 8, batch=1 + number % 3)
        x = samples(spec, number)
        items = encode_items(model, x, spec, params, CODER)
        assert items == encode_steps(model, x, spec, params, CODER)
        assert np.array_equal(decode_items(model, items, spec, params, CODER), x)


def test_streams_of_a_batch_are_those_of_its_items(network: Variant, build: Any) -> None:
    model, params = build(network), Params()
    spec = Spec(6, 8, network.channels, 8, batch=5)
    x = samples(spec, 4)
    single = Spec(6, 8, network.channels, 8)
    alone = [encode_items(model, item[None], single, params, CODER)[0] for item in x]
    assert encode_items(model, x, spec, params, CODER) == alone


def test_a_tile_of_several_blocks_is_coded_like_its_steps(
    network: Variant, build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuroc_pixelcnn.model.BLOCK", 20)  # pixels that the encoder evaluates together
    model, params, spec = build(network), Params(), Spec(9, 14, network.channels, 8, batch=2)
    x = samples(spec, 5)
    assert encode_items(model, x, spec, params, CODER) == encode_steps(model, x, spec, params, CODER)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_decode_takes_the_arithmetic_of_an_encode(
    network: Variant, schedule: str, build: Any, counting_engine: Any
) -> None:
    model, params = build(network, counting_engine), Params(schedule=schedule)
    spec = Spec(8, 11, network.channels, 8, batch=2)
    x = samples(spec, 1)
    counting_engine.macs = 0
    items = encode_items(model, x, spec, params, CODER)
    encoding, counting_engine.macs = counting_engine.macs, 0
    decode_items(model, items, spec, params, CODER)
    assert counting_engine.macs == encoding == sum(network.macs) * spec.pixels * spec.batch


def test_schedules_code_the_same_intervals_in_another_order(network: Variant, build: Any) -> None:
    spec, model = Spec(9, 14, network.channels, 8), build(network)
    x = samples(spec, 3)
    found = []
    for schedule in SCHEDULES:
        params = Params(schedule=schedule)
        (intervals,) = model.intervals(model.analyse(x, spec, params)[0], spec, params)
        found.append(sorted(zip(intervals.start.tolist(), intervals.freq.tolist(), strict=True)))
    assert found[0] == found[1]
