"""Models of causal59k on numpy, and the same models on every kernel of this machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

native = pytest.importorskip("neuroc_native._native", reason="neuroc-native is not built")

from neuroc.api import Spec  # noqa: E402
from neuroc.engines.numpy import NumpyEngine  # noqa: E402
from neuroc.models import LoadedCodec, weights_name  # noqa: E402
from neuroc.plugins import registry  # noqa: E402
from neuroc.weights import resolve_weights  # noqa: E402
from neuroc_causal59k.codec import CODEC, Params  # noqa: E402
from neuroc_native.engine import NativeEngine, NativeRunner  # noqa: E402


class Models:
    """Opens models and runners once each."""

    def __init__(self) -> None:
        self._models: dict[Any, Any] = {}
        self._runners: dict[Any, NativeRunner] = {}

    def numpy(self, spec: Spec, params: Params) -> Any:
        """The model whose steps define the stream."""
        loaded = LoadedCodec(registry().codec("causal59k").entry, CODEC, params)
        name = weights_name(loaded, spec)
        key = (name, spec.bits, spec.channels)
        if key not in self._models:
            weights = resolve_weights("causal59k", name)
            self._models[key] = CODEC.model(weights, NumpyEngine(), spec, params)
        return self._models[key]

    def runner(self, kernel: str, spec: Spec, params: Params) -> NativeRunner:
        """The same as the kernel interprets it."""
        small = replace(spec, height=1, width=1, batch=1)
        key = (kernel, small, params)
        if key not in self._runners:
            found = NativeEngine(kernel).interpret(self.numpy(spec, params).description(spec, params))
            assert isinstance(found, NativeRunner), found
            self._runners[key] = found
        return self._runners[key]


@pytest.fixture(scope="session")
def models() -> Models:
    return Models()


@pytest.fixture(params=native.kernels())
def kernel(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name
