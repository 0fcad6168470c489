"""Schedules: any number of steps, coarse to fine, raster order in the end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroc_italic.network import KNOTS
from neuroc_italic.schedule import ENDS, FURTHER, knots, order, ranks, table_ends


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 500))
def test_every_pixel_is_in_exactly_one_of_n_steps(height: int, width: int, steps: int) -> None:
    plan = order(steps, height, width).steps
    assert len(plan) == min(steps, height * width)
    assert all(len(sites) > 0 and (np.diff(sites) > 0).all() for sites in plan)
    assert sorted(np.concatenate(plan).tolist()) == list(range(height * width))


def test_as_many_steps_as_pixels_are_raster_order() -> None:
    assert [sites.tolist() for sites in order(64, 8, 8).steps] == [[n] for n in range(64)]
    assert [sites.tolist() for sites in order(4096, 8, 8).steps] == [[n] for n in range(64)]


@pytest.mark.parametrize(("share", "stride"), [(4, 2), (16, 4), (64, 8)])
def test_the_first_ranks_are_grids(share: int, stride: int) -> None:
    i, j = np.nonzero(ranks(64, 64) < 4096 // share)
    assert len(i) == 4096 // share
    assert not (i % stride).any()
    assert not (j % stride).any()


def test_the_first_half_of_the_ranks_is_a_checkerboard_and_all_differ() -> None:
    rank = ranks(64, 64)
    i, j = np.nonzero(rank < 2048)
    assert not ((i + j) % 2).any()
    assert sorted(rank.reshape(-1).tolist()) == list(range(4096))


def test_the_table_of_ends_is_ascending() -> None:
    assert list(ENDS) == list(range(1, len(ENDS) + 1))
    for steps in range(1, len(ENDS) + len(FURTHER) + 1):
        ends = table_ends(steps)
        assert len(set(ends)) == len(ends) == steps - 1
        assert all(0 < end < 4096 for end in ends)
    assert all(list(ends) == sorted(ends) for ends in ENDS.values())


def test_the_step_embedding_follows_the_logarithm_of_the_known_share() -> None:
    assert knots(0, 64, KNOTS).tolist() == [256] + [0] * 11
    assert knots(32, 64, KNOTS).tolist() == [0] * 10 + [256, 0]
    assert knots(48, 64, KNOTS).argmax() == 11
    assert all(knots(k, 77, KNOTS).sum() == 256 for k in range(77))
