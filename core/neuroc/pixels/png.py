"""PNG files to pictures: every colour type, depth and interlace, samples exactly as the file has them.

Pillow is not asked what the picture is (it opens 16-bit RGB as 8 bits without a word); it only undoes row filters.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError, UnsupportedPictureError
from ..limits import Limits
from ..picture import Picture
from .chunks import PngParts, parse
from .frames import check_frame
from .packing import unpack
from .unfilter import inflate_all, unfilter, unfilter_pillow

_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_ANIMATION = ("acTL", "fcTL", "fdAT")
_OF_COLOUR_TYPE = ("tRNS", "bKGD", "hIST", "sBIT")  # chunks that mean nothing once a frame became RGBA


def read_png(data: bytes, frame: int | None, limits: Limits, name: str | None, *, pillow: bool = True) -> Picture:
    """Read a PNG file; ``pillow=False`` takes the numpy path for the row filters throughout.

    Raises:
        PictureError, UnsupportedPictureError (animation without ``frame``), UsageError (no such frame), LimitError.
    """
    parts = parse(data, limits, name)
    frames = _frames(parts, name)
    check_frame(frame, frames, name)
    if frame:
        return _composited(data, parts, frame, name)
    samples = _samples(parts, pillow, name)
    mode = "1" if parts.colour == 0 and parts.bits == 1 else _MODES[parts.colour]
    records = parts.records
    if frame is not None:
        records = [r for r in records if r.key[-4:] not in _ANIMATION or not r.key.startswith("png.")]
    return Picture(samples, mode, parts.bits, tuple(records))


def _frames(parts: PngParts, name: str | None) -> int:
    control = parts.chunk("acTL")
    if control is None:
        return 1
    if len(control) != 8:
        raise PictureError("the acTL chunk of the PNG does not have 8 bytes", file=name)
    count = int(struct.unpack_from(">I", control)[0])
    # A default picture that is not part of the animation counts as frame 0.
    return max(1, count + (parts.chunk("fcTL") is None)) if count > 1 else 1


def _samples(parts: PngParts, pillow: bool, name: str | None) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """All samples, (H, W, C)."""
    w, h, c = parts.width, parts.height, parts.samples
    bpp = max(1, c * parts.bits // 8)
    if not parts.interlaced:
        row = -(-w * c * parts.bits // 8)
        if pillow and bpp <= 4:
            lines = unfilter_pillow(parts.idat, h, row, bpp, name)
        else:
            lines = unfilter(inflate_all(parts.idat, h * (row + 1), name), h, row, bpp, name)
        return unpack(lines, w, c, parts.bits)
    passes = [(x, y, dx, dy, -(-(w - x) // dx), -(-(h - y) // dy)) for x, y, dx, dy in _ADAM7]
    passes = [p for p in passes if p[4] > 0 and p[5] > 0]
    rows = [-(-p[4] * c * parts.bits // 8) for p in passes]
    data = inflate_all(parts.idat, sum(p[5] * (r + 1) for p, r in zip(passes, rows, strict=True)), name)
    out = np.empty((h, w, c), np.uint16 if parts.bits == 16 else np.uint8)
    at = 0
    for (x, y, dx, dy, pw, ph), row in zip(passes, rows, strict=True):
        size = ph * (row + 1)
        lines = unfilter(data[at : at + size], ph, row, bpp, name)
        out[y::dy, x::dx] = unpack(lines, pw, c, parts.bits)
        at += size
    return out


def _composited(data: bytes, parts: PngParts, frame: int, name: str | None) -> Picture:
    """A later frame of an animation as a viewer shows it: RGBA at 8 bits, composited by Pillow."""
    from .pillow import opened, samples_of

    if parts.bits == 16:
        raise UnsupportedPictureError(
            "frames of 16-bit animations cannot be kept", remedy="Only --frame 0 can", file=name
        )
    with opened(data, "PNG", name) as image:
        image.seek(frame)
        samples = samples_of(image.convert("RGBA"))
    gone = {f"{p}{kind}" for p in ("png.", "png.after.") for kind in _ANIMATION + _OF_COLOUR_TYPE} | {"palette"}
    records = tuple(r for r in parts.records if r.key not in gone)
    return Picture(samples, "RGBA", 8, records)
