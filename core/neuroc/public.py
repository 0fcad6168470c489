"""The Python API: keywords in, pictures and bytes out (README, "From Python")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .decoder import decode_file, decode_files, salvage_file
from .encoder import EncodeOptions, encode_picture
from .errors import NeurocError, VerificationError
from .limits import DEFAULT_LIMITS, Limits
from .models import Runtime
from .opened import DecodeOptions
from .picture import Picture, same_picture
from .tiles import Box

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from PIL import Image

Progress = Callable[[int, int], None]  # (pixels done, pixels in all)
Region = tuple[int, int, int, int]  # x, y, width, height


def as_picture(image: ArrayLike | Image.Image | Picture) -> Picture:
    """A Picture from a numpy array, a Pillow image or a Picture; raises UnsupportedPictureError."""
    if isinstance(image, Picture):
        return image
    if hasattr(image, "getbands"):  # a Pillow image, told without importing Pillow
        from .pixels.pillow import from_pillow

        return from_pillow(image)  # type: ignore[arg-type]
    from .pixels.arrays import from_array

    return from_array(image)


def encode(
    image: ArrayLike | Image.Image | Picture,
    *,
    plugin: str = "causal59k",
    weights: str | None = None,
    coder: str = "rans24",
    tile: int = 512,
    engine: str = "auto",
    device: str = "cpu",
    batch: int | None = None,
    verify: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
    **params: object,
) -> bytes:
    """The bytes of a .nrc file that decodes to exactly ``image``.

    image:  (H, W) or (H, W, 1..4) uint8 or uint16 array, (H, W) bool array, Pillow image or Picture.
    params: the plugin's own parameters, as ``neuroc encode --plugin ID --help`` lists them.
    Raises UsageError, UnsupportedPictureError, PluginError and its kinds, LimitError, VerificationError.
    """
    options = EncodeOptions(
        plugin, params, coder, tile, Runtime(engine, device, weights, batch), verify=verify, limits=limits
    )
    return encode_picture(as_picture(image), options, progress)


def encode_many(
    images: Sequence[ArrayLike | Image.Image | Picture], *, progress: Progress | None = None, **keywords: Any
) -> list[bytes | NeurocError]:
    """A file for each image, in order, with the keywords of ``encode``; an error stands in its image's place."""
    results: list[bytes | NeurocError] = []
    for number, image in enumerate(images):
        try:
            results.append(encode(image, **keywords))
        except NeurocError as error:
            results.append(error)
        if progress:
            progress(number + 1, len(images))
    return results


def _options(
    region: Region | None,
    weights: str | None,
    engine: str,
    device: str,
    batch: int | None,
    allow_pinned: bool,
    limits: Limits,
) -> DecodeOptions:
    box = None if region is None else Box(*region)
    return DecodeOptions(Runtime(engine, device, weights, batch), limits, allow_pinned, box)


def decode(
    data: bytes,
    *,
    region: Region | None = None,
    weights: str | None = None,
    engine: str = "auto",
    device: str = "cpu",
    batch: int | None = None,
    allow_pinned: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    name: str | None = None,
    progress: Progress | None = None,
) -> Picture:
    """The picture in the bytes of a .nrc file, or the part of it in ``region`` (x, y, width, height).

    ``numpy.asarray(picture)``, ``picture.to_array()`` and ``picture.to_pillow()`` give the samples.
    Raises CorruptFileError, PluginError, LimitError and their kinds; ``name`` stands in their messages.
    """
    options = _options(region, weights, engine, device, batch, allow_pinned, limits)
    return decode_file(data, options, name, progress)


def decode_many(
    datas: Sequence[bytes],
    *,
    region: Region | None = None,
    weights: str | None = None,
    engine: str = "auto",
    device: str = "cpu",
    batch: int | None = None,
    allow_pinned: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    names: Sequence[str | None] | None = None,
    progress: Progress | None = None,
) -> list[Picture | NeurocError]:
    """The picture of each file, pictures of equal size in lock-step; an error stands in its file's place."""
    options = _options(region, weights, engine, device, batch, allow_pinned, limits)
    return decode_files(datas, options, names, progress)


def salvage(
    data: bytes,
    *,
    weights: str | None = None,
    engine: str = "auto",
    device: str = "cpu",
    batch: int | None = None,
    allow_pinned: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    name: str | None = None,
) -> tuple[Picture, list[int]]:
    """What is intact of a damaged file, and the numbers of the tiles that are lost (zero in the picture)."""
    options = _options(None, weights, engine, device, batch, allow_pinned, limits)
    salvaged = salvage_file(data, options, name)
    return salvaged.picture, list(salvaged.lost)


def verify(data: bytes, against: ArrayLike | Image.Image | Picture | None = None, **keywords: Any) -> None:
    """Decode ``data`` and check every digest; with ``against`` also that it holds exactly that picture.

    Takes the keywords of ``decode`` and raises what it raises; VerificationError if the pictures differ.
    """
    picture = decode(data, **keywords)
    if against is not None and not same_picture(picture, as_picture(against)):
        raise VerificationError(
            "the file holds another picture", remedy="Compare the right pair", file=keywords.get("name")
        )
