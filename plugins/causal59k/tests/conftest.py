"""Models for these tests, with the weights that the package ships."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from neuroc.api import Spec
from neuroc.models import LoadedCodec, Runtime, open_model, weights_name
from neuroc.plugins import registry
from neuroc.weights import resolve_weights
from neuroc_causal59k.codec import CODEC, Params
from neuroc_causal59k.model import CausalModel

Open = Callable[[Spec, Params], CausalModel]


@pytest.fixture(scope="session")
def model() -> Open:
    """The model for pictures like ``spec``."""

    def open_(spec: Spec, params: Params) -> CausalModel:
        loaded = LoadedCodec(registry().codec("causal59k").entry, CODEC, params)
        found: Any = open_model(loaded, resolve_weights(loaded.id, weights_name(loaded, spec)), spec, Runtime("numpy"))
        assert isinstance(found, CausalModel)
        return found

    return open_
