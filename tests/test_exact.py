"""Exact layers: the bound holds for every order of summation, the carrier follows from it, the rest is refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuroc.errors import ExactnessError, WeightsError
from neuroc.exact.layers import MAX_SHIFT, Interval, Linear, carrier, prove

I64 = NDArray[np.int64]


def ints(values: Any) -> I64:
    return np.array(values, dtype=np.int64)


def layer(weight: Any, bias: Any = 0, shift: Any = 1, lo: int = -(2**31), hi: int = 2**31 - 1) -> Linear:
    """A layer from a matrix, with one bias, shift and clamp for all its outputs."""
    w = ints(weight)
    n = len(w)
    return Linear(w, np.broadcast_to(ints(bias), (n,)), np.broadcast_to(ints(shift), (n,)), Interval.of(lo, hi, n))


def partial_sums(terms: list[int], constant: int) -> set[int]:
    """|sum| of every subset of the terms, alone and with the constant: whatever an order of summation passes by."""
    subsets = itertools.chain.from_iterable(itertools.combinations(terms, n) for n in range(len(terms) + 1))
    sums = [sum(s) for s in subsets]
    return {abs(s) for s in sums} | {abs(s + constant) for s in sums}


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_the_bound_is_reached_by_no_partial_sum_in_any_order(data: st.DataObject) -> None:
    n, outputs = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
    small = st.integers(-40, 40)
    weight = data.draw(st.lists(st.lists(small, min_size=n, max_size=n), min_size=outputs, max_size=outputs))
    ends = [sorted(data.draw(st.tuples(small, small))) for _ in range(n)]
    x = Interval(ints([lo for lo, _ in ends]), ints([hi for _, hi in ends]))
    one = layer(weight, data.draw(st.integers(-500, 500)), data.draw(st.integers(1, 6)))
    bound = one.bound(x)
    reached = 0
    for row, bias, shift in zip(one.weight.tolist(), one.bias.tolist(), one.shift.tolist(), strict=True):
        for corner in itertools.product(*ends):
            terms = [w * v for w, v in zip(row, corner, strict=True)]
            reached = max(reached, *partial_sums(terms, bias + (1 << (shift - 1))))
    assert reached <= bound


def test_the_bound_counts_bias_and_rounding_term() -> None:
    x = Interval.of(-3, 7, 1)
    assert layer([[5]], bias=11, shift=4).bound(x) == 5 * 7 + 11 + 8
    assert layer([[-5]], bias=-50, shift=1).bound(x) == 5 * 7 + 50 - 1


@pytest.mark.parametrize(
    ("bound", "dtype"), [(0, np.float32), (2**24 - 1, np.float32), (2**24, np.float64), (2**53 - 1, np.float64)]
)
def test_the_narrowest_exact_type_carries_a_layer(bound: int, dtype: type) -> None:
    assert carrier(bound) is dtype


def test_what_no_float_carries_exactly_is_refused() -> None:
    with pytest.raises(ExactnessError):
        carrier(2**53)
    with pytest.raises(ExactnessError):
        prove((layer([[2**22]], bias=2**52, shift=1),), Interval.of(0, 2**31 - 1, 1))


def test_layers_at_the_edges_of_the_carriers_are_proved_as_they_are() -> None:
    # 4095 * 4096 + bias + 1 (rounding term of shift 1)
    below = prove((layer([[4096]], bias=2**24 - 2 - 4095 * 4096),), Interval.of(0, 4095, 1))
    above = prove((layer([[4096]], bias=2**24 - 1 - 4095 * 4096),), Interval.of(0, 4095, 1))
    assert (below.bounds, below.carriers) == ((2**24 - 1,), (np.float32,))
    assert (above.bounds, above.carriers) == ((2**24,), (np.float64,))


EXTREME = [2**63 - 1, -(2**63), 2**62, -(2**62), 2**61, -(2**61), 2**53]


@pytest.mark.parametrize("value", EXTREME)
@pytest.mark.parametrize("place", ["weight", "bias"])
def test_hostile_numbers_overflow_nothing_and_are_refused(place: str, value: int) -> None:
    with pytest.raises(ExactnessError):
        prove((layer([[value if place == "weight" else 1]], value if place == "bias" else 0),), Interval.of(-9, 9, 1))


@pytest.mark.parametrize("value", [2**62, -(2**62), 2**61 + 1, 2**63 - 1, -(2**63)])
def test_a_hostile_bias_does_not_vanish_when_inputs_become_finer(value: int) -> None:
    with pytest.raises(ExactnessError):
        prove((layer([[1]], bias=value).finer_input(2),), Interval.of(-9, 9, 1))


def test_many_weights_that_overflow_together_are_refused() -> None:
    with pytest.raises(ExactnessError):
        prove((layer([[2**40] * 4096]),), Interval.of(-(2**20), 2**20, 4096))


@given(
    st.lists(st.integers(-300, 300), min_size=3, max_size=3),
    st.integers(-5000, 5000),
    st.integers(1, 9),
    st.integers(1, 4),
)
@settings(max_examples=50, deadline=None)
def test_finer_inputs_give_what_the_layer_gives(weight: list[int], bias: int, shift: int, bits: int) -> None:
    one = layer([weight], bias, shift, -200, 900)
    x = np.random.Generator(np.random.PCG64(bits)).integers(-1000, 1000, (50, 3), dtype=np.int64)
    assert np.array_equal(one.reference(x), one.finer_input(bits).reference(x << bits))


def test_the_reference_rounds_half_up_and_clamps() -> None:
    one = layer([[1]], shift=2, lo=-2, hi=3)
    x = ints([[v] for v in range(-12, 15)])
    assert one.reference(x)[:, 0].tolist() == [max(-2, min(3, (v + 2) // 4)) for v in range(-12, 15)]


@pytest.mark.parametrize("shift", [0, -1, MAX_SHIFT + 1])
def test_shifts_outside_their_range_are_refused(shift: int) -> None:
    with pytest.raises(WeightsError):
        layer([[1]], shift=shift)


def test_tensors_that_do_not_fit_each_other_are_refused() -> None:
    one = ints([1])
    with pytest.raises(WeightsError):
        Linear(ints([[1, 2]]), ints([1, 2]), one, Interval.of(0, 1, 1))
    with pytest.raises(WeightsError):
        Linear(ints([1, 2]), one, one, Interval.of(0, 1, 1))
    with pytest.raises(WeightsError):
        Linear(ints([[1]]), one, one, Interval.of(2, 1, 1))
    with pytest.raises(WeightsError):
        prove((layer([[1], [1]]), layer([[1, 1, 1]])), Interval.of(0, 1, 1))


def test_clamps_beyond_32_bits_are_refused() -> None:
    with pytest.raises(WeightsError):
        layer([[1]], hi=2**31)
    with pytest.raises(WeightsError):
        layer([[1]], lo=-(2**31) - 1)
