"""One picture out of several: what is said where there is no such frame."""

from __future__ import annotations

from ..errors import UsageError


def no_such_frame(frame: int, count: int, file: str | None) -> UsageError:
    """The error for ``frame`` of a file that has ``count`` of them."""
    return UsageError(f"there is no frame {frame}", remedy=f"Frames are counted from 0; there are {count}", file=file)
