"""One picture out of several: the caller must choose, and choose one that is there."""

from __future__ import annotations

from ..errors import UnsupportedPictureError, UsageError


def check_frame(frame: int | None, count: int, file: str | None) -> None:
    """Raise UnsupportedPictureError if none of several frames is chosen, UsageError if there is no such frame."""
    if frame is None and count > 1:
        raise UnsupportedPictureError(
            f"an animation of {count} frames cannot be kept", remedy="Choose one with --frame N", file=file
        )
    if frame is not None and not 0 <= frame < count:
        raise no_such_frame(frame, count, file)


def no_such_frame(frame: int, count: int, file: str | None) -> UsageError:
    """The error for ``frame`` of a file that has ``count`` of them."""
    return UsageError(f"there is no frame {frame}", remedy=f"Frames are counted from 0; there are {count}", file=file)
