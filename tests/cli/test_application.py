"""The application as a whole: help, options of codecs, lean imports, the reference in docs/."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import neuroc
from neuroc.hookspecs import CodecEntry, hookimpl
from neuroc.params import param
from neuroc.plugins import load, registry
from neuroc.training import DataFolder, TrainRequest
from neuroc_cli.app import COMMANDS
from neuroc_cli.progress import Progress
from neuroc_cli.text import size

ROOT = Path(__file__).parent.parent.parent
LEAN = """
import json, sys
sys.path[:0] = {paths!r}
from neuroc_cli.main import main
code = main({arguments!r})
print(json.dumps([code, sorted(sys.modules)]))
"""


@dataclass(frozen=True)
class Params:
    """Parameters of every kind."""

    schedule: str = param("wavefront", key=1, help="the order of steps", choices=("wavefront", "serial"))
    depth: int = param(3, key=2, help="how deep", low=1, high=9)
    fast_path: bool = param(True, key=3, help="one pass")


class FakeCodec:
    """Looks like a codec with parameters."""

    params = Params

    def encode_tile(self) -> None:
        """Never called."""

    def decode_tile(self) -> None:
        """Never called."""


REQUESTS: list[TrainRequest] = []


@pytest.fixture
def fake_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin with the codec "fake" and the command "greet"."""
    module = ModuleType("neuroc_fake_for_tests")
    module.CODEC, module.train = FakeCodec(), REQUESTS.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def neuroc_register_codecs() -> list[CodecEntry]:
        return [CodecEntry("fake", f"{module.__name__}:CODEC", 1, train=f"{module.__name__}:train")]

    def neuroc_register_commands(app: Any) -> None:
        def greet() -> None:
            """Say hello."""
            print("hello")

        app.command()(greet)

    hooks = ModuleType("hooks")
    for function in (neuroc_register_codecs, neuroc_register_commands):
        setattr(hooks, function.__name__, hookimpl(function))
    point = SimpleNamespace(name="fake", dist=SimpleNamespace(name="neuroc-fake", version="1"), load=lambda: hooks)
    core = SimpleNamespace(name="core", dist=None, load=lambda: importlib.import_module("neuroc.builtin"))
    known = load([point, core])
    monkeypatch.setattr("neuroc.plugins.registry", lambda: known)


def test_help_lists_every_command(call: Any) -> None:
    ended = call("--help")
    assert ended.code == 0
    for name in COMMANDS:
        assert f"  {name} " in ended.out
    assert "130 interrupted" in " ".join(ended.out.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_its_module(call: Any, name: str) -> None:
    ended = call(name, "--help", *(("--plugin", "raw") if name == "encode" else ()))
    assert ended.code == 0
    assert ended.out.startswith(f"Usage: neuroc {name}")


def test_without_a_command_the_help_goes_to_stderr(call: Any) -> None:
    ended = call()
    assert (ended.code, ended.out) == (2, "")
    assert "encode" in ended.err


def test_version_names_the_distribution(call: Any) -> None:
    assert call("--version").out.startswith("neuroc-codec ")


@pytest.mark.usefixtures("fake_plugin")
def test_help_shows_the_options_of_the_named_codec(call: Any) -> None:
    text = " ".join(call("encode", "--plugin", "fake", "--help").out.split())
    for words in ("--schedule [wavefront|serial]", "--depth N", "1<=x<=9", "--fast-path", "the order of steps"):
        assert words in text
    assert "--depth" not in call("encode", "--plugin=raw", "--help").out


@pytest.mark.usefixtures("fake_plugin")
def test_options_of_the_codec_reach_it_with_their_types(
    call: Any, photo: Path, nrc_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: dict[str, Any] = {}

    def encode(picture: object, **keywords: Any) -> bytes:
        got.update(keywords)
        return nrc_bytes

    monkeypatch.setattr(neuroc, "encode", encode)
    options = ("--schedule", "serial", "--depth", 5, "--no-fast-path", "--tile", 64, "--no-verify")
    assert call("encode", "--plugin", "fake", photo, *options).code == 0
    assert (got["plugin"], got["schedule"], got["depth"], got["fast_path"]) == ("fake", "serial", 5, False)
    assert type(got["schedule"]) is str
    assert (got["tile"], got["verify"]) == (64, False)


@pytest.mark.usefixtures("fake_plugin")
@pytest.mark.parametrize("option", [("--depth", "10"), ("--depth", "x"), ("--schedule", "odd"), ("--bogus", "1")])
def test_a_wrong_option_of_the_codec_is_2(call: Any, photo: Path, option: tuple[str, str]) -> None:
    ended = call("encode", "--plugin", "fake", photo, *option)
    assert ended.code == 2
    assert option[0] in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.usefixtures("fake_plugin")
def test_plugins_may_add_commands(call: Any) -> None:
    assert call("greet").out == "hello\n"
    assert "greet" in call("--help").out


def test_plugins_lists_codecs_in_the_documented_form(call: Any) -> None:
    entry = next(p for p in call("plugins", "--json").json if p["id"] == "raw")
    assert set(entry) == {"id", "distribution", "version", "bitstream", "numerics", "status", "error"}
    text = call("plugins").out
    assert "raw" in text
    assert "rans24" in text
    assert "numpy" in text


def test_plugins_warns_of_the_other_project_called_neuroc(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuroc.plugins.foreign_neuroc", lambda: "pip uninstall neuroc")
    assert "pip uninstall neuroc" in call("plugins").err


def test_info_needs_no_plugin(call: Any, nrc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [entry] = call("info", "--json", nrc).json
    assert (entry["plugin"], entry["width"], entry["height"], entry["installed"]) == ("raw", 30, 20, True)
    assert entry["bytes"] == nrc.stat().st_size
    assert entry["payload_bytes"] < entry["bytes"]
    nothing = load([])
    monkeypatch.setattr("neuroc.plugins.registry", lambda: nothing)
    ended = call("info", nrc)
    assert ended.code == 0
    assert "installed: no" in ended.out


def test_verify_says_ok_in_both_forms(call: Any, nrc: Path, photo: Path) -> None:
    assert "ok, identical to" in call("verify", nrc, "--against", photo).out
    assert call("verify", "--json", nrc).json == [{"file": str(nrc), "ok": True, "error": None}]


def test_verify_json_holds_failures(call: Any, nrc: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.nrc").write_bytes(nrc.read_bytes()[:-1])
    ended = call("verify", "--json", "bad.nrc", nrc)
    assert ended.code == 3
    assert [e["ok"] for e in ended.json] == [False, True]
    assert ended.json[0]["error"]["code"] == "truncated"


def test_demo_restores_the_photograph_that_comes_along(call: Any) -> None:
    document = call("demo", "--json", "--plugin", "raw").json
    assert document["identical"] is True
    assert document["bytes"] < document["png_bytes"]


def test_demo_takes_another_picture(call: Any, photo: Path) -> None:
    ended = call("demo", "--plugin", "raw", "--image", photo)
    assert ended.code == 0
    assert ended.out.endswith("identical\n")


def test_weights_list_and_verify(call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEUROC_WEIGHTS", str(tmp_path))
    assert call("weights", "list", "--json").code == 0
    (tmp_path / ("0" * 32 + ".safetensors")).write_bytes(b"damaged")
    ended = call("weights", "verify", "--json")
    assert ended.code == 4
    assert [w["ok"] for w in ended.json if "0" * 32 in w["file"]] == [False]


@pytest.mark.usefixtures("fake_plugin")
def test_train_hands_the_request_to_the_codec(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    REQUESTS.clear()
    assert call("train", "fake", "--data", tmp_path, "--out", "w.safetensors", "--minutes", 2, "--resume").code == 0
    assert [TrainRequest((DataFolder(tmp_path),), Path("w.safetensors"), 2.0, True)] == REQUESTS
    ended = call("train", "raw", "--data", tmp_path, "--out", "w.safetensors")
    assert (ended.code, "no training" in ended.err) == (4, True)


@pytest.mark.usefixtures("fake_plugin")
def test_training_without_torch_says_what_to_install(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    ended = call("train", "fake", "--data", tmp_path, "--out", "w.safetensors")
    assert ended.code == 4
    assert "pip install 'neuroc-codec[train]'" in ended.err


def test_bench_compares_on_the_same_pictures(call: Any, photo: Path, tmp_path: Path) -> None:
    ended = call("bench", photo, "--plugin", "raw", "--peers", "png", "--json")
    assert ended.code == 0
    raw, png = ended.json
    assert (raw["codec"], png["codec"]) == ("raw", "png")
    assert raw["pictures"] == png["pictures"] == 1
    assert raw["bpsp"] == pytest.approx(8 * raw["bytes"] / 1800, abs=1e-5)
    assert all(d["encode_mps"] > 0 and d["decode_mps"] > 0 for d in ended.json)


@pytest.mark.parametrize(
    "arguments", [("x", "--peers", "bmp"), (".",), (".", "--plugin", "raw:depth=3"), (".", "--limit", "0")]
)
def test_a_wrong_bench_is_2(call: Any, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "x").write_bytes(b"")
    assert call("bench", *(arguments if "--plugin" in arguments else (*arguments, "--plugin", "raw"))).code == 2


@pytest.mark.parametrize("arguments", [["--help"], ["info", "FILE"], ["plugins"]])
def test_quick_commands_import_nothing_heavy(nrc: Path, arguments: list[str]) -> None:
    script = LEAN.format(
        paths=[str(ROOT / "core"), str(ROOT / "cli")], arguments=[a.replace("FILE", str(nrc)) for a in arguments]
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    heavy = {"torch", "PIL", "scipy", "matplotlib", "tifffile", "png", "constriction", "rich", "imagecodecs"}
    assert not heavy & set(modules)
    assert not [m for m in modules if m.startswith(("neuroc.pixels", "neuroc.engines", "neuroc_causal59k.model"))]
    if arguments == ["--help"]:
        assert "numpy" not in modules


def test_the_reference_is_current() -> None:
    spec = importlib.util.spec_from_file_location("cli_reference", ROOT / "tools" / "cli_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.TARGET.read_text(encoding="utf-8") == module.reference(), "run python tools/cli_reference.py"


def test_completion_knows_commands_and_options() -> None:
    paths = os.pathsep.join([str(ROOT / "core"), str(ROOT / "cli")])

    def complete(line: str) -> str:
        words = {"_NEUROC_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        done = subprocess.run(
            [sys.executable, "-m", "neuroc_cli"],
            env={**os.environ, "PYTHONPATH": paths, **words},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stderr == ""
        return done.stdout

    assert "decode" in complete("neuroc de")
    assert "--region" in complete("neuroc decode --reg")
    assert "--tile" in complete("neuroc encode --plugin missing --ti")


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_progress_bar_is_drawn_on_terminals_only_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, quiet, drawn in ((Terminal(), False, True), (Terminal(), True, False), (io.StringIO(), False, False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with Progress(4, quiet=quiet) as progress:
            progress.part(1, 2)
            progress.finished()
        assert ("1/4" in stream.getvalue()) == drawn
        assert stream.getvalue().endswith("\r\x1b[K" if drawn else "")


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (45_100, "45.1 kB"), (999_999, "1 MB"), (10**16, "10000 TB")],
)
def test_sizes_are_readable(n: int, text: str) -> None:
    assert size(n) == text


def test_help_speaks_of_values_and_not_of_types(call: Any) -> None:
    assert "<list" not in call("bench", "--help").out


def test_info_shows_what_applies(call: Any, nrc: Path) -> None:
    assert "weights installed" not in call("info", nrc).out


def test_drafts_are_marked(call: Any) -> None:
    rows = {line.split()[0]: line for line in call("plugins").out.splitlines()[1:]}
    assert rows["raw"].endswith("(draft)") == registry().codec("raw").entry.draft
