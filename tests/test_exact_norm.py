"""The RMS norm equals its definition in unbounded integers, and what it cannot bound is refused (SPEC section 10.6)."""

from __future__ import annotations

from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroc.api import ExactnessError
from neuroc.exact.norm import RmsNorm, integer_root

LARGEST = 2047


def defined(x: list[int]) -> list[int]:
    """The norm of one place by the formula of SPEC, in Python's integers."""
    n = len(x)
    r = isqrt((n << 44) // (sum(v * v for v in x) + (n << 6)))
    return [(v * r + (1 << 13)) >> 14 for v in x]


@given(st.integers(1, 80), st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 60, LARGEST]))
@settings(max_examples=60, deadline=None)
def test_the_norm_is_its_definition(features: int, seed: int, largest: int) -> None:
    x = np.random.default_rng(seed).integers(-largest, largest + 1, size=(9, features))
    norm = RmsNorm(features, LARGEST)
    for dtype in (np.int64, np.float32):
        y = norm(x.astype(dtype))
        assert y.dtype == np.int32
        assert y.tolist() == [defined(row) for row in x.tolist()]
        assert np.abs(y).max() <= norm.limit


@pytest.mark.parametrize("features", [1, 40, 80, 500])
def test_the_ends_of_the_range(features: int) -> None:
    one = [LARGEST] + [0] * (features - 1)
    rows = [[0] * features, one, [-v for v in one], [LARGEST] * features, [-LARGEST] * features, [1] * features]
    found = RmsNorm(features, LARGEST)(np.array(rows, dtype=np.int64))
    assert found.tolist() == [defined(row) for row in rows]
    assert found[3].tolist() == [256] * features  # all alike: one, in 8 fraction bits


@given(st.integers(0, 2**26))
@settings(max_examples=200, deadline=None)
def test_roots_are_rounded_down_next_to_squares(root: int) -> None:
    near = [max(0, root * root + d) for d in (-1, 0, 1)]
    assert integer_root(np.array(near, dtype=np.int64)).tolist() == [isqrt(v) for v in near]


@pytest.mark.parametrize(("features", "largest"), [(0, 2047), (513, 2047), (80, 1 << 15), (80, 0), (1 << 20, 1)])
def test_what_does_not_fit_is_refused(features: int, largest: int) -> None:
    with pytest.raises(ExactnessError):
        RmsNorm(features, largest)
