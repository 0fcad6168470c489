"""The picture in memory: integer samples, how they are to be read, and metadata kept verbatim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import UnsupportedPictureError

if TYPE_CHECKING:
    from PIL import Image

CHANNELS = {"1": 1, "L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4}
BITS = {"1": (1,), "L": (2, 4, 8, 16), "P": (1, 2, 4, 8), "LA": (8, 16), "RGB": (8, 16), "RGBA": (8, 16)}


@dataclass(frozen=True, slots=True)
class Record:
    """One piece of metadata. ``key`` names its kind and place (SPEC section 6), ``data`` is verbatim."""

    key: str
    data: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture as neuroc codes it.

    samples: (H, W, C) C-contiguous, uint8 for bits <= 8, uint16 for bits == 16, each below 2**bits.
    mode:    "1", "L", "LA", "P", "RGB" or "RGBA"; for "P" the samples are palette indices.
    bits:    bits per sample, one of BITS[mode].
    metadata: records in file order; the palette of a "P" picture is among them.
    """

    samples: NDArray[Any]
    mode: str
    bits: int
    metadata: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        s = self.samples
        if self.mode not in CHANNELS or self.bits not in BITS[self.mode]:
            raise UnsupportedPictureError(f"mode {self.mode!r} with {self.bits} bits is not supported")
        want = np.uint16 if self.bits == 16 else np.uint8
        if s.dtype != want or s.ndim != 3 or s.shape[2] != CHANNELS[self.mode] or 0 in s.shape:
            raise UnsupportedPictureError(
                f"samples of shape {s.shape} and type {s.dtype} do not fit mode {self.mode!r}, {self.bits} bits"
            )
        if self.bits < 8 and int(s.max()) >> self.bits:
            raise UnsupportedPictureError(f"a sample does not fit in {self.bits} bits")

    @property
    def height(self) -> int:
        return int(self.samples.shape[0])

    @property
    def width(self) -> int:
        return int(self.samples.shape[1])

    @property
    def channels(self) -> int:
        return int(self.samples.shape[2])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.to_array(), dtype=dtype, copy=copy)

    def to_array(self) -> NDArray[Any]:
        """Samples as (H, W) for one channel, else (H, W, C); uint8 or uint16."""
        return self.samples[:, :, 0] if self.channels == 1 else self.samples

    def to_pillow(self) -> Image.Image:
        """A Pillow image with the same samples (16-bit only for grey, which is all that Pillow holds)."""
        from .pixels.pillow import to_pillow

        return to_pillow(self)


def same_picture(a: Picture, b: Picture) -> bool:
    """True if mode, bits, size and every sample are equal (metadata is not looked at)."""
    return a.mode == b.mode and a.bits == b.bits and np.array_equal(a.samples, b.samples)
