"""``neuroc plugins new``: a complete package out of examples/plugin-template, with its names replaced."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Annotated

import typer

from neuroc.errors import NeurocError, OutputExistsError, StorageError, UsageError

from .text import clean

TEMPLATE = "mycodec"  # the id of the template's codec, also in its names neuroc-mycodec and neuroc_mycodec
RULE = "1 to 32 of a-z, 0-9 and -, a letter first, no - at the end and no two in a row"
# Distributions called neuroc-NAME, or modules called neuroc_NAME, that are neuroc's own.
OURS = ("cli", "codec", "conformance", "native", "raw")


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The codec's id: " + RULE + ".")],
    directory: Annotated[
        str, typer.Option("--dir", metavar="DIR", help="Folder in which the package is made; it must exist.")
    ] = ".",
) -> int:
    """Write a complete package for a new codec: neuroc-NAME with a small codec, its tests, a model card, a licence.

    It installs and codes pictures at once; then make the codec yours (docs/writing-a-plugin.md).
    """
    _check_name(name)
    parent = Path(directory)
    target = parent / f"neuroc-{name}"
    if not parent.is_dir():
        raise StorageError("is not a folder", remedy="--dir names one that exists", file=directory)
    if os.path.lexists(target):
        raise OutputExistsError("exists", remedy="Choose another name or --dir", file=str(target))
    temporary = parent / f".neuroc-{name}-{secrets.token_hex(4)}.tmp"
    try:
        try:
            _write(_template(), temporary, name)
            temporary.rename(target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as e:
        raise StorageError(f"cannot be written: {e.strerror or e}", file=str(target)) from None
    shown = str(target) if target.is_absolute() else os.path.join(".", target)  # noqa: PTH118 (pip needs the ./)
    print(clean(f"{target}: the codec {name} with tests and model card. Now:"))
    print(clean(f"pip install {_quoted(shown)}"))
    print(clean(f"neuroc encode --plugin {name} photo.png"))
    return 0


def _check_name(name: str) -> None:
    """Raise UsageError for a name that cannot be that of a codec, of its module and of its distribution."""
    from neuroc.plugins import registry

    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > 32:
        raise UsageError(f"{name[:64]!r} is no name for a codec", remedy=f"Take {RULE}")
    known = registry()
    if name in OURS or name in known.codecs or any(name == r.id for r in known.reports):
        raise UsageError(f"the name {name!r} is taken", remedy="Take another; 'neuroc plugins' lists those installed")
    module = _module(name)
    if importlib.util.find_spec(module) is not None:
        raise UsageError(f"a module {module} is installed", remedy="Take another name, or uninstall it")


def _module(name: str) -> str:
    return "neuroc_" + name.replace("-", "_")


def _template() -> Path:
    """The folder of the template: inside the installed package, or in the checkout that is installed."""
    here = Path(__file__).resolve().parent
    for place in (here / "plugin-template", here.parent.parent / "examples" / "plugin-template"):
        if (place / "pyproject.toml").is_file():
            return place
    raise NeurocError("the template of plugins is not installed", remedy="Reinstall neuroc-codec")


def _write(template: Path, target: Path, name: str) -> None:
    """Copy the template; ``mycodec`` becomes ``name``, in modules with _ for -."""
    target.mkdir()
    for source in sorted(template.rglob("*")):
        relative = source.relative_to(template)
        if (
            not source.is_file()
            or source.suffix == ".pyc"
            or any(p.startswith((".", "__pycache__")) for p in relative.parts)
        ):
            continue
        copy = target / _renamed(relative.as_posix(), name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(_renamed(source.read_text(encoding="utf-8"), name), encoding="utf-8", newline="\n")


def _renamed(text: str, name: str) -> str:
    """``text`` for ``name``, which may itself hold the template's."""
    return re.sub(f"(neuroc_)?{TEMPLATE}", lambda found: _module(name) if found[1] else name, text)


def _quoted(path: str) -> str:
    return path if re.fullmatch(r"[\w./\\:-]+", path) else f'"{path}"'
