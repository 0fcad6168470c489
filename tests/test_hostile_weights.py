"""Weights files of strangers: bounded by their bytes, refused with a typed error, never executed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from crafted import error_of
from neuroc import safetensors
from neuroc.errors import WeightsError
from neuroc.weights import read_weights

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [p for d in ("core", "cli", "plugins", "examples", "tools", "conformance") for p in (ROOT / d).rglob("*.py")]
CODE_IN_DATA = re.compile(
    r"^\s*(?:import|from) (?:pickle|cPickle|dill|joblib|shelve|marshal|cloudpickle)\b|allow_pickle\s*=\s*True"
    r"|(?<![.\w])(?:eval|exec)\(|torch\.load\((?!.*weights_only=True)|np\.load\(",
    re.MULTILINE,
)


def crafted(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def tensor(dtype: Any, shape: Any, offsets: Any) -> dict[str, Any]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 8,
        crafted(b"[" * 100_000),
        crafted(b'{"a":' * 100_000),
        crafted(b"1" * 100_000),
        crafted(b'{"a":1,"a":2}'),
        crafted([]),
        crafted(tensor("I8", [0, 2**28, 2**28, 2**28], [0, 0])),
        crafted(tensor("I8", [2**40], [0, 2**40])),
        crafted(tensor("I8", [2**70], [0, 2**70])),
        crafted(tensor("I8", [-1], [0, -1])),
        crafted(tensor("I8", [True], [0, 1]), b"x"),
        crafted(tensor("I8", [1.0], [0, 1]), b"x"),
        crafted(tensor("I8", [1] * 9, [0, 1]), b"x"),
        crafted(tensor("O", [1], [0, 8]), bytes(8)),
        crafted(tensor(["I8"], [1], [0, 1]), b"x"),
        crafted(tensor("I8", [2], [-1, 1]), b"xx"),
        crafted(tensor("I8", [1], [1, 2]), b"xx"),
        crafted(tensor("I8", [1], [0, 1]), b"xx"),
        crafted({**tensor("I8", [1], [0, 1]), "b": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1]}}, b"x"),
        crafted({"__metadata__": {"name": 3}}),
        crafted(b'{"a":NaN}'),
    ],
)
def test_what_no_writer_makes_is_refused(data: bytes) -> None:
    error = error_of(safetensors.parse, data, "x.safetensors")
    assert isinstance(error, WeightsError)
    assert len(str(error)) < 500


def test_empty_tensors_are_tensors() -> None:
    tensors, _ = safetensors.parse(crafted(tensor("I16", [0, 2**20], [0, 0])))
    assert tensors["a"].shape == (0, 2**20)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a system without /dev/zero")
def test_a_weights_file_is_read_no_further_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safetensors, "MAX_FILE", 2**20)
    assert isinstance(error_of(read_weights, Path("/dev/zero")), WeightsError)


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_that_could_run_code_out_of_data_is_used(source: Path) -> None:
    found = [m[0] for m in CODE_IN_DATA.finditer(source.read_text(encoding="utf-8"))]
    assert found == []
