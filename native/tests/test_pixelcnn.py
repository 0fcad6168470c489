"""Networks in groups, one for each channel: every kernel writes what numpy writes, for both heads and any weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import neuroc
from neuroc.api import CausalDescription, GroupedLayer, Interval, MixtureHead, SoftmaxHead, Spec, StreamError, Weights
from neuroc.coder import get_coder
from neuroc.driver import decode_items, encode_items
from neuroc.engines.numpy import NumpyEngine
from neuroc.plugins import registry
from neuroc.weights import resolve_weights

pytest.importorskip("neuroc_native._native", reason="neuroc-native is not built")
pytest.importorskip("neuroc_pixelcnn", reason="neuroc-pixelcnn is not installed")

from neuroc_native.engine import NativeEngine, NativeRunner
from neuroc_pixelcnn.codec import CODEC, Params
from neuroc_pixelcnn.context import CENTRE
from neuroc_pixelcnn.layers import load_layers
from neuroc_pixelcnn.model import MaskedModel
from neuroc_pixelcnn.network import HEADS, VARIANTS, Variant
from neuroc_pixelcnn.schedule import SCHEDULES
from neuroc_pixelcnn.stages import Evaluator

SIZES = ((1, 1), (1, 9), (7, 1), (2, 3), (11, 6), (6, 21))
CODERS = ("rans24", "range24")
# Odd numbers of features, so that groups begin and end inside of registers.
SMALL = [
    Variant("softmax", "softmax", (6, 5, 4), (5, 4, 3), (CENTRE,) * 2),
    Variant("mixture", "mixture", (7, 19, 33), (17, 1, 3), (CENTRE,) * 3),
    Variant("grey", "softmax", (7,), (6,), (CENTRE,)),
]


def samples(spec: Spec, seed: int) -> NDArray[np.uint8]:
    """A ramp with noise, only the ends of the range, and noise, by turns: (B, H, W, C)."""
    g = np.random.Generator(np.random.PCG64(seed))
    shape = (spec.batch, spec.height, spec.width, spec.channels)
    x = g.integers(0, 256, shape, dtype=np.int64)
    ramp = np.arange(spec.height)[:, None, None] * 3 + np.arange(spec.width)[:, None] * 5 + g.integers(0, 4, shape)
    x[::3] = (ramp + 90)[::3]
    x[1::3] = np.where(x[1::3] > 127, 255, 0)
    return np.clip(x, 0, 255).astype(np.uint8)


def random_weights(variant: Variant, seed: int, largest: int) -> Weights:
    """Weights up to ``largest``: activations meet their clamps, softmax rows have branches without mass."""
    g = np.random.Generator(np.random.PCG64(seed))
    tensors: dict[str, NDArray[Any]] = {}
    for layer in variant.layers:
        for group, (inputs, outputs) in enumerate(zip(layer.inputs, layer.outputs, strict=True)):
            name = f"{layer.name}.{group}"
            tensors[f"{name}.weight"] = g.integers(-largest, largest + 1, (outputs, inputs)).astype(np.int16)
            tensors[f"{name}.bias"] = g.integers(-20000, 20000, outputs).astype(np.int32)
            tensors[f"{name}.shift"] = g.integers(7, 10, outputs).astype(np.uint8)
    return Weights(variant.name, seed.to_bytes(16, "big"), tensors)


def real_model(spec: Spec, params: Params) -> MaskedModel:
    weights = resolve_weights("pixelcnn", CODEC.weights_name(spec, params))
    return CODEC.model(weights, NumpyEngine(), spec, params)


def interpreted(kernel: str, model: MaskedModel, params: Params) -> NativeRunner:
    found = NativeEngine(kernel).interpret(description(model, params))
    assert isinstance(found, NativeRunner), found
    return found


def description(model: MaskedModel, params: Params) -> CausalDescription:
    found = model.description(Spec(1, 1, model.variant.channels, 8), params)
    assert found is not None
    return found


def compare(kernel: str, model: MaskedModel, params: Params) -> None:
    runner = interpreted(kernel, model, params)
    for number, (height, width) in enumerate(SIZES):
        spec = Spec(height, width, model.variant.channels, 8, 1 + number % 3)
        x = samples(spec, number)
        coder = get_coder(CODERS[number % 2])
        want = encode_items(model, x, spec, params, coder)
        assert runner.encode(x, coder.id) == want
        assert np.array_equal(runner.decode(want, spec, coder.id), x)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", [v for v in VARIANTS if not v.startswith("photo")])
def test_streams_are_those_of_numpy(kernel: str, name: str, schedule: str) -> None:
    variant = VARIANTS[name]
    params = Params(head=variant.head, schedule=schedule)
    compare(kernel, real_model(Spec(8, 8, variant.channels, 8), params), params)


@pytest.mark.parametrize("largest", [90, 900])
@pytest.mark.parametrize("variant", SMALL, ids=lambda v: v.name)
def test_any_weights_do(kernel: str, variant: Variant, largest: int) -> None:
    layers = load_layers(variant, random_weights(variant, 5, largest))
    params = Params(head=variant.head)
    compare(kernel, MaskedModel(variant, Evaluator(variant, layers, NumpyEngine())), params)


def test_threads_and_batches_change_nothing(kernel: str) -> None:
    params, spec = Params(), Spec(12, 9, 3, 8, 21)
    x = samples(spec, 4)
    runner = interpreted(kernel, real_model(spec, params), params)
    streams = runner.encode(x, "rans24", 2)
    assert streams[5:6] == runner.encode(x[5:6], "rans24")
    assert np.array_equal(runner.decode(streams, spec, "rans24", 2), x)
    assert np.array_equal(runner.decode(streams[3:5], spec, "rans24"), x[3:5])


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("head", HEADS)
def test_a_damaged_stream_fares_as_with_numpy(kernel: str, head: str, coder: str) -> None:
    params, spec = Params(head=head), Spec(5, 6, 1, 8)
    model = real_model(spec, params)
    runner = interpreted(kernel, model, params)
    (item,) = runner.encode(samples(spec, 2), coder)
    g = np.random.Generator(np.random.PCG64(1))

    def outcome(action: Any) -> bytes | None:
        try:
            return bytes(action().tobytes())
        except StreamError:
            return None

    for _ in range(12):
        at = int(g.integers(0, len(item)))
        for bad in (item[:at], item[:at] + bytes([item[at] ^ 16]) + item[at + 1 :], item + b"abcd", g.bytes(at)):
            expected = outcome(lambda bad=bad: decode_items(model, [bad], spec, params, get_coder(coder)))
            assert outcome(lambda bad=bad: runner.decode([bad], spec, coder)) == expected


def test_what_cannot_be_bounded_is_left_to_numpy(kernel: str) -> None:
    sound = description(real_model(Spec(8, 8, 3, 8), Params()), Params())
    layers = [layer for layer in sound.layers if isinstance(layer, GroupedLayer)]
    first, up, down, head = *layers[:3], layers[-1]
    heavy = replace(up.groups[2], weight=np.full_like(up.groups[2].weight, 32767))
    wide = replace(first.groups[0], clamp=Interval.of(0, 1 << 15, 80))
    high = replace(down.groups[1], clamp=Interval.of(-32000, 32000, 64))
    loud = replace(head.groups[0], clamp=Interval.of(0, 1 << 20, 256))

    def with_layer(number: int, layer: Any) -> CausalDescription:
        return replace(sound, layers=(*layers[:number], layer, *layers[number + 1 :]))

    broken = [
        with_layer(1, replace(up, groups=(*up.groups[:2], heavy))),
        with_layer(0, replace(first, groups=(wide, *first.groups[1:]))),
        with_layer(2, replace(down, groups=(down.groups[0], high, down.groups[2]))),
        with_layer(len(layers) - 1, replace(head, groups=(loud, *head.groups[1:]))),
        with_layer(len(layers) - 1, replace(head, added=1)),
        with_layer(1, replace(up, groups=up.groups[:2])),
        with_layer(1, replace(up, groups=())),
        *(with_layer(1, replace(up, source=n)) for n in (-1, 0, 2, 99)),
        *(with_layer(2, replace(down, added=n)) for n in (0, 3, 99, -2)),
        with_layer(2, replace(down, hi=1 << 15)),
        with_layer(2, replace(down, lo=1, hi=0)),
        replace(sound, layers=tuple(replace(layer, groups=()) for layer in layers)),
        replace(sound, layers=()),
        replace(sound, context=replace(sound.context, levels=False)),
        replace(sound, head=MixtureHead(5, 0, 0, 3, 1)),
        replace(sound, bits=4),
        replace(sound, channels=1),
        replace(sound, slope=3),
    ]
    assert not isinstance(NativeEngine(kernel).interpret(sound), str)
    assert isinstance(sound.head, SoftmaxHead)
    for bad in broken:
        reason = NativeEngine(kernel).interpret(bad)
        assert isinstance(reason, str), bad
        assert reason


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_files_are_the_same_and_each_engine_reads_the_other(mode: str) -> None:
    if "native" not in registry().engines:
        pytest.skip("neuroc-native is built but not installed")
    x = samples(Spec(30, 41, 1 if mode == "L" else 4, 8), 0)[0].squeeze()
    files = {e: neuroc.encode(x, plugin="pixelcnn", engine=e, tile=24, raw=False) for e in ("numpy", "native")}
    assert files["numpy"] == files["native"]
    for e in files:
        assert np.array_equal(neuroc.decode(files["numpy"], engine=e).samples.squeeze(), x)
