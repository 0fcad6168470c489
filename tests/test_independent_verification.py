"""Verification decodes with a model of its own: one that remembers the picture it encoded does not pass."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import neuroc
from neuroc import models
from neuroc.api import Cost, Spec, Step, table
from neuroc.errors import VerificationError


@dataclass(frozen=True, slots=True)
class Params:
    """None."""


class Remembering:
    """Codes one step whose tables come from the picture itself, which analyse left on the model."""

    side_information = False

    def __init__(self) -> None:
        self.seen = np.zeros((1, 64), dtype=np.int32)

    def analyse(self, x: Any, spec: Spec, params: Params) -> tuple[list[Any], list[bytes]]:
        self.seen = x.reshape(spec.batch, -1).astype(np.int32)
        return [self.seen], [b""] * spec.batch

    def steps(self, spec: Spec, params: Params, side: Sequence[bytes]) -> Generator[Step, Any, list[Any]]:
        freqs = np.ones((self.seen.size, 256), dtype=np.int64)
        freqs[np.arange(self.seen.size), self.seen.reshape(-1)] = 1 << 16
        return [(yield Step(0, np.arange(spec.pixels), table(freqs)))]

    def synthesise(self, planes: list[Any], spec: Spec, params: Params) -> Any:
        return planes[0].astype(np.uint8).reshape(spec.batch, spec.height, spec.width, 1)


class Codec:
    params = Params

    def weights_name(self, spec: Spec, params: Params) -> str:
        return ""

    def cost(self, spec: Spec, params: Params) -> Cost:
        return Cost(1, 1, 1)

    def model(self, weights: Any, engine: Any, spec: Spec, params: Params) -> Remembering:
        return Remembering()


def test_a_model_that_remembers_the_picture_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "load_codec", lambda id: Codec())
    picture = np.random.default_rng(1).integers(0, 256, (8, 8), dtype=np.uint8)
    with pytest.raises(VerificationError):
        neuroc.encode(picture, raw=False)
