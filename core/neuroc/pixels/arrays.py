"""Pictures from arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import UnsupportedPictureError
from ..picture import Picture

_BY_CHANNELS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def from_array(array: ArrayLike, mode: str | None = None, bits: int | None = None) -> Picture:
    """A picture from (H, W) or (H, W, 1..4) of uint8 or uint16 in either byte order, or (H, W) of bool (mode "1").

    ``mode`` defaults to grey, grey and alpha, RGB or RGBA by the number of channels, ``bits`` to the type's.

    Raises:
        UnsupportedPictureError: any other type or shape, or samples that do not fit.
    """
    a: Any = np.asarray(array)
    if a.ndim == 2:
        a = a[:, :, None]
    if a.ndim != 3 or a.shape[2] not in _BY_CHANNELS or 0 in a.shape:
        raise UnsupportedPictureError(
            f"an array of shape {np.shape(array)} is not a picture", remedy="Pass (H, W) or (H, W, 1 to 4)"
        )
    if a.dtype == np.bool_ and a.shape[2] == 1 and mode in (None, "1"):
        return Picture(np.ascontiguousarray(a, np.uint8), "1", 1)
    if a.dtype.kind == "u":  # big-endian files read with numpy give ">u2"
        a = a.astype(a.dtype.newbyteorder("="), copy=False)
    if a.dtype not in (np.uint8, np.uint16):
        raise UnsupportedPictureError(
            f"an array of {a.dtype} cannot be kept exactly", remedy="Convert it to uint8 or uint16 first"
        )
    mode = mode or _BY_CHANNELS[a.shape[2]]
    if bits is None:
        bits = 1 if mode == "1" else 8 * a.dtype.itemsize
    if a.dtype == np.uint16 and bits < 16:
        if int(a.max()) >> bits:
            raise UnsupportedPictureError(f"a sample does not fit in {bits} bits", remedy="Give the true bits")
        a = a.astype(np.uint8)
    elif a.dtype == np.uint8 and bits == 16:
        a = a.astype(np.uint16)
    return Picture(np.ascontiguousarray(a), mode, bits)
