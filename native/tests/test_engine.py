"""The engine in its place: hook, choice, probe, refusals, whole files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neuroc
from neuroc.api import Interval, Linear, Spec, UsageError, evaluator, prove
from neuroc.engines import get_engine
from neuroc.exact.probe import probe_inputs
from neuroc.plugins import registry

pytest.importorskip("neuroc_native._native", reason="neuroc-native is not built")

import itertools

from neuroc_causal59k.codec import Params
from neuroc_native import _native, kernels
from neuroc_native.engine import NativeEngine, engine


def layer(inputs: int, outputs: int, largest: int, clamp: tuple[int, int] = (0, 4095), seed: int = 0) -> Linear:
    g = np.random.Generator(np.random.PCG64(seed))
    weight = g.integers(-largest, largest + 1, (outputs, inputs), dtype=np.int64)
    bias = g.integers(-5000, 5001, outputs, dtype=np.int64)
    shift = g.integers(1, 12, outputs, dtype=np.int64)
    return Linear(weight, bias, shift, Interval.of(*clamp, outputs))


def test_it_registers_itself_above_numpy() -> None:
    ids = [r.entry.id for r in registry().engine_entries()]
    if "native" not in ids:
        pytest.skip("neuroc-native is built but not installed")
    assert ids.index("native") < ids.index("numpy")
    assert get_engine("auto").id == "native"
    assert registry().engine("native").entry.detail in kernels()


def test_the_environment_forces_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in kernels():
        monkeypatch.setenv("NEUROC_ISA", name)
        assert engine("cpu").kernel == name
    monkeypatch.setenv("NEUROC_ISA", "mmx")
    with pytest.raises(UsageError, match="portable"):
        engine("cpu")
    with pytest.raises(UsageError):
        engine("cuda")


@pytest.mark.parametrize("widths", [(1, 1), (3, 5, 2), (36, 128, 36), (17, 33, 8, 49), (12, 96, 9)])
def test_layers_are_exact_at_their_extremes(kernel: str, widths: tuple[int, ...]) -> None:
    layers = [layer(i, o, 900, seed=n) for n, (i, o) in enumerate(itertools.pairwise(widths))]
    layers[-1] = replace(layers[-1], clamp=Interval.of(-(1 << 30), 1 << 30, widths[-1]))
    network = prove(tuple(layers), Interval.of(-1020, 1020, widths[0]))
    dense = evaluator(NativeEngine(kernel), network)
    x = probe_inputs(layers[0], network.input)
    for rows in (1, 2, 5, 6, 7, 95, 96, 97, 193):
        inputs = np.resize(x, (rows, widths[0]))
        want = inputs.astype(np.int64)
        for one in layers:
            want = one.reference(want)
        assert np.array_equal(dense(inputs), want)


@pytest.mark.parametrize("zeros", [0.0, 0.3, 0.6, 0.9, 1.0])
@pytest.mark.parametrize("widths", [(9, 37, 5), (12, 64, 80), (5, 33, 150), (4, 1100, 3)])
def test_layers_are_exact_however_many_inputs_are_zero(kernel: str, widths: tuple[int, ...], zeros: float) -> None:
    first, last = (layer(i, o, 900, seed=n) for n, (i, o) in enumerate(itertools.pairwise(widths)))
    g = np.random.Generator(np.random.PCG64(7))
    x = g.integers(-1020, 1021, (100, widths[0]), dtype=np.int32)
    sums = x.astype(np.int64) @ first.weight.T
    first = replace(first, bias=-np.quantile(sums, zeros, axis=0).astype(np.int64))
    last = replace(last, clamp=Interval.of(-(1 << 30), 1 << 30, widths[-1]))
    dense = evaluator(NativeEngine(kernel), prove((first, last), Interval.of(-1020, 1020, widths[0])))
    assert np.array_equal(dense(x), last.reference(first.reference(x.astype(np.int64))))


def test_sums_just_below_int32_are_exact_and_beyond_it_numpy_computes(kernel: str) -> None:
    for weight, covered in ((32767, True), (32768, False)):
        # 2 * 32767 * 32767 + bias = 2**31 - 1 at most.
        one = Linear(
            np.full((1, 2), weight, dtype=np.int64),
            np.array([131067 - 1], dtype=np.int64),
            np.array([1], dtype=np.int64),
            Interval.of(-(1 << 31), (1 << 31) - 1, 1),
        )
        network = prove((one,), Interval.of(-32767, 32767, 2))
        x = np.array([[32767, 32767], [-32767, -32767], [32767, -32767]], dtype=np.int32)
        assert np.array_equal(NativeEngine(kernel).prepare(network)(x), one.reference(x.astype(np.int64)))
        constant = (one.bias + 1).astype(np.int32)
        tensors: Any = (one.weight.astype(np.int16), constant, one.shift.astype(np.int32), *[constant * 0] * 2)
        limits = np.full(2, 32767, dtype=np.int32)
        if covered:
            _native.Dense(kernel, [tensors], -limits, limits)
    with pytest.raises(_native.Unsupported, match="int32"):
        _native.Dense(kernel, [(tensors[0] * 0 + 32767, constant + 10, *tensors[2:])], -limits, limits)


def description(models: Any, **spec: Any) -> Any:
    full = Spec(**{"height": 1, "width": 1, "channels": 3, "bits": 8} | spec)
    return models.numpy(full, Params()).description(full, Params())


def test_what_cannot_be_bounded_is_left_to_numpy(models: Any, kernel: str) -> None:
    sound = description(models)
    wide = replace(sound.layers[1], clamp=Interval.of(0, 1 << 15, 128))
    heavy = replace(sound.layers[1], weight=np.full_like(sound.layers[1].weight, 32767))
    loud = replace(sound.layers[-1], clamp=Interval.of(-(1 << 20), 1 << 20, 36))
    broken = [
        replace(sound, layers=(sound.layers[0], wide, *sound.layers[2:])),
        replace(sound, layers=(sound.layers[0], heavy, *sound.layers[2:])),
        replace(sound, layers=(*sound.layers[:-1], loud)),
        replace(sound, layers=sound.layers[:-1]),
        replace(sound, layers=()),
        replace(sound, slope=2, context=replace(sound.context, taps=((0, -1), (-1, 2), *sound.context.taps[2:]))),
        replace(sound, context=replace(sound.context, taps=((0, 0), *sound.context.taps[1:]))),
        replace(sound, context=replace(sound.context, left=12)),
        replace(sound, context=replace(sound.context, taps=sound.context.taps[1:], left=0, up=1)),
        replace(sound, head=replace(sound.head, components=4)),
        replace(sound, head=replace(sound.head, unit=9)),
        replace(sound, head=replace(sound.head, centre_shift=12)),
        replace(sound, bits=17),
        replace(sound, channels=1),
    ]
    assert not isinstance(NativeEngine(kernel).interpret(sound), str)
    for bad in broken:
        reason = NativeEngine(kernel).interpret(bad)
        assert isinstance(reason, str), bad
        assert reason


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_files_are_the_same_and_each_engine_reads_the_other(mode: str) -> None:
    if "native" not in registry().engines:
        pytest.skip("neuroc-native is built but not installed")
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]
    g = np.random.Generator(np.random.PCG64(3))
    ramp = np.add.outer(np.arange(50), np.arange(61))[:, :, None] + g.integers(0, 5, (50, 61, channels))
    x = (ramp[:, :, 0] if mode == "L" else ramp).astype(np.uint8)
    files = {e: neuroc.encode(x, engine=e, tile=24, verify=False) for e in ("numpy", "native")}
    assert files["numpy"] == files["native"]
    for e in files:
        assert np.array_equal(neuroc.decode(files["numpy"], engine=e).samples.squeeze(), x)
