"""What needs no network loads none: neither torch nor a model; and what needs no picture loads no picture library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import neuroc
from naturalpictures import natural

PICTURE_LIBRARIES = {"PIL", "tifffile", "png", "imagecodecs"}
HEAVY = {"torch", "scipy", "matplotlib", "constriction"}
MODELS = {"neuroc_causal59k.model", "neuroc_causal59k.head", "neuroc_causal59k.layers"}
RUNNING = {"neuroc.driver", "neuroc.encoder", "neuroc.decoder", "neuroc.engines.numpy", "neuroc.engines.torch"}

COMMAND = "import sys; from neuroc_cli.main import main; code = main(sys.argv[1:])"


def loaded(program: str, *arguments: str) -> set[str]:
    """The modules that are loaded when ``program`` has run; its variable ``code`` must be 0."""
    tail = "\nimport json, sys; print(json.dumps([code, *sys.modules]), file=sys.stderr)"
    run = [sys.executable, "-c", program + tail, *arguments]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    code, *modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stdout
    return set(modules)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = neuroc.encode(natural(16, 16))
    assert neuroc.info(data).plugin == "causal59k"
    path = tmp_path_factory.mktemp("lean") / "picture.nrc"
    path.write_bytes(data)
    return path


def test_importing_the_package_loads_next_to_nothing() -> None:
    modules = loaded("import neuroc; code = 0")
    assert "neuroc" in modules
    assert not modules & (HEAVY | PICTURE_LIBRARIES | MODELS | RUNNING | {"numpy", "typer", "pluggy"})
    assert not any(m.startswith("neuroc_") for m in modules)


@pytest.mark.parametrize("arguments", [["info"], ["info", "--json"]])
def test_describing_a_file_loads_no_model(file: Path, arguments: list[str]) -> None:
    modules = loaded(COMMAND, *arguments, str(file))
    assert "neuroc.inspection" in modules
    assert not modules & (HEAVY | PICTURE_LIBRARIES | MODELS | RUNNING)


@pytest.mark.parametrize("arguments", [["plugins"], ["plugins", "--json"], ["--help"], ["encode", "--help"]])
def test_listing_and_help_load_no_model(arguments: list[str]) -> None:
    modules = loaded(COMMAND, *arguments)
    assert not modules & (HEAVY | PICTURE_LIBRARIES | MODELS | RUNNING)


def test_help_of_a_plugin_reads_its_parameters_and_no_model() -> None:
    modules = loaded(COMMAND, "encode", "--plugin", "causal59k", "--help")
    assert "neuroc_causal59k.codec" in modules
    assert not modules & (HEAVY | PICTURE_LIBRARIES | MODELS | RUNNING)


def test_coding_an_array_needs_neither_torch_nor_pillow() -> None:
    program = """
import neuroc, numpy
x = (numpy.arange(20 * 20 * 3) // 9 % 200).astype(numpy.uint8).reshape(20, 20, 3)
code = int(not numpy.array_equal(neuroc.decode(neuroc.encode(x)).samples, x))
"""
    modules = loaded(program)
    assert "neuroc.engines.numpy" in modules
    assert not modules & ((HEAVY - {"constriction"}) | PICTURE_LIBRARIES)
