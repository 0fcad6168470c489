"""What cannot be coded or decoded is refused with its own error, before anything large is done."""

from __future__ import annotations

import importlib.metadata
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import neuroc
from crafted import error_of, with_header
from naturalpictures import natural
from neuroc.container import Preamble, build_file, parse
from neuroc.errors import (
    CorruptFileError,
    ExactnessError,
    HeaderError,
    LimitError,
    NeurocError,
    PinnedError,
    PluginBrokenError,
    PluginMissingError,
    TooNewError,
    UnsupportedPictureError,
    UsageError,
    WeightsError,
    WeightsMissingError,
)
from neuroc.header import Header
from neuroc.hookspecs import CodecEntry, hookimpl
from neuroc.model import Cost, Spec
from neuroc.plugins import registry


def encoded(bits: int = 8, channels: int = 3) -> bytes:
    data = neuroc.encode(natural(16, 16, channels, bits), verify=False, **({"unit": 7} if bits == 16 else {}))  # type: ignore[arg-type]
    assert neuroc.info(data).plugin == "causal59k"
    return data


def refused(kind: type[NeurocError], action: Callable[..., object], *arguments: Any, **keywords: Any) -> NeurocError:
    error = error_of(action, *arguments, **keywords)
    assert isinstance(error, kind), repr(error)
    return error


# Files that this installation cannot decode.


def test_a_file_of_a_missing_plugin_is_told_and_still_described() -> None:
    data = with_header(encoded(), codec="not-there")
    error = refused(PluginMissingError, neuroc.decode, data, name="a.nrc")
    assert error.exit_code == 4
    info = neuroc.info(data)
    assert (info.plugin, info.installed, info.cost_macs) == ("not-there", False, None)
    assert "not-there" in info.problem
    assert info.as_dict()["weights_installed"] is None


def test_a_newer_bitstream_is_too_new() -> None:
    error = refused(TooNewError, neuroc.decode, with_header(encoded(), bitstream=2), name="b.nrc")
    assert "b.nrc" in str(error)


def test_weights_that_are_not_here_are_named() -> None:
    data = with_header(encoded(), weights=(bytes(16),))
    error = refused(WeightsMissingError, neuroc.decode, data)
    assert "0" * 32 in str(error)
    assert neuroc.info(data).weights_installed is False


def test_weights_of_another_network_give_an_error() -> None:
    digests = {w.name: bytes.fromhex(w.digest) for w in registry().codec("causal59k").entry.weights}
    refused(WeightsError, neuroc.decode, with_header(encoded(), weights=(digests["grey"],)))
    refused(CorruptFileError, neuroc.decode, with_header(encoded(), weights=(digests["rgb-diagonal"],)))
    refused(HeaderError, neuroc.decode, with_header(encoded(), weights=()))


def test_salvage_does_not_take_missing_weights_for_damage() -> None:
    refused(WeightsMissingError, neuroc.salvage, with_header(encoded(), weights=(bytes(16),)))


def test_unknown_coders_and_engines_are_missing_plugins() -> None:
    refused(PluginMissingError, neuroc.decode, with_header(encoded(), coder="abacus"))
    refused(PluginMissingError, neuroc.encode, natural(9, 9), coder="abacus")
    refused(PluginMissingError, neuroc.encode, natural(9, 9), engine="abacus")
    refused(PluginMissingError, neuroc.decode, encoded(), engine="abacus")
    refused(PluginMissingError, neuroc.encode, natural(9, 9), plugin="abacus")


@pytest.mark.parametrize(
    ("bits", "channels", "params"),
    [
        (8, 3, {0: "sideways"}),
        (8, 3, {0: 1}),
        (8, 3, {1: 9}),
        (8, 3, {1: True}),
        (8, 3, {7: 1}),
        (8, 3, {0: "wavefront"}),
        (8, 1, {0: "diagonal"}),  # no such network
        (16, 3, {}),  # no unit
        (16, 1, {1: 2**40}),
    ],
)
def test_parameters_that_no_encoder_writes_are_corrupt(bits: int, channels: int, params: dict[int, Any]) -> None:
    data = with_header(encoded(bits, channels), params=params)
    refused(CorruptFileError, neuroc.decode, data)
    refused(CorruptFileError, neuroc.decode, data, region=(1, 1, 2, 2))
    assert neuroc.info(data).plugin == "causal59k"


# Limits.


def huge(width: int, height: int) -> bytes:
    """A file of one empty tile that claims to be a large picture."""
    preamble = Preamble(width, height, 3, 8)
    digest = bytes.fromhex(registry().codec("causal59k").entry.weights[0].digest)
    header = Header("causal59k", bytes(16), "test", "RGB", weights=(digest,), tile=2**31 - 1)
    return build_file(preamble, header, [b"\0"], [0], limits=neuroc.Limits(pixels=2**62))


def test_pictures_beyond_the_limits_are_refused_before_memory_is_taken() -> None:
    data = huge(2**17, 2**17)
    tracemalloc.start()
    try:
        assert "--max-pixels" in str(refused(LimitError, neuroc.decode, data))
        assert "--max-pixels" in str(refused(LimitError, neuroc.info, data))
        limits = neuroc.Limits(pixels=2**40)
        assert "--max-work" in str(refused(LimitError, neuroc.decode, data, limits=limits))
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_limits_hold_for_encoding_too_before_anything_is_coded() -> None:
    seen: list[Any] = []
    x = natural(30, 30)
    for verify in (True, False):
        for limits in (neuroc.Limits(pixels=899), neuroc.Limits(work=1000), neuroc.Limits(tiles=3)):
            error = refused(
                LimitError, neuroc.encode, x, tile=10, limits=limits, verify=verify, progress=lambda *a: seen.append(a)
            )
            assert error.exit_code == 5
    assert seen == []


def test_a_region_costs_only_its_tiles() -> None:
    data = neuroc.encode(natural(16, 32), tile=16)
    macs = neuroc.info(data).cost_macs
    assert macs
    limits = neuroc.Limits(work=macs * 3 // 4)
    refused(LimitError, neuroc.decode, data, limits=limits)
    assert neuroc.decode(data, region=(0, 0, 5, 5), limits=limits).width == 5


# Wrong calls.


@pytest.mark.parametrize(
    "bad",
    [np.zeros((0, 4), np.uint8), np.zeros((2, 2, 5), np.uint8), np.zeros((2, 2), np.float64), np.zeros(3, np.uint8)],
)
def test_arrays_that_are_no_pictures_are_refused(bad: Any) -> None:
    assert refused(UnsupportedPictureError, neuroc.encode, bad).exit_code == 2


def test_parameters_out_of_range_are_usage_errors() -> None:
    x = natural(4, 4)
    for wrong in ({"schedule": "sideways"}, {"unit": 9}, {"unit": "3"}, {"speed": 1}, {"tile": 0}, {"device": "cuda"}):
        keywords: dict[str, Any] = {"engine": "numpy", **wrong}
        assert refused(UsageError, neuroc.encode, x, **keywords).exit_code == 2


def test_weights_given_by_hand_must_fit(tmp_path: Path) -> None:
    x = natural(9, 9)
    assert refused(WeightsError, neuroc.encode, x, weights="grey").exit_code == 4
    refused(WeightsMissingError, neuroc.encode, x, weights="nothing")
    broken = tmp_path / "w.safetensors"
    broken.write_bytes(b"\0" * 64)
    refused(WeightsError, neuroc.encode, x, weights=str(broken))


def test_weights_given_by_hand_are_not_for_raw() -> None:
    x = natural(9, 9)  # small enough for raw to compete with the whole file
    assert neuroc.decode(neuroc.encode(x, weights="rgb")).to_array().tolist() == x.tolist()


# Plugins that fail while they work.


class Params:
    """No parameters."""


@dataclass(frozen=True)
class NoParams:
    pass


class Foreign:
    """A RawCodec that stores samples as they are; ``trouble`` makes a method raise."""

    params = NoParams
    build = "build-1"
    trouble = ""

    def _maybe(self, name: str) -> None:
        if self.trouble == name:
            raise ZeroDivisionError("oops")

    def encode_tile(self, x: Any, spec: Spec, params: Any) -> bytes:
        self._maybe("encode")
        return b""

    def decode_tile(self, data: bytes, spec: Spec, params: Any) -> Any:
        self._maybe("decode")
        return np.full((spec.height, spec.width, spec.channels), 7, dtype=np.uint8)

    def cost(self, spec: Spec, params: Any) -> Cost:
        self._maybe("cost")
        return Cost(0, 1, 1)


FOREIGN = Foreign()


class Plugin:
    @hookimpl
    def neuroc_register_codecs(self) -> list[CodecEntry]:
        return [CodecEntry(id="foreign", codec=f"{__name__}:FOREIGN", bitstream=1, numerics="pinned")]


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Iterator[Foreign]:
    """The codec ``foreign``, installed for one test."""
    point = SimpleNamespace(name="foreign", dist=None, load=Plugin)
    found = importlib.metadata.entry_points(group="neuroc")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [*found, point])
    monkeypatch.setattr("neuroc.plugins.importlib.import_module", _import)
    codec = Foreign()
    monkeypatch.setitem(globals(), "FOREIGN", codec)
    registry.cache_clear()
    yield codec
    monkeypatch.undo()
    registry.cache_clear()


def _import(name: str) -> Any:
    return SimpleNamespace(FOREIGN=FOREIGN) if name == __name__ else __import__(name, fromlist=["*"])


def test_a_pinned_file_of_another_build_needs_permission(foreign: Foreign) -> None:
    x = np.full((4, 5, 3), 7, dtype=np.uint8)
    data = neuroc.encode(x, plugin="foreign")
    assert neuroc.info(data).numerics in ("pinned", "exact")  # raw may win
    data = with_header(neuroc.encode(x, plugin="raw"), codec="foreign", numerics="pinned", build="build-1")
    assert np.array_equal(neuroc.decode(data).samples, x)
    foreign.build = "build-2"
    assert refused(PinnedError, neuroc.decode, data).exit_code == 4
    assert np.array_equal(neuroc.decode(data, allow_pinned=True).samples, x)
    refused(HeaderError, neuroc.decode, with_header(encoded(), numerics="pinned", build="b"))


@pytest.mark.parametrize("where", ["encode", "decode", "cost"])
def test_whatever_a_plugin_raises_becomes_an_error_of_neuroc(foreign: Foreign, where: str) -> None:
    x = np.full((64, 64, 3), 7, dtype=np.uint8)
    data = b"" if where == "encode" else neuroc.encode(x, plugin="foreign")
    foreign.trouble = where
    if data:
        error = refused(PluginBrokenError, neuroc.decode, data)
    else:
        error = refused(PluginBrokenError, neuroc.encode, x, plugin="foreign")
    assert "oops" in str(error)
    assert error.exit_code == 4


def test_an_engine_that_is_not_exact_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from neuroc import models
    from neuroc.engines.numpy import NumpyEngine

    class Sloppy(NumpyEngine):
        def prepare(self, network: Any) -> Any:
            exact = super().prepare(network)
            return lambda x: exact(x) + (x[:, :1] == 0).astype(np.int32)

    data = encoded()
    monkeypatch.setattr(models, "get_engine", lambda name, device: Sloppy())
    models._model.cache_clear()
    try:
        refused(ExactnessError, neuroc.decode, data)
        refused(ExactnessError, neuroc.encode, natural(9, 9))
    finally:
        models._model.cache_clear()


def test_every_refusal_of_a_file_names_it() -> None:
    good = encoded()
    for bad in (b"", good[:40], with_header(good, codec="not-there"), with_header(good, weights=(bytes(16),))):
        for action in (neuroc.decode, neuroc.salvage, neuroc.verify):
            error = error_of(action, bad, name="holiday.nrc")
            assert error is not None
            assert "holiday.nrc" in str(error)
    assert parse(good).name is None
