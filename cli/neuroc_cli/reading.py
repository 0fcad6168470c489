"""Reading .nrc files."""

from __future__ import annotations

from pathlib import Path

from neuroc.chunks import peek
from neuroc.errors import LimitError, StorageError
from neuroc.limits import Limits
from neuroc.storage import read_at_most

from .planning import STREAM, read_stdin


def read_bytes(name: str, limits: Limits) -> bytes:
    """The bytes of a .nrc file or of stdin (``-``).

    Raises StorageError, LimitError, and CorruptFileError where the first bytes say that it is none.
    """
    if name == STREAM:
        return read_stdin(limits.file)

    def judge(first: bytes) -> None:
        preamble = peek(first, name=name)
        limits.check_pixels(preamble.width, preamble.height, name)

    try:
        data = read_at_most(Path(name), limits.file, judge)
        if len(data) > limits.file:
            raise LimitError(
                f"more than {limits.file} bytes, the limit", remedy="Raise it in Python: Limits(file=...)", file=name
            )
        return data
    except FileNotFoundError:
        raise StorageError("there is no such file", remedy="Check the path", file=name) from None
    except (OSError, ValueError) as e:
        reason = e.strerror if isinstance(e, OSError) and e.strerror else str(e)
        raise StorageError(f"cannot be read: {reason}", remedy="Check the path", file=name) from None
