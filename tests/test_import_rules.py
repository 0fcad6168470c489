"""Who may import whom (CONTRIBUTING.md, "The house"), read from the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = sorted((ROOT / "core" / "neuroc").rglob("*.py"))
CLI = sorted((ROOT / "cli" / "neuroc_cli").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins").glob("*/neuroc_*/**/*.py"))

# What a codec needs to code pictures, and what its training and evaluation may use besides.
PLUGIN_API = ("neuroc.api", "neuroc.hookspecs", "neuroc.exact")
TRAINING_API = (
    "neuroc.train",
    "neuroc.training",
    "neuroc.safetensors",
    "neuroc.distributions",
    "neuroc.engines",
    "neuroc.read_picture",
)


def imports(file: Path) -> Iterator[str]:
    """Absolute names of what a file imports, anywhere in it: ``from a.b import c`` is ``a.b.c``."""
    package = package_of(file)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            yield from (".".join([*start, *filter(None, [node.module]), alias.name]) for alias in node.names)


def package_of(file: Path) -> list[str]:
    """The names of the package that a file lies in, outermost first."""
    names: list[str] = []
    folder = file.parent
    while (folder / "__init__.py").exists():
        names.insert(0, folder.name)
        folder = folder.parent
    return names


def within(name: str, *packages: str) -> bool:
    return any(name == p or name.startswith(p + ".") for p in packages)


def shown(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def test_relative_imports_are_resolved() -> None:
    assert "neuroc.errors.UsageError" in set(imports(ROOT / "core" / "neuroc" / "pixels" / "pngwrite.py"))


@pytest.mark.parametrize("file", CORE, ids=shown)
def test_the_core_imports_no_plugin_and_not_the_command_line(file: Path) -> None:
    assert [n for n in imports(file) if n.startswith("neuroc_")] == []


@pytest.mark.parametrize("file", CORE + CLI, ids=shown)
def test_torch_is_imported_by_its_engine_and_by_training_only(file: Path) -> None:
    place = file.relative_to(file.parents[len(package_of(file))]).as_posix()
    if place != "neuroc/engines/torch.py" and not place.startswith("neuroc/train/"):
        assert [n for n in imports(file) if within(n, "torch")] == []


@pytest.mark.parametrize("file", CLI, ids=shown)
def test_the_command_line_imports_no_plugin(file: Path) -> None:
    assert [n for n in imports(file) if n.startswith("neuroc_") and not within(n, "neuroc_cli")] == []


@pytest.mark.parametrize("file", PLUGINS, ids=shown)
def test_a_plugin_imports_what_any_third_party_may_and_no_other_plugin(file: Path) -> None:
    names = list(imports(file))
    trains = any(within(n, "torch") for n in names)
    allowed = (*PLUGIN_API, *TRAINING_API, package_of(file)[0]) if trains else (*PLUGIN_API, package_of(file)[0])
    ours = [n for n in names if within(n, "neuroc") or n.startswith("neuroc_")]
    assert [n for n in ours if not within(n, *allowed)] == []


@pytest.mark.parametrize("plugin", sorted({f.parent.parent for f in PLUGINS if len(package_of(f)) == 1}), ids=shown)
def test_what_codes_pictures_reaches_no_torch(plugin: Path) -> None:
    """From each codec that a plugin registers, its own modules are followed; none of them imports torch."""
    modules = {file.stem: file for file in PLUGINS if plugin in file.parents}
    waiting, seen = {"codec", "__init__"} & set(modules), set[str]()
    while waiting:
        module = waiting.pop()
        seen.add(module)
        for name in imports(modules[module]):
            assert not within(name, "torch"), f"{module} imports {name}"
            if name.startswith("neuroc_"):
                waiting |= set(name.split(".")[1:]) & set(modules) - seen


def test_there_is_something_to_check() -> None:
    assert len(CORE) > 20
    assert len(CLI) > 10
    assert PLUGINS
