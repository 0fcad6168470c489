"""The files that must be refused, each with one error; the parts stand in modules of their own."""

from __future__ import annotations

from collections.abc import Iterator

from . import badchunks, badheader, baditems, badlimits, badmetadata
from .entry import RejectEntry


def entries() -> Iterator[RejectEntry]:
    """All of them."""
    yield from badchunks.entries()
    yield from badmetadata.entries()
    yield from badheader.entries()
    yield from baditems.entries()
    yield from badlimits.entries()
