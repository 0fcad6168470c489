"""Models for these tests, with the weights that the package ships."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroc.api import Spec
from neuroc.models import LoadedCodec, Runtime, open_model, weights_name
from neuroc.plugins import registry
from neuroc.weights import resolve_weights
from neuroc_unet.codec import CODEC, Params
from neuroc_unet.model import UnetModel

Open = Callable[[Spec, Params], UnetModel]


@pytest.fixture(scope="session")
def model() -> Open:
    """The model for pictures like ``spec``."""

    def open_(spec: Spec, params: Params) -> UnetModel:
        loaded = LoadedCodec(registry().codec("unet").entry, CODEC, params)
        found: Any = open_model(loaded, resolve_weights(loaded.id, weights_name(loaded, spec)), spec, Runtime("numpy"))
        assert isinstance(found, UnetModel)
        return found

    return open_


@pytest.fixture
def photo() -> NDArray[np.uint8]:
    """A smooth random RGB picture (32, 32, 3) with a little noise."""
    generator = np.random.default_rng(5)
    smooth = np.kron(generator.integers(0, 256, size=(5, 5, 3)), np.ones((8, 8, 1), dtype=np.int64))
    for axis in (0, 1):
        for shift in (1, 2, 4):
            smooth = (smooth + np.roll(smooth, shift, axis=axis)) // 2
    noisy: NDArray[np.uint8] = np.clip(smooth[:32, :32] + generator.integers(-2, 3, (32, 32, 3)), 0, 255).astype(
        np.uint8
    )
    return noisy
