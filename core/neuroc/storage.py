"""Reading files of strangers into memory: no more than asked for, whatever a file says of its size."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES = 4096
_PIECE = 1 << 24  # read(n) takes memory for n bytes at once, even where few come


def read_at_most(path: Path, most: int, judge: Callable[[bytes], None] | None = None) -> bytes:
    """The bytes of a file, or ``most + 1`` bytes of one that has more. Raises OSError.

    ``judge`` sees the first 4096 bytes before the rest is read and may raise: a name may lead to a device without end.
    """
    with path.open("rb", buffering=0) as file:
        state = os.fstat(file.fileno())
        first = read_stream(file, HEAD_BYTES - 1)
        if judge is not None:
            judge(first)
        if len(first) < HEAD_BYTES:
            return first[: most + 1]
        if stat.S_ISREG(state.st_mode):
            file.seek(0)
            return read_stream(file, most, min(state.st_size, most) + 1)
        return first + read_stream(file, most - len(first))


def read_stream(file: BinaryIO, most: int, piece: int = _PIECE) -> bytes:
    """What a stream still has, but no more than ``most + 1`` bytes; ``piece`` bytes are asked for at a time."""
    pieces: list[bytes] = []
    left = most + 1
    while left > 0 and (data := file.read(min(left, piece))):
        pieces.append(data)
        left -= len(data)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
