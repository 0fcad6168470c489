"""Distributions: every table is valid, an interval is its symbol's place in the tables, no sample costs too much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuroc.coder import TOTAL
from neuroc.distributions import (
    Digits,
    Mixture,
    code_length,
    digit_bits,
    estimate_bits,
    mixture_weights,
    softmax,
    table,
)
from neuroc.distributions.mixture import SCALE_MAX, SCALE_MIN, WEIGHT_TOTAL

Ints = NDArray[np.int32]


def random_mixture(seed: int, bits: int, unit: int, n: int = 6, k: int = 3) -> Mixture:
    """Heads of any sharpness, means inside and far outside the range, weights from even to one-sided."""
    g = np.random.Generator(np.random.PCG64(seed))
    logits = g.integers(-4095, 4096, (n, k), dtype=np.int32) >> g.integers(0, 12, (n, 1), dtype=np.int32)
    # In 1/16 of a level, of a unit where that is finer.
    top = 16 << (bits + max(0, -unit))
    means = g.integers(-top // 2, top + top // 2, (n, k), dtype=np.int64).astype(np.int32)
    scales = g.integers(SCALE_MIN, SCALE_MAX + 1, (n, k), dtype=np.int32)
    scales[: n // 3] = SCALE_MAX
    scales[n // 3 : n // 2] = SCALE_MIN
    return Mixture(mixture_weights(logits), means, scales, bits, unit)


KINDS = [(2, -6), (4, -4), (8, 0), (16, 0), (16, 3), (16, 8)]


def check_tables(dist: Digits, digit: int, prefix: Ints) -> NDArray[Any]:
    freqs = dist.tables(digit, prefix)
    assert freqs.shape == (dist.n, 1 << dist.digits[digit])
    assert freqs.dtype.kind in "iu"
    assert int(freqs.min()) >= 1
    assert bool((freqs.sum(axis=1, dtype=np.int64) == TOTAL).all())
    return freqs


def check_intervals(dist: Digits, symbols: Ints) -> NDArray[np.float64]:
    """The intervals of ``symbols`` are those of the tables that a decoder sees; returns their bits (n,)."""
    intervals = list(dist.intervals(symbols))
    assert len(intervals) == len(dist.digits)
    value = np.zeros(dist.n, dtype=np.int32)
    remaining = dist.bits
    rows = np.arange(dist.n)
    cost = np.zeros(dist.n, dtype=np.float64)
    for digit, (start, freq) in enumerate(intervals):
        remaining -= dist.digits[digit]
        freqs = check_tables(dist, digit, value)
        ends = np.cumsum(freqs, axis=1, dtype=np.int64)
        number = (symbols >> remaining) & ((1 << dist.digits[digit]) - 1)
        assert start.dtype == freq.dtype == np.uint32
        assert np.array_equal(freq, freqs[rows, number])
        assert np.array_equal(start + freq, ends[rows, number])
        value = (value << dist.digits[digit]) | number
        cost += 24 - np.log2(freq)
    assert np.array_equal(value, symbols)
    return cost


@pytest.mark.parametrize(
    ("bits", "digits"), [(1, (1,)), (2, (2,)), (4, (4,)), (6, (2, 4)), (8, (4, 4)), (16, (4,) * 4)]
)
def test_a_sample_is_coded_in_nibbles_after_the_rest(bits: int, digits: tuple[int, ...]) -> None:
    assert digit_bits(bits) == digits


@given(st.integers(0, 2**32), st.sampled_from(KINDS))
@settings(max_examples=60, deadline=None)
def test_tables_of_any_mixture_are_valid_and_intervals_lie_in_them(seed: int, kind: tuple[int, int]) -> None:
    dist = random_mixture(seed, *kind)
    g = np.random.Generator(np.random.PCG64(seed + 1))
    for _ in range(3):
        check_intervals(dist, g.integers(0, 1 << dist.bits, dist.n, dtype=np.int32))


@pytest.mark.parametrize("kind", KINDS[:3])
def test_intervals_equal_tables_for_every_symbol(kind: tuple[int, int]) -> None:
    for seed in range(3):
        dist = random_mixture(seed, *kind)
        for symbol in range(1 << dist.bits):
            check_intervals(dist, np.full(dist.n, symbol, dtype=np.int32))


@given(st.integers(0, 2**32), st.sampled_from(KINDS))
@settings(max_examples=40, deadline=None)
def test_cumulative_functions_never_fall_and_stay_within_their_total(seed: int, kind: tuple[int, int]) -> None:
    dist = random_mixture(seed, *kind)
    b = np.unique(np.linspace(0, 1 << dist.bits, 2000).astype(np.int32))[:, None]
    f = dist._f(b).astype(np.int64)
    assert bool((np.diff(f, axis=0) >= 0).all())
    assert bool((f[0] == 0).all())
    assert bool((f[-1] == 1 << 30).all())


@pytest.mark.parametrize(("bits", "unit"), KINDS)
def test_the_least_likely_sample_costs_no_more_than_its_uniform_share(bits: int, unit: int) -> None:
    """All mass at one end, the sample at the other: 2**-12 of the probability is spread over all levels."""
    top = 16 << (bits + max(0, -unit))
    for mean, symbol in ((-(2**18), (1 << bits) - 1), (top + 2**18, 0), (0, (1 << bits) - 1), (top // 2, 0)):
        one = np.array([[0, -4095, -4095]], dtype=np.int32)
        means = np.full((1, 3), mean, dtype=np.int32)
        scales = np.full((1, 3), SCALE_MAX, dtype=np.int32)
        dist = Mixture(mixture_weights(one), means, scales, bits, unit)
        cost = check_intervals(dist, np.array([symbol], dtype=np.int32))
        assert cost[0] <= 12 + bits + 1


def test_a_sharp_mixture_spends_almost_nothing_on_what_it_expects() -> None:
    """Bits of the level at the mean, for the sharpest scale."""
    for bits, unit in ((8, 0), (16, 0), (4, -4)):
        level = (1 << bits) // 3
        means = np.full((1, 3), (16 * level) << max(0, -unit), dtype=np.int32)
        dist = Mixture(mixture_weights(np.zeros((1, 3), np.int32)), means, np.full((1, 3), SCALE_MAX), bits, unit)
        assert check_intervals(dist, np.array([level], dtype=np.int32))[0] < 0.01


def test_the_unit_of_a_mixture_stretches_it() -> None:
    """With a unit of 256 levels a 16-bit mixture gives the nibbles of the 8-bit one, to rounding."""
    g = np.random.Generator(np.random.PCG64(4))
    weights = mixture_weights(g.integers(-500, 500, (20, 3), dtype=np.int32))
    means = g.integers(0, 4096, (20, 3), dtype=np.int32)
    scales = g.integers(-600, 200, (20, 3), dtype=np.int32)
    coarse = Mixture(weights, means, scales, 8, 0)
    # The lower edge of level b is 16 b - 8 of 1/16; of the 16-bit level 256 b it is half a 16-bit level before it.
    fine = Mixture(weights, (means << 8) + 2048, scales, 16, 8)
    zero = np.zeros(20, dtype=np.int32)
    a, b = coarse.tables(0, zero) / TOTAL, fine.tables(0, zero) / TOTAL
    assert float(np.abs(a - b).max()) < 0.01


@given(st.integers(0, 2**32), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_mixture_weights_are_positive_shares_of_a_fixed_total(seed: int, k: int) -> None:
    g = np.random.Generator(np.random.PCG64(seed))
    logits = g.integers(-4095, 4096, (30, k), dtype=np.int32)
    weights = mixture_weights(logits)
    assert weights.dtype == np.int32
    assert int(weights.min()) >= 0
    assert bool((weights.sum(axis=1) == WEIGHT_TOTAL).all())
    ideal = 2.0 ** (logits / 256)
    ideal *= WEIGHT_TOTAL / ideal.sum(axis=1, keepdims=True)
    assert float(np.abs(weights - ideal).max()) < 2 * k + 1


@pytest.mark.parametrize("bits", [1, 2, 4, 5, 8])
def test_softmax_and_ready_tables_code_every_symbol(bits: int) -> None:
    g = np.random.Generator(np.random.PCG64(bits))
    logits = g.integers(-9000, 9000, (5, 1 << bits), dtype=np.int32)
    logits[0] = 0
    freqs = g.integers(0, 1000, (5, 1 << bits), dtype=np.int64) * g.integers(0, 2, (5, 1 << bits), dtype=np.int64)
    freqs[1] = 0  # no mass at all: uniform
    freqs[2] = 0
    freqs[2, -1] = 2**30
    for dist in (softmax(logits), table(freqs)):
        for symbol in range(1 << bits):
            check_intervals(dist, np.full(5, symbol, dtype=np.int32))
            mixed = ((np.arange(5, dtype=np.int32) * 7 + symbol) % (1 << bits)).astype(np.int32)
            check_intervals(dist, mixed)


def test_softmax_gives_the_probabilities_of_its_logits() -> None:
    logits = np.array([[0, 256, -256, 512] * 4], dtype=np.int32)
    p = softmax(logits).tables(0, np.zeros(1, dtype=np.int32))[0] / TOTAL
    q = 2.0 ** (logits[0] / 256)
    assert float(np.abs(p - q / q.sum()).max()) < 1e-4


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_softmax_with_an_origin_is_the_one_with_its_logits_moved_there(bits: int) -> None:
    size = 1 << bits
    g = np.random.Generator(np.random.PCG64(bits))
    logits = g.integers(-3000, 3000, (size, size), dtype=np.int32)
    origin = np.arange(size, dtype=np.int32)
    moved = softmax(np.stack([np.roll(row, o) for row, o in zip(logits, origin, strict=True)]))
    dist = softmax(logits, origin)
    for symbol in range(size):
        symbols = np.full(size, symbol, dtype=np.int32)
        check_intervals(dist, symbols)
        for (start, freq), (want_start, want_freq) in zip(
            dist.intervals(symbols), moved.intervals(symbols), strict=True
        ):
            assert np.array_equal(start, want_start)
            assert np.array_equal(freq, want_freq)


def test_distributions_that_cannot_be_tables_are_refused() -> None:
    for bad in (np.ones((1, 3), dtype=np.int64), np.full((1, 2), 2**30, dtype=np.int64), np.ones((1, 1), np.int64)):
        with pytest.raises(ValueError, match=r"power of two|2\*\*30"):
            table(bad)
    with pytest.raises(ValueError, match="negative"):
        table(np.array([[5, -1]], dtype=np.int64))


def test_the_estimate_is_the_length_of_the_intervals() -> None:
    freq = np.array([TOTAL, TOTAL // 2, 1], dtype=np.uint32)
    assert estimate_bits(freq) == 0 + 1 + 24


def test_the_integer_code_length_is_the_estimate_in_256ths() -> None:
    freq = np.concatenate([np.arange(1, 3000), TOTAL - np.arange(3000), np.arange(1, TOTAL, 9001)]).astype(np.uint32)
    each = np.array([code_length(freq[k : k + 1]) for k in range(0, len(freq), 5)]) / 256
    exact = 24 - np.log2(freq[::5].astype(np.float64))
    assert float(np.abs(each - exact).max()) <= 1 / 256 + 1e-3
    assert abs(code_length(freq) / 256 - estimate_bits(freq)) <= len(freq) / 256
    assert code_length(np.array([TOTAL], dtype=np.uint32)) == 0
