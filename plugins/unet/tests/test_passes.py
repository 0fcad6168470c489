"""Passes cover every pixel once, and every pixel of a pass knows its neighbours at the same places (SPEC 16.1)."""

from __future__ import annotations

import numpy as np
import pytest

from neuroc_unet.passes import LATENTS, MARGIN, NEAREST, PASSES, PERIOD, TAPS, cell, has_taps, sites, taps

EACH = [(passes, number) for passes in PASSES for number in range(passes)]


@pytest.mark.parametrize("passes", PASSES)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (16, 5), (23, 31)])
def test_every_pixel_is_in_one_pass(passes: int, height: int, width: int) -> None:
    parts = [sites(passes, number, height, width) for number in range(passes)]
    assert all((np.diff(part) > 0).all() for part in parts)
    assert sorted(np.concatenate(parts).tolist()) == list(range(height * width))


@pytest.mark.parametrize(("passes", "number"), [e for e in EACH if has_taps(*e)])
def test_all_pixels_of_a_pass_know_the_same_neighbours(passes: int, number: int) -> None:
    numbers = cell(passes)
    offsets = taps(passes, number)
    assert len(set(offsets)) == TAPS >= NEAREST
    assert max(abs(d) for offset in offsets for d in offset) <= MARGIN
    distances = [di * di + dj * dj for di, dj in offsets]
    assert distances == sorted(distances)
    for i, j in zip(*np.nonzero(numbers == number), strict=True):
        assert all(numbers[(i + di) % PERIOD, (j + dj) % PERIOD] < number for di, dj in offsets)
        near = [(a, b) for a in range(-6, 7) for b in range(-6, 7) if a * a + b * b < distances[-1]]
        known = [o for o in near if numbers[(i + o[0]) % PERIOD, (j + o[1]) % PERIOD] < number]
        assert set(known) <= set(offsets) or distances[-1] > 36


@pytest.mark.parametrize("passes", PASSES)
def test_latents_begin_at_the_core(passes: int) -> None:
    levels = LATENTS[passes]
    assert levels == tuple(range(4, 4 - len(levels), -1))
