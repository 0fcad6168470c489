"""docs/plugins.md names every hook, field and method, and its plugins work."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuroc
from naturalpictures import natural
from neuroc import api, hookspecs
from neuroc.coder import get_coder
from neuroc.driver import decode_items, encode_items
from neuroc.model import Spec
from neuroc.plugins import load_codec, registry

DOCS = (Path(__file__).resolve().parent.parent / "docs" / "plugins.md").read_text(encoding="utf-8")
REFERENCE = DOCS.split("## Reference")[1].split("\n## ")[0]
NAMES = ("deflate", "meanpred")


def blocks(language: str) -> list[str]:
    """The contents of the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugins of the page, registered for one test by the entry point of the page."""
    toml = next(b for b in blocks("toml") if b.startswith("[build-system]"))
    points = list(importlib.metadata.entry_points(group="neuroc"))
    for name, module in zip(NAMES, blocks("python"), strict=True):
        (tmp_path / f"neuroc_{name}.py").write_text(module, encoding="utf-8")
        project = tomllib.loads(toml.replace("deflate", name))["project"]
        [(id, value)] = project["entry-points"]["neuroc"].items()
        assert project["name"] == f"neuroc-{id}"
        points.append(EntryPoint(id, value, "neuroc"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: points)
    registry.cache_clear()
    yield
    monkeypatch.undo()
    registry.cache_clear()
    for name in NAMES:
        sys.modules.pop(f"neuroc_{name}", None)


def test_every_hook_is_documented() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("neuroc_")}
    assert set(re.findall(r"\bneuroc_register_\w+", DOCS)) == hooks


@pytest.mark.parametrize("record", [api.CodecEntry, api.WeightsEntry, api.Spec, api.Cost])
def test_the_tables_name_every_field(record: Any) -> None:
    assert {f.name for f in dataclasses.fields(record)} <= set(re.findall(r"`(\w+)`", REFERENCE))


def test_the_tables_name_every_method_with_its_arguments() -> None:
    for kind in (api.Codec, api.Model, api.ParallelEncode, api.Adaptive, api.RawCodec):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                arguments = [a for a in inspect.signature(method).parameters if a != "self"]
                assert f"{name}({', '.join(arguments)})`" in REFERENCE
    assert set(api.Step._fields) <= set(re.findall(r"`(\w+)`", REFERENCE))
    assert set(inspect.signature(api.param).parameters) <= set(re.findall(r"\w+", REFERENCE))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_the_plugins_of_the_page_give_every_pixel_back(
    name: str, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuroc.encoder.RAW_HOPE", 0)  # raw does not compete
    x = natural(75, 64, channels)
    data = neuroc.encode(x, plugin=name, tile=40)
    info = neuroc.info(data)
    assert (info.plugin, info.as_dict()["weights"]) == (name, [])
    assert np.array_equal(neuroc.decode(data).samples, x)
    option = {"deflate": {"level": 1}, "meanpred": {"spread": 1}}[name]
    changed = neuroc.encode(x, plugin=name, tile=40, **option)  # type: ignore[arg-type]
    assert changed != data
    assert np.array_equal(neuroc.decode(changed).samples, x)


@pytest.mark.usefixtures("installed")
def test_the_codec_without_a_network_keeps_16_bits_and_refuses_damage() -> None:
    codec: Any = load_codec("deflate")
    for x in (natural(9, 12, 3, 16), natural(9, 12, 1, 8)):
        height, width, channels = x.shape
        spec = Spec(height, width, channels, 8 * x.itemsize)
        data = codec.encode_tile(x, spec, codec.params())
        assert np.array_equal(codec.decode_tile(data, spec, codec.params()), x)
        for bad in (b"", data[:-1], data + b"x", data[:8] + b"\xff" + data[9:]):
            with pytest.raises(api.CorruptFileError):
                codec.decode_tile(bad, spec, codec.params())


@pytest.mark.usefixtures("installed")
def test_the_codec_that_predicts_runs_tiles_in_lock_step() -> None:
    codec: Any = load_codec("meanpred")
    x = np.stack([natural(20, 31, seed=s) for s in range(3)])
    spec = Spec(20, 31, 3, 8, batch=3)
    model = codec.model(None, None, spec, codec.params())
    items = encode_items(model, x, spec, codec.params(), get_coder("rans24"))
    assert np.array_equal(decode_items(model, items, spec, codec.params(), get_coder("rans24")), x)
    assert sum(map(len, items)) < x.size * 3 // 4


@pytest.mark.usefixtures("installed")
def test_a_file_says_raw_where_raw_wins() -> None:
    x = np.zeros((80, 90, 3), dtype=np.uint8)
    assert {neuroc.info(neuroc.encode(x, plugin=name)).plugin for name in NAMES} == {"raw"}
