"""Plugins: what is registered is found, what is broken is reported, and no plugin stops another."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import neuroc
from crafted import with_header
from neuroc import plugins
from neuroc.errors import PluginBrokenError, PluginMissingError
from neuroc.hookspecs import CodecEntry, CoderEntry, EngineEntry, WeightsEntry, hookimpl
from neuroc.plugins import PluginReport, Registry, load

GOOD = CodecEntry(id="good", codec="neuroc.codecs.raw:CODEC", bitstream=1)
DIGEST = "00112233445566778899aabbccddeeff"


@dataclass
class Point:
    """A fake entry point: ``hooks`` are the functions of the plugin's module, or what loading raises."""

    name: str
    hooks: dict[str, Any] | BaseException
    version: str = "1.0"

    @property
    def dist(self) -> Any:
        return SimpleNamespace(name=f"neuroc-{self.name}", version=self.version)

    def load(self) -> ModuleType:
        if isinstance(self.hooks, BaseException):
            raise self.hooks
        module = ModuleType(self.name)
        for name, function in self.hooks.items():
            function.__name__ = name
            setattr(module, name, hookimpl(function))
        return module


def registering(name: str, *entries: Any, hook: str = "neuroc_register_codecs") -> Point:
    return Point(name, {hook: lambda: list(entries)})


def raising(error: BaseException) -> Any:
    def hook() -> None:
        raise error

    return hook


def broken(registry: Registry) -> list[PluginReport]:
    return [r for r in registry.reports if r.status == "broken"]


def test_a_registered_codec_is_found_with_its_distribution() -> None:
    found = load([registering("good", GOOD)]).codec("good")
    assert (found.entry, found.distribution, found.version) == (GOOD, "neuroc-good", "1.0")


@pytest.mark.parametrize(
    ("point", "word"),
    [
        (Point("bad", ImportError("no module named frob")), "frob"),
        (Point("bad", SystemExit(3)), "SystemExit"),
        (Point("bad", SyntaxError("line 3")), "line 3"),
        (Point("bad", {"neuroc_register_codec": lambda: []}), "neuroc_register_codec"),
        (Point("bad", {}), "no neuroc hook"),
        (Point("bad", {"neuroc_register_codecs": raising(ZeroDivisionError("oops"))}), "oops"),
        (Point("bad", {"neuroc_register_engines": raising(SystemExit("leaving"))}), "leaving"),
        (registering("bad", "a string"), "CodecEntry"),
        (registering("bad", 7, hook="neuroc_register_coders"), "CoderEntry"),
        (registering("bad", ("bad", "x", "pkg"), hook="neuroc_register_weights"), "WeightsEntry"),
        (Point("bad", {"neuroc_register_codecs": lambda: 5}), "int"),
        (registering("bad", replace(GOOD, id="bad", api=2)), "plugin API 2"),
        (registering("bad", replace(GOOD, id="Bad id")), "id is not"),
        (registering("bad", replace(GOOD, id="bad", codec="no.colon")), "import string"),
        (registering("bad", replace(GOOD, id="bad", bitstream=0)), "bitstream"),
        (registering("bad", replace(GOOD, id="bad", numerics="float")), "float"),
        (registering("bad", replace(GOOD, id="bad", weights=(WeightsEntry("w", "12", "w"),))), "hex"),
        (registering("bad", replace(GOOD, id="bad", weights=(WeightsEntry("w", DIGEST, "../w"),))), "leaves"),
        (registering("bad", replace(GOOD, id="bad", weights=(WeightsEntry("w", DIGEST, "w"),) * 2)), "same name"),
        (registering("bad", EngineEntry("bad", "a:b", priority="high"), hook="neuroc_register_engines"), "priority"),  # type: ignore[arg-type]
    ],
)
def test_a_broken_plugin_is_reported_and_stops_no_other(point: Point, word: str) -> None:
    registry = load([registering("a", replace(GOOD, id="first")), point, registering("z", replace(GOOD, id="last"))])
    assert set(registry.codecs) == {"first", "last"}
    (report,) = broken(registry)
    assert word in report.error
    assert report.distribution == "neuroc-bad"


def test_ctrl_c_while_a_plugin_loads_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        load([Point("bad", KeyboardInterrupt())])


def test_a_codec_of_a_broken_plugin_is_broken_and_not_missing() -> None:
    registry = load([Point("italic", ImportError("no module named frob"))])
    with pytest.raises(PluginBrokenError, match=r"frob.*neuroc-italic"):
        registry.codec("italic")


def test_an_invalid_entry_leaves_the_other_entries_of_its_plugin() -> None:
    registry = load([registering("two", GOOD, replace(GOOD, id="old", api=0))])
    assert set(registry.codecs) == {"good"}
    with pytest.raises(PluginBrokenError, match="plugin API 0"):
        registry.codec("old")


def test_a_missing_codec_names_the_distribution_to_install() -> None:
    with pytest.raises(PluginMissingError, match="pip install neuroc-italic"):
        load([registering("good", GOOD)]).codec("italic")


def test_a_missing_coder_or_engine_names_those_installed_and_no_package() -> None:
    registry = load([registering("c", CoderEntry("pi", "math:pi"), hook="neuroc_register_coders")])
    for find in (registry.coder, registry.engine):
        with pytest.raises(PluginMissingError, match="italic") as e:
            find("italic")
        assert "pip install" not in str(e.value)
    with pytest.raises(PluginMissingError, match="Installed: pi"):
        registry.coder("italic")


def test_of_two_plugins_with_one_codec_id_neither_wins_and_both_are_named() -> None:
    registry = load([registering("one", GOOD), registering("two", GOOD), registering("x", replace(GOOD, id="x"))])
    assert set(registry.codecs) == {"x"}
    assert len(broken(registry)) == 2
    with pytest.raises(PluginBrokenError, match=r"neuroc-one 1\.0 and neuroc-two 1\.0"):
        registry.codec("good")


def test_one_id_may_name_a_codec_and_an_engine() -> None:
    registry = load(
        [registering("a", GOOD), registering("b", EngineEntry("good", "a:b"), hook="neuroc_register_engines")]
    )
    assert registry.codec("good").distribution == "neuroc-a"
    assert registry.engine("good").distribution == "neuroc-b"


def test_engines_come_in_the_order_of_their_priority() -> None:
    entries = [
        EngineEntry("slow", "a:b"),
        EngineEntry("fast", "a:b", priority=20),
        EngineEntry("mid", "a:b", priority=5),
    ]
    registry = load([registering("e", *entries, hook="neuroc_register_engines")])
    assert [r.entry.id for r in registry.engine_entries()] == ["fast", "mid", "slow"]


def test_an_engine_whose_module_is_missing_says_what_to_install() -> None:
    entry = EngineEntry("gpu", "os:getcwd", requires=("no_such_module_here",))
    registry = load([registering("e", entry, hook="neuroc_register_engines")])
    with pytest.raises(PluginMissingError, match="pip install no_such_module_here"):
        plugins.load_engine("gpu", registry)


def test_a_coder_is_loaded_by_its_import_string() -> None:
    registry = load([registering("c", CoderEntry("pi", "math:pi"), hook="neuroc_register_coders")])
    assert plugins.load_coder("pi", registry) == pytest.approx(3.14159, abs=1e-3)
    assert [r.entry.id for r in registry.coder_entries()] == ["pi"]


@pytest.mark.parametrize("path", ["no_such_module_here:X", "math:no_such_name", "math:pi", "math:pi.real.nothing"])
def test_a_codec_that_does_not_load_raises_plugin_broken_with_the_cause(path: str) -> None:
    registry = load([registering("c", replace(GOOD, codec=path))])
    with pytest.raises(PluginBrokenError, match="neuroc-c"):
        plugins.load_codec("good", registry)


def test_weights_of_the_hook_are_collected() -> None:
    extra = ("good", WeightsEntry("rgb", DIGEST, "w.safetensors"), "some_package")
    assert load([registering("w", extra, hook="neuroc_register_weights")]).weights == (extra,)


def test_a_plugin_whose_commands_fail_does_not_stop_the_commands_of_another() -> None:
    def bad(app: list[str]) -> None:
        raise RuntimeError("oops")

    def good(app: list[str]) -> None:
        app.append("demo")

    registry = load([Point("a", {"neuroc_register_commands": bad}), Point("b", {"neuroc_register_commands": good})])
    app: list[str] = []
    (report,) = registry.register_commands(app)
    assert app == ["demo"]
    assert (report.id, report.distribution) == ("a", "neuroc-a")
    assert "oops" in report.error


def test_the_core_registers_raw_coders_and_engines_through_the_hooks() -> None:
    registry = plugins.registry()
    assert "raw" in registry.codecs
    assert {"rans24", "range24"} <= set(registry.coders)
    assert [r.entry.id for r in registry.engine_entries()][-2:] == ["numpy", "torch"]
    assert plugins.load_codec("raw").params is not None


def test_listing_plugins_imports_no_model_and_no_numpy() -> None:
    code = (
        "import sys, neuroc.plugins as p, neuroc.builtin as b, importlib.metadata as m;"
        "p.load([m.EntryPoint('core', 'neuroc.builtin', 'neuroc')]).codec('raw');"
        "sys.exit(' '.join({'numpy', 'torch', 'zstandard'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_foreign_package_of_the_same_name_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(name: str) -> Any:
        assert name == "neuroc"
        return SimpleNamespace(version="9.9")

    monkeypatch.setattr(importlib.metadata, "distribution", found)
    message = plugins.foreign_neuroc()
    assert message is not None
    assert "pip uninstall neuroc" in message


def test_without_the_foreign_package_there_is_no_warning() -> None:
    assert plugins.foreign_neuroc() is None


ENTRY = 'CodecEntry(id="{id}", codec="{codec}", bitstream=1)'
MODULE = """from neuroc.api import CodecEntry, hookimpl
@hookimpl
def neuroc_register_codecs():
    return [{entry}]
"""
INSTALLED = {
    # distribution: (module, id or entry point that is reported, word of the reason)
    "import-error": ("import frobnicate", "import-error", "frobnicate"),
    "syntax-error": ("def", "syntax-error", "SyntaxError"),
    "leaving": ("raise SystemExit(3)", "leaving", "SystemExit"),
    "wrong-hook": (MODULE.replace("codecs", "kodecs").format(entry=""), "wrong-hook", "neuroc_register_kodecs"),
    "no-hook": ("x = 1", "no-hook", "no neuroc hook"),
    "raising-hook": (MODULE.format(entry="1 // 0"), "raising-hook", "ZeroDivisionError"),
    "wrong-entry": (MODULE.format(entry="'text'"), "wrong-entry", "CodecEntry"),
    "wrong-api": (
        MODULE.format(entry=ENTRY.format(id="wrong-api", codec="a:b").replace(")", ", api=99)")),
        "wrong-api",
        "plugin API 99",
    ),
    "first-twin": (MODULE.format(entry=ENTRY.format(id="twin", codec="a:b")), "twin", "neuroc-second-twin"),
    "second-twin": (MODULE.format(entry=ENTRY.format(id="twin", codec="a:b")), "twin", "neuroc-first-twin"),
    "second-causal59k": (
        MODULE.format(entry=ENTRY.format(id="causal59k", codec="a:b")),
        "causal59k",
        "neuroc-causal59k",
    ),
}


@pytest.fixture(scope="module")
def broken_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with distributions as pip installs them: broken ones, one whose codec is not there, and a sound one."""
    site = tmp_path_factory.mktemp("site")
    sound = MODULE.format(entry=ENTRY.format(id="sound", codec="neuroc.codecs.raw:CODEC"))
    absent = MODULE.format(entry=ENTRY.format(id="absent", codec="neuroc_absent:NOTHING"))
    modules = {name: text for name, (text, _, _) in INSTALLED.items()} | {"sound": sound, "absent": absent}
    for name, text in modules.items():
        module = f"neuroc_{name.replace('-', '_')}"
        (site / f"{module}.py").write_text(text)
        about = site / f"{module}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: neuroc-{name}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[neuroc]\n{name} = {module}\n")
    return site


def command(site: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """``neuroc`` in a process that finds the distributions of ``site``."""
    return subprocess.run(
        [sys.executable, "-m", "neuroc_cli", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_installed_plugins_that_are_broken_are_listed_with_the_reason(broken_site: Path) -> None:
    done = command(broken_site, "plugins", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    listed = {(p["distribution"], p["id"]): p for p in json.loads(done.stdout)}
    for name, (_, id, word) in INSTALLED.items():
        found = listed[f"neuroc-{name}", id]
        assert (found["status"], word in found["error"]) == ("broken", True), found
    assert listed["neuroc-sound", "sound"]["status"] == "ok"
    assert listed["neuroc-codec", "raw"]["status"] == "ok"
    text = command(broken_site, "plugins").stdout
    assert all(f"of neuroc-{name} 1.0: " in text for name in INSTALLED)
    assert "Traceback" not in text


def test_broken_plugins_harm_no_other_one(broken_site: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(neuroc.write_picture(neuroc.Picture(np.zeros((5, 6, 3), dtype=np.uint8), "RGB", 8), "png"))
    for id in ("raw", "sound"):
        target = tmp_path / f"{id}.nrc"
        done = command(broken_site, "encode", "--plugin", id, "--no-raw", photo, "-o", target)
        assert done.returncode == 0, done.stderr
        assert command(broken_site, "verify", target, "--against", photo).returncode == 0


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("absent", ("neuroc_absent:NOTHING", "neuroc-absent 1.0")),
        ("wrong-api", ("plugin API 99",)),
        ("twin", ("neuroc-first-twin 1.0 and neuroc-second-twin 1.0",)),
        ("import-error", ("frobnicate",)),
        ("nowhere", ("pip install neuroc-nowhere",)),
    ],
)
def test_who_asks_for_a_codec_that_cannot_be_used_is_told_why(
    broken_site: Path, id: str, words: tuple[str, ...]
) -> None:
    done = command(broken_site, "encode", "--plugin", id, "photo.png")
    assert done.returncode == 4
    assert all(word in done.stderr for word in words), done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_whose_codec_is_not_installed_names_the_distribution(tmp_path: Path) -> None:
    data = neuroc.encode(np.zeros((5, 6, 3), dtype=np.uint8), plugin="raw")
    file = tmp_path / "photo.nrc"
    file.write_bytes(with_header(data, codec="nowhere"))
    done = command(tmp_path, "decode", file)
    assert done.returncode == 4
    assert "'nowhere'" in done.stderr
    assert "pip install neuroc-nowhere" in done.stderr
    assert command(tmp_path, "info", file).returncode == 0
