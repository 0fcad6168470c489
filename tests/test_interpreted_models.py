"""Where a model describes itself and the engine interprets that, whole tiles go to the runner; else the steps run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import neuroc
from neuroc.api import CausalDescription, Spec, StreamError, UsageError
from neuroc.coder import get_coder
from neuroc.driver import decode_items, encode_items
from neuroc.engines.numpy import NumpyEngine
from neuroc.model import Samples

PICTURE = (np.add.outer(np.arange(40), np.arange(44))[:, :, None] + np.arange(3)).astype(np.uint8)


class CountingRunner:
    """A runner that has the model's own steps do the work."""

    coders = ("rans24",)

    def __init__(self, model: Any, params: Any) -> None:
        self.model, self.params = model, params
        self.calls: list[tuple[str, int, int]] = []

    def encode(self, x: Samples, coder: str, threads: int = 1) -> list[bytes]:
        self.calls.append(("encode", len(x), threads))
        spec = Spec(x.shape[1], x.shape[2], x.shape[3], 8, len(x))
        return encode_items(self.model, x, spec, self.params, get_coder(coder))

    def decode(
        self,
        streams: Sequence[bytes | memoryview],
        spec: Spec,
        coder: str,
        threads: int = 1,
        progress: Callable[[int], None] | None = None,
    ) -> Samples:
        self.calls.append(("decode", len(streams), threads))
        return decode_items(self.model, streams, spec, self.params, get_coder(coder), progress)


class InterpretingEngine(NumpyEngine):
    """numpy with a runner that the test hands it."""

    runner: CountingRunner | str = "not today"
    seen: CausalDescription | None = None

    def interpret(self, description: CausalDescription) -> Any:
        InterpretingEngine.seen = description
        return self.runner


@pytest.fixture
def interpreting(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The engine as ``fake``, with no model left of another test."""
    from neuroc import models
    from neuroc.engines import get_engine

    def get(name: str = "auto", device: str = "cpu") -> Any:
        return InterpretingEngine() if name == "fake" else get_engine(name, device)

    monkeypatch.setattr(models, "get_engine", get)
    models._model.cache_clear()
    models._interpreted.cache_clear()
    yield InterpretingEngine
    models._model.cache_clear()
    models._interpreted.cache_clear()
    InterpretingEngine.runner, InterpretingEngine.seen = "not today", None


def runner_of_causal59k() -> CountingRunner:
    from neuroc.weights import resolve_weights
    from neuroc_causal59k.codec import CODEC, Params

    spec = Spec(1, 1, 3, 8)
    return CountingRunner(CODEC.model(resolve_weights("causal59k", "rgb"), NumpyEngine(), spec, Params()), Params())


def test_a_runner_codes_tiles_of_one_size_together(interpreting: Any) -> None:
    want = neuroc.encode(PICTURE, engine="numpy", tile=20, raw=False)
    runner = interpreting.runner = runner_of_causal59k()
    assert neuroc.encode(PICTURE, engine="fake", tile=20, threads=3, raw=False, verify=False) == want
    assert {(kind, threads) for kind, _, threads in runner.calls} == {("encode", 3)}
    assert sum(n for _, n, _ in runner.calls) == 6
    runner.calls.clear()
    assert np.array_equal(neuroc.decode(want, engine="fake", threads=2).samples, PICTURE)
    assert {(kind, threads) for kind, _, threads in runner.calls} == {("decode", 2)}


def test_the_description_is_of_the_picture_at_hand(interpreting: Any) -> None:
    neuroc.encode(PICTURE, engine="fake", verify=False, schedule="diagonal")
    assert interpreting.seen.slope == 1
    assert [layer.outputs for layer in interpreting.seen.layers] == [128, 128, 128, 128, 36]
    neuroc.encode(PICTURE[:, :, 0].astype(np.uint16) * 257, engine="fake", verify=False, unit=5, schedule="serial")
    assert (interpreting.seen.slope, interpreting.seen.bits, interpreting.seen.head.unit) == (0, 16, 5)


def test_what_is_not_interpreted_is_noted_and_runs_step_by_step(
    interpreting: Any, caplog: pytest.LogCaptureFixture
) -> None:
    want = neuroc.encode(PICTURE, engine="numpy", verify=False)
    assert neuroc.encode(PICTURE, engine="fake", verify=False) == want
    assert "not today" in caplog.text


def test_a_coder_that_the_runner_does_not_know_keeps_it_out(interpreting: Any) -> None:
    runner = interpreting.runner = runner_of_causal59k()
    data = neuroc.encode(PICTURE, engine="fake", coder="range24")
    assert data == neuroc.encode(PICTURE, engine="numpy", coder="range24")
    assert not runner.calls


def test_what_a_runner_refuses_is_damage_of_its_tile(interpreting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = neuroc.encode(PICTURE, engine="numpy", tile=20, raw=False)
    runner = interpreting.runner = runner_of_causal59k()

    def refuse(*_: Any) -> Samples:
        raise StreamError("no")

    monkeypatch.setattr(runner, "decode", refuse)
    with pytest.raises(StreamError, match="no"):
        neuroc.decode(data, engine="fake")


@pytest.mark.parametrize("threads", [0, -1, 5000, 1.5])
def test_threads_are_a_small_positive_integer(threads: Any) -> None:
    with pytest.raises(UsageError):
        neuroc.encode(PICTURE, threads=threads)
