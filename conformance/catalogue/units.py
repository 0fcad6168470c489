"""The unit vectors: numbers of single layers, computed here in plain Python integers as SPEC.md states them."""

from __future__ import annotations

from collections.abc import Iterator

from . import unitarithmetic, unitbytes, unitcoding
from .entry import UnitEntry


def entries() -> Iterator[UnitEntry]:
    """All of them."""
    yield from unitcoding.entries()
    yield from unitarithmetic.entries()
    yield from unitbytes.entries()
