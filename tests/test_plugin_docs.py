"""docs/writing-a-plugin.md names every hook, field and method, and its plugins work."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuroc
from naturalpictures import natural
from neuroc import api, hookspecs
from neuroc.plugins import registry
from neuroc.testing import CONTRACTS
from neuroc.testing.subject import Scope

DOCS = (Path(__file__).resolve().parent.parent / "docs" / "writing-a-plugin.md").read_text(encoding="utf-8")
REFERENCE = DOCS.split("## Reference")[1].split("\n## ")[0]
NAMES = ("deflate", "meanpred")


def blocks(language: str) -> list[str]:
    """The contents of the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugins of the page, installed for one test by the pyproject.toml of the page."""
    toml = next(b for b in blocks("toml") if b.startswith("[build-system]"))
    modules = [b for b in blocks("python") if b.startswith('"""neuroc-')]
    for name, module in zip(NAMES, modules, strict=True):
        (tmp_path / f"neuroc_{name}.py").write_text(module, encoding="utf-8")
        project = tomllib.loads(toml.replace("deflate", name))["project"]
        [(id, value)] = project["entry-points"]["neuroc"].items()
        about = tmp_path / f"neuroc_{name}-{project['version']}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        (about / "entry_points.txt").write_text(f"[neuroc]\n{id} = {value}\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
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


def test_the_table_of_contracts_is_that_of_the_kit() -> None:
    table = DOCS.split("| contract | |")[1].split("\n\n")[0]
    assert dict(re.findall(r"^\| ([a-z-]+) \| (.*) \|$", table, re.MULTILINE)) == CONTRACTS


def test_every_keyword_of_suite_is_documented() -> None:
    section = DOCS.split("| keyword | default | |")[1].split("\n\n")[0]
    first = [line.split("|")[1] for line in section.splitlines()[2:]]
    assert set(re.findall(r"`(\w+)`", " ".join(first))) == {f.name for f in dataclasses.fields(Scope)}


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", NAMES)
def test_the_plugins_of_the_page_keep_their_contracts(name: str) -> None:
    [line] = [b for b in blocks("python") if "import suite" in b]
    made: dict[str, Any] = {}
    exec(line.replace('"my-own"', f'"{name}", side=9, examples=4, engines=()'), made)
    tests = made["TestCodec"]()
    ran = 0
    for test in [n for n in dir(tests) if n.startswith("test_")]:
        with contextlib.suppress(pytest.skip.Exception):
            getattr(tests, test)()
            ran += 1
    assert ran >= 9


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", NAMES)
def test_without_raw_the_files_are_those_of_the_codec(name: str) -> None:
    data = neuroc.encode(natural(75, 64), plugin=name, tile=40, raw=False)
    assert (neuroc.info(data).plugin, neuroc.info(data).as_dict()["weights"]) == (name, [])


@pytest.mark.usefixtures("installed")
def test_a_file_says_raw_where_raw_wins() -> None:
    x = np.zeros((80, 90, 3), dtype=np.uint8)
    assert {neuroc.info(neuroc.encode(x, plugin=name)).plugin for name in NAMES} == {"raw"}
