"""Engines equal int64 arithmetic on any proved network; the probe refuses one that only nearly does."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuroc.engines import evaluator, get_engine
from neuroc.engines.numpy import NumpyEngine, prepare_layers
from neuroc.errors import ExactnessError, PluginMissingError, UsageError
from neuroc.exact.layers import Interval, Linear, Network, prove
from neuroc.exact.probe import Dense

ENGINES = ["numpy"] + (["torch"] if importlib.util.find_spec("torch") else [])
Arrays = NDArray[Any]


def random_layer(generator: np.random.Generator, inputs: int, outputs: int, weight: int, hi: int) -> Linear:
    w = generator.integers(-weight, weight + 1, (outputs, inputs), dtype=np.int64)
    bias = generator.integers(-hi * weight, hi * weight + 1, outputs, dtype=np.int64)
    shift = generator.integers(1, 12, outputs, dtype=np.int64)
    return Linear(w, bias, shift, Interval(generator.integers(-hi, 1, outputs), generator.integers(1, hi, outputs)))


def random_network(seed: int, weight: int, depth: int = 3, hi: int = 4095, input_max: int = 1020) -> Network:
    generator = np.random.Generator(np.random.PCG64(seed))
    widths = [int(n) for n in generator.integers(1, 40, depth + 1)]
    layers = tuple(random_layer(generator, i, o, weight, hi) for i, o in itertools.pairwise(widths))
    return prove(layers, Interval.of(-input_max, input_max, widths[0]))


def reference(network: Network, x: Arrays) -> NDArray[np.int64]:
    y = x.astype(np.int64)
    for layer in network.layers:
        y = layer.reference(y)
    return y


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(("weight", "carrier"), [(90, np.float32), (40000, np.float64), (10**9, np.float64)])
def test_an_engine_equals_integers(name: str, weight: int, carrier: type) -> None:
    seen = set()
    for seed in range(6):
        network = random_network(seed, weight)
        seen |= set(network.carriers)
        dense = evaluator(get_engine(name), network)
        generator = np.random.Generator(np.random.PCG64(seed + 99))
        for rows in (0, 1, 2, 7, 300):
            x = generator.integers(-1020, 1021, (rows, network.layers[0].inputs), dtype=np.int32)
            got = dense(x)
            assert got.dtype == np.int32
            assert np.array_equal(got, reference(network, x))
    assert carrier in seen


@pytest.mark.parametrize("name", ENGINES)
def test_rows_do_not_depend_on_their_company(name: str) -> None:
    network = random_network(3, 200)
    dense = evaluator(get_engine(name), network)
    x = np.random.Generator(np.random.PCG64(5)).integers(-1020, 1021, (9001, network.layers[0].inputs), dtype=np.int32)
    whole = dense(x)
    assert np.array_equal(whole, reference(network, x))
    assert np.array_equal(np.concatenate([dense(x[:1]), dense(x[1:4097]), dense(x[4097:])]), whole)
    assert np.array_equal(dense(x[::-1]), whole[::-1])


@given(st.integers(0, 2**32), st.sampled_from([3, 500, 30000]))
@settings(max_examples=25, deadline=None)
def test_numpy_equals_integers_on_any_network(seed: int, weight: int) -> None:
    network = random_network(seed, weight)
    x = np.random.Generator(np.random.PCG64(seed)).integers(-1020, 1021, (64, network.layers[0].inputs), dtype=np.int32)
    assert np.array_equal(NumpyEngine().prepare(network)(x), reference(network, x))


def test_a_clamp_that_a_narrow_float_cannot_hold_stays_exact() -> None:
    one, far = np.ones(1, dtype=np.int64), 2**24 + 1
    network = prove((Linear(one[:, None], 0 * one, one, Interval.of(far, far, 1)),), Interval.of(0, 5, 1))
    assert evaluator(NumpyEngine(), network)(np.array([[3]], dtype=np.int32)).tolist() == [[far]]


# Engines that lie.


def lying(distort: Callable[[Arrays, Arrays], Arrays]) -> Callable[[Network], Dense]:
    """An engine whose products are ``distort(x, weight)`` in float32."""

    def prepare(network: Network) -> Dense:
        layers = prepare_layers(network)

        def dense(x: NDArray[np.int32]) -> NDArray[np.int32]:
            y: Arrays = x
            for layer in layers:
                y = distort(y.astype(np.float32), layer.weight.astype(np.float32)) + layer.offset
                y = np.clip(np.floor(y), layer.lo, layer.hi)
            return y.astype(np.int32)

        return dense

    return prepare


def cut(a: Arrays, mantissa: int) -> Arrays:
    """float32 rounded to ``mantissa`` explicit bits, as bfloat16 (7) and TF32 (10) do."""
    drop = 23 - mantissa
    bits = a.astype(np.float32).view(np.uint32)
    bits = (bits + np.uint32(1 << (drop - 1))) & np.uint32(0xFFFFFFFF << drop & 0xFFFFFFFF)
    return bits.view(np.float32)


def last_row_off(x: Arrays, w: Arrays) -> Arrays:
    y = x @ w
    if len(y) > 16:
        y[-(len(y) % 4) or len(y) :] += np.float32(1)  # a remainder that a blocked kernel gets wrong
    return y


def one_output_off(x: Arrays, w: Arrays) -> Arrays:
    y = x @ w
    y[:, -1] += (y[:, -1] > 2**20).astype(np.float32) * 2
    return y


LIARS = {
    "bfloat16 operands": lambda x, w: cut(x, 7) @ cut(w, 7),
    "tf32 operands": lambda x, w: cut(x, 10) @ cut(w, 10),
    "bfloat16 sums": lambda x, w: cut(x @ w, 7),
    "tf32 sums": lambda x, w: cut(x @ w, 10),
    "22-bit sums": lambda x, w: cut(x @ w, 21),
    "remainder rows": last_row_off,
    "no products": lambda x, w: 0 * (x @ w),
}


class Lying:
    device = "cpu"

    def __init__(self, name: str) -> None:
        self.id = name
        self.prepare = lying(LIARS[name])


def typical() -> Network:
    """A network whose sums come close to 2**24, like trained ones."""
    generator = np.random.Generator(np.random.PCG64(1))
    layers = []
    for inputs, outputs in ((24, 32), (32, 21)):
        w = generator.integers(-120, 121, (outputs, inputs), dtype=np.int64)
        ones = np.ones(outputs, dtype=np.int64)
        layers.append(Linear(w, 3000 * ones, 8 * ones, Interval.of(0, 4095, outputs)))
    return prove(tuple(layers), Interval.of(-1020, 1020, 24))


def test_the_honest_engine_passes_where_the_lying_ones_fail() -> None:
    assert set(typical().carriers) == {np.float32}
    evaluator(NumpyEngine(), typical())


@pytest.mark.parametrize("name", LIARS)
def test_the_probe_refuses_an_engine_that_is_not_exact(name: str) -> None:
    with pytest.raises(ExactnessError) as caught:
        evaluator(Lying(name), typical())
    assert caught.value.exit_code == 4


def test_the_probe_refuses_float32_where_float64_is_needed() -> None:
    class Narrow:
        id, device = "narrow", "cpu"
        prepare = staticmethod(lying(lambda x, w: x @ w))

    network = random_network(2, 40000)
    assert np.float64 in network.carriers
    with pytest.raises(ExactnessError):
        evaluator(Narrow(), network)


def test_engines_are_chosen_by_name_and_device() -> None:
    assert get_engine("numpy").id == "numpy"
    assert get_engine().device == "cpu"
    with pytest.raises(UsageError):
        get_engine("numpy", "cuda")
    with pytest.raises(PluginMissingError):
        get_engine("abacus")
    for device in ("tpu", "") if "torch" in ENGINES else ():
        with pytest.raises(UsageError):
            get_engine("torch", device)
