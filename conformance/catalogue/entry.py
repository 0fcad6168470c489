"""One vector as the catalogue defines it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from neuroc.picture import Picture


class Made(NamedTuple):
    """A file and the picture that it must decode to."""

    data: bytes
    picture: Picture


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file that must decode."""

    name: str
    codec: str
    about: str
    make: Callable[[], Made]
    zstd: bool = False  # the bytes depend on the version of the zstd library


@dataclass(frozen=True, slots=True)
class RejectEntry:
    """A file that must be refused."""

    name: str
    codec: str
    about: str
    error: str  # code of SPEC section 13
    make: Callable[[], bytes]
    also: tuple[str, ...] = ()  # what other decoders may as well report
    zstd: bool = False


@dataclass(frozen=True, slots=True)
class UnitEntry:
    """The numbers of one layer; ``make`` gives the document without ``layer`` and ``about``."""

    name: str
    layer: str
    about: str
    make: Callable[[], dict[str, object]]


Entry = FileEntry | RejectEntry | UnitEntry
