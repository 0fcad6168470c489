"""Reading .nrc files."""

from __future__ import annotations

from pathlib import Path

from neuroc.errors import LimitError, StorageError
from neuroc.limits import Limits

from .planning import STREAM, read_stdin


def read_bytes(name: str, limits: Limits) -> bytes:
    """The bytes of a file or of stdin (``-``); raises StorageError or LimitError."""
    if name == STREAM:
        return read_stdin(limits.file)
    try:
        path = Path(name)
        if path.is_file() and path.stat().st_size > limits.file:
            raise LimitError(f"{path.stat().st_size} bytes, above the limit of {limits.file}", file=name)
        return path.read_bytes()
    except FileNotFoundError:
        raise StorageError("there is no such file", remedy="Check the path", file=name) from None
    except (OSError, ValueError) as e:
        reason = e.strerror if isinstance(e, OSError) and e.strerror else str(e)
        raise StorageError(f"cannot be read: {reason}", remedy="Check the path", file=name) from None
