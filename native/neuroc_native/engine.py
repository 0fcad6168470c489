"""The engine: proved networks and whole descriptions handed to compiled kernels, numpy for what they do not cover."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.api import (
    CausalDescription,
    GroupedLayer,
    Linear,
    MixtureHead,
    Network,
    Spec,
    StreamError,
    UsageError,
)
from neuroc.engines.numpy import NumpyEngine
from neuroc.exact.probe import Dense
from neuroc.exact.tables import exp2_table, mantissa_table, sigmoid_table

from . import _native, chosen_kernel

I32 = NDArray[np.int32]


class NativeRunner:
    """See neuroc.causal.Runner."""

    coders = ("rans24", "range24")

    def __init__(self, kernel: str, description: CausalDescription) -> None:
        """Raises _native.Unsupported."""
        self._run = _native.Runner(kernel, _plain(description))

    def encode(self, x: NDArray[Any], coder: str, threads: int = 1) -> list[bytes]:
        """See neuroc.causal.Runner."""
        x = np.ascontiguousarray(x)
        return (self._run.encode8 if x.dtype == np.uint8 else self._run.encode16)(x, coder, threads, None)

    def decode(
        self,
        streams: Sequence[bytes | memoryview],
        spec: Spec,
        coder: str,
        threads: int = 1,
        progress: Callable[[int], None] | None = None,
    ) -> NDArray[Any]:
        """See neuroc.causal.Runner."""
        dtype = np.uint16 if spec.bits > 8 else np.uint8
        y = np.empty((len(streams), spec.height, spec.width, spec.channels), dtype=dtype)
        decode = self._run.decode8 if dtype is np.uint8 else self._run.decode16
        for fault in decode([bytes(s) for s in streams], y, coder, threads, progress):
            if fault is not None:
                raise StreamError(fault)
        return y


class NativeEngine:
    """One kernel; see neuroc.engines.Engine and neuroc.causal.Interpreter."""

    id = "native"
    device = "cpu"

    def __init__(self, kernel: str) -> None:
        self.kernel = kernel

    def prepare(self, network: Network) -> Dense:
        """The network on the kernel, or on numpy where its sums or activations are too wide for it."""
        try:
            layers = [_layer(layer) for layer in network.layers]
            native = _native.Dense(self.kernel, layers, _int32(network.input.lo), _int32(network.input.hi))
        except _native.Unsupported:
            return NumpyEngine().prepare(network)
        outputs = network.layers[-1].outputs

        def dense(x: I32) -> I32:
            y = np.empty((len(x), outputs), dtype=np.int32)
            native.run(np.ascontiguousarray(x), y)
            return y

        return dense

    def interpret(self, description: CausalDescription) -> NativeRunner | str:
        """The description on the kernel, or why not."""
        try:
            return NativeRunner(self.kernel, description)
        except _native.Unsupported as error:
            return str(error)


def _plain(d: CausalDescription) -> dict[str, Any]:
    """What _native.Runner takes."""
    # A softmax needs no more than its logits.
    head = d.head if isinstance(d.head, MixtureHead) else MixtureHead(0, 0, 0, 0, 0)
    return {
        "channels": d.channels,
        "bits": d.bits,
        "slope": d.slope,
        "taps": np.array(d.context.taps, dtype=np.int32),
        "left": d.context.left,
        "up": d.context.up,
        "left_shift": d.context.left_shift,
        "right_shift": d.context.right_shift,
        "limit": d.context.limit,
        "levels": int(d.context.levels),
        "layers": [_node(layer, n) for n, layer in enumerate(d.layers)],
        "softmax": int(not isinstance(d.head, MixtureHead)),
        "chained": int(d.chained),
        "components": head.components,
        "unit": head.unit,
        "offset_shift": head.offset_shift,
        "centre_shift": head.centre_shift,
        "coupling_shift": head.coupling_shift,
        "sigmoid": sigmoid_table(13 if d.bits > 8 else 7),
        "exp2": exp2_table().astype(np.int32),
        "mantissa": mantissa_table(),
    }


def _node(layer: Linear | GroupedLayer, number: int) -> tuple[list[Any], int, int, int, int]:
    """Groups, source, value that is added or -1, lo, hi."""
    if isinstance(layer, Linear):
        return [_layer(layer)], number, -1, 0, 0
    added = -1 if layer.added is None else layer.added
    return [_layer(group) for group in layer.groups], layer.source, added, layer.lo, layer.hi


def _layer(layer: Linear) -> tuple[NDArray[np.int16], I32, I32, I32, I32]:
    half = np.int64(1) << (layer.shift - 1)
    constant = layer.bias + half
    return (
        _narrow(layer.weight, np.int16),
        _int32(constant),
        _int32(layer.shift),
        _int32(layer.clamp.lo),
        _int32(layer.clamp.hi),
    )


def _int32(a: NDArray[np.int64]) -> I32:
    return _narrow(a, np.int32)


def _narrow(a: NDArray[np.int64], dtype: Any) -> NDArray[Any]:
    """``a`` in a narrower type; raises Unsupported if a value does not fit."""
    limits = np.iinfo(dtype)
    if a.size and (int(a.min()) < limits.min or int(a.max()) > limits.max):
        raise _native.Unsupported(f"a weight, bias or clamp beyond {limits.bits} bits")
    return np.ascontiguousarray(a.astype(dtype))


def engine(device: str) -> NativeEngine:
    """The engine factory named in the entry point."""
    if device != "cpu":
        raise UsageError("the native engine has no device but cpu", remedy="Use --engine torch for CUDA")
    return NativeEngine(chosen_kernel())
