from collections.abc import Iterator

from .entry import UnitEntry


def entries() -> Iterator[UnitEntry]:
    yield from ()
