"""The hooks of neuroc (pluggy, entry-point group ``neuroc``). All are called once, at start; none is on the hot path.

A plugin is one module with one function::

    from neuroc.api import CodecEntry, hookimpl

    @hookimpl
    def neuroc_register_codecs():
        return [CodecEntry(id="mine", codec="neuroc_mine.codec:CODEC", bitstream=1, summary="what it does")]

and two lines of its pyproject.toml::

    [project.entry-points.neuroc]
    mine = "neuroc_mine"
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pluggy

hookspec = pluggy.HookspecMarker("neuroc")
hookimpl = pluggy.HookimplMarker("neuroc")

PLUGIN_API = 1  # of this file and model.py; a CodecEntry states the one it was written for


@dataclass(frozen=True, slots=True)
class WeightsEntry:
    """Weights shipped in a plugin: ``path`` is relative to the package that holds the codec's module."""

    name: str  # unique within the codec: "rgb", "grey", ...
    digest: str  # first 16 bytes of SHA-256, 32 hex digits
    path: str


@dataclass(frozen=True, slots=True)
class CodecEntry:
    """A codec as it is listed, without importing its model."""

    id: str  # [a-z0-9-]{1,32}; stands in files
    codec: str  # import string "package.module:attribute" of a Codec or RawCodec
    bitstream: int  # newest bitstream version that this plugin writes; it reads all from 1 up
    summary: str = ""
    channels: tuple[int, ...] = (1, 3)  # plane groups it codes; others go to raw
    bits: tuple[int, ...] = (2, 4, 8, 16)
    numerics: str = "exact"  # or "pinned"
    weights: tuple[WeightsEntry, ...] = field(default=())
    draft: bool = True  # weights may still be replaced before the first release
    api: int = PLUGIN_API
    train: str = ""  # import string of a callable(training.TrainRequest) -> None, for ``neuroc train``


@dataclass(frozen=True, slots=True)
class CoderEntry:
    """An entropy coder: ``coder`` is the import string of a coder.Coder."""

    id: str
    coder: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """A compute engine: ``engine`` is the import string of a callable(device: str) -> engines.Engine."""

    id: str
    engine: str
    summary: str = ""
    priority: int = 0  # --engine auto takes the highest that is installed
    requires: tuple[str, ...] = ()  # modules that must be importable
    detail: str = ""  # what it uses on this machine, such as an instruction set


@hookspec
def neuroc_register_codecs() -> Iterable[CodecEntry]:
    """Return the codecs of this plugin. Called when plugins are listed or a codec is looked up."""
    return ()


@hookspec
def neuroc_register_coders() -> Iterable[CoderEntry]:
    """Return entropy coders. Called when a coder is looked up."""
    return ()


@hookspec
def neuroc_register_engines() -> Iterable[EngineEntry]:
    """Return compute engines. Called when an engine is looked up."""
    return ()


@hookspec
def neuroc_register_commands(app: Any) -> None:
    """Add sub-commands to the command line: ``app`` is a typer.Typer. Called when the command line starts."""


@hookspec
def neuroc_register_weights() -> Iterable[tuple[str, WeightsEntry, str]]:
    """Return further weights as (codec id, entry, package): where weights with a digest can be had."""
    return ()
