"""Other lossless formats for side-by-side measurements, at their strongest sensible setting, one thread each."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import PluginMissingError, UnsupportedPictureError, UsageError
from .picture import Picture

Encode = Callable[[Picture], bytes]
Decode = Callable[[bytes, Picture], Picture]

PEERS = {
    "png": ("png",),
    "webp": ("webp",),
    "jxl": ("jxl-e7", "jxl-e9"),
}
LABELS = {
    "png": "PNG, level 9 (Pillow)",
    "webp": "WebP lossless, method 6, quality 100",
    "jxl-e7": "JPEG XL lossless, effort 7",
    "jxl-e9": "JPEG XL lossless, effort 9",
}


def expand(names: str) -> list[str]:
    """``png,webp,jxl`` as the ids of single peers; "jxl" is both efforts. Raises UsageError."""
    found = []
    for name in filter(None, (n.strip() for n in names.split(","))):
        ids = PEERS.get(name, (name,) if name in LABELS else ())
        if not ids:
            raise UsageError(f"unknown peer {name!r}", remedy=f"Known are {', '.join([*PEERS, 'jxl-e7', 'jxl-e9'])}")
        found += [i for i in ids if i not in found]
    return found


def peer(name: str) -> tuple[Encode, Decode]:
    """The two directions of a peer; raises PluginMissingError if its library is not installed."""
    if name == "png":
        return _encode_png, _decode_png
    codecs = _imagecodecs(name)
    if name == "webp":
        return (
            lambda p: bytes(codecs.webp_encode(_webp_samples(p), level=100, lossless=True, method=6, numthreads=1)),
            lambda data, like: _like(codecs.webp_decode(data), like),
        )
    effort = int(name[-1])
    return (
        lambda p: bytes(codecs.jpegxl_encode(_colour(p), lossless=True, effort=effort, numthreads=1)),
        lambda data, like: _like(codecs.jpegxl_decode(data, numthreads=1), like),
    )


def _imagecodecs(name: str) -> Any:
    try:
        import imagecodecs
    except ImportError:
        raise PluginMissingError(
            f"the peer {name} needs imagecodecs, which is not installed", remedy="pip install 'neuroc-codec[peers]'"
        ) from None
    return imagecodecs


def _encode_png(picture: Picture) -> bytes:
    if picture.bits == 16 and picture.channels > 1:  # Pillow would make 8 bits of it
        try:
            codecs = _imagecodecs("png")
        except PluginMissingError as e:  # only these pictures need it: the others are still measured
            raise UnsupportedPictureError(f"{e.message} ({e.remedy}): {picture.mode} with 16 bits") from None
        return bytes(codecs.png_encode(picture.samples, level=9))
    out = io.BytesIO()
    picture.to_pillow().save(out, "PNG", compress_level=9)
    return out.getvalue()


def _decode_png(data: bytes, like: Picture) -> Picture:
    if like.bits == 16 and like.channels > 1:
        return _like(_imagecodecs("png").png_decode(data), like)
    if like.bits < 8 or like.mode == "P":
        from .pixels import read_picture

        return replace(like, samples=read_picture(data).samples)
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return _like(np.asarray(image), like)


def _colour(picture: Picture) -> NDArray[Any]:
    """Samples as libraries take them: (H, W) or (H, W, C), whole bytes per sample."""
    if picture.mode in ("1", "P") or picture.bits < 8:
        raise UnsupportedPictureError(f"mode {picture.mode} with {picture.bits} bits is not measured with this peer")
    return np.ascontiguousarray(picture.to_array())


def _webp_samples(picture: Picture) -> NDArray[Any]:
    if picture.bits != 8 or picture.mode not in ("RGB", "RGBA", "L"):
        raise UnsupportedPictureError(f"WebP holds no {picture.mode} with {picture.bits} bits")
    samples = picture.samples
    return np.ascontiguousarray(np.repeat(samples, 3, axis=2) if picture.mode == "L" else samples)


def _like(samples: NDArray[Any], like: Picture) -> Picture:
    """A picture of the kind of ``like``; of a grey one that was coded in colour, the first channel."""
    s = samples[:, :, None] if samples.ndim == 2 else samples
    s = np.ascontiguousarray(s[:, :, : like.channels])
    return replace(like, samples=s.astype(like.samples.dtype, casting="safe", copy=False))
