"""The Python API: keywords in, pictures and bytes out (README, "From Python")."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from .decoder import Salvaged, decode_file, decode_files, salvage_file
from .encoder import EncodeOptions, encode_picture, verify_files
from .errors import NeurocError, UsageError, VerificationError
from .limits import DEFAULT_LIMITS, Limits
from .models import Runtime
from .opened import DecodeOptions
from .picture import Picture, same_picture
from .tiles import Box

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from PIL import Image

Progress = Callable[[int, int], None]  # (pixels done, pixels in all)
MAX_THREADS = 1024
Region = tuple[int, int, int, int]  # x, y, width, height


class Decoding(TypedDict, total=False):
    """Keywords that all functions share that decode; what each one is left at is in ``_options``."""

    weights: str | None  # name or file
    engine: str  # "auto", "numpy", "torch", ...
    device: str  # "cpu" or "cuda"
    batch: int | None  # tiles in lock-step; None chooses by memory
    threads: int  # for the tiles of a picture, where the engine has threads of its own
    allow_pinned: bool  # decode files of float models that were made by another build
    limits: Limits


def as_picture(image: ArrayLike | Image.Image | Picture) -> Picture:
    """A Picture from a numpy array, a Pillow image or a Picture; raises UnsupportedPictureError."""
    if isinstance(image, Picture):
        return image
    if hasattr(image, "getbands"):  # a Pillow image, told without importing Pillow
        from .pixels.pillow import from_pillow

        return from_pillow(image)  # type: ignore[arg-type]
    if isinstance(image, str | PathLike):
        raise UsageError(
            f"{str(image)!r} is a name and no picture", remedy="Read the file first: neuroc.read_picture(path)"
        )
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
    threads: int = 1,
    raw: bool = True,
    verify: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
    **params: object,
) -> bytes:
    """The bytes of a .nrc file that decodes to exactly ``image``.

    image:  (H, W) or (H, W, 1..4) uint8 or uint16 array, (H, W) bool array, Pillow image or Picture.
    tile:   longest side of a tile in pixels; batch: tiles in lock-step, by memory if None.
    threads: for the tiles of the picture, where the engine has threads of its own (native).
    raw:    whether the built-in ``raw`` competes for each tile; False keeps everything that the codec can code with it.
    params: the plugin's own parameters, as ``neuroc encode --plugin ID --help`` lists them.
    Raises UsageError, UnsupportedPictureError, PluginError and its kinds, LimitError, VerificationError.
    """
    options = _encoding(
        plugin, weights, coder, tile, engine, device, batch, threads, raw=raw, verify=verify, limits=limits, **params
    )
    return encode_picture(as_picture(image), options, progress)


def encode_many(
    images: Sequence[ArrayLike | Image.Image | Picture], *, progress: Progress | None = None, **keywords: Any
) -> list[bytes | NeurocError]:
    """A file for each image, in order, with the keywords of ``encode``; an error stands in its image's place.

    Pictures of equal size are decoded for verification in lock-step, which takes small ones a tenth of the time.
    """
    options = _encoding(**keywords)
    results: list[bytes | NeurocError] = []
    coded: dict[int, Picture] = {}
    for number, image in enumerate(images):
        try:
            picture = as_picture(image)
            results.append(encode_picture(picture, replace(options, verify=False)))
            coded[number] = picture
        except NeurocError as error:
            results.append(error)
        if progress:
            progress(number + 1, len(images))
    if options.verify:
        errors = verify_files([r for r in results if isinstance(r, bytes)], [*coded.values()], options)
        for number, wrong in zip(coded, errors, strict=True):
            results[number] = wrong or results[number]
    return results


def _encoding(
    plugin: str = "causal59k",
    weights: str | None = None,
    coder: str = "rans24",
    tile: int = 512,
    engine: str = "auto",
    device: str = "cpu",
    batch: int | None = None,
    threads: int = 1,
    *,
    raw: bool = True,
    verify: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    **params: object,
) -> EncodeOptions:
    runtime = Runtime(engine, device, weights, _batch(batch), _threads(threads))
    return EncodeOptions(plugin, params, coder, _integer("tile", tile), runtime, verify, limits, raw)


def decode(
    data: bytes,
    *,
    region: Region | None = None,
    name: str | None = None,
    progress: Progress | None = None,
    **keywords: Unpack[Decoding],
) -> Picture:
    """The picture in the bytes of a .nrc file, or the part of it in ``region`` (x, y, width, height).

    ``numpy.asarray(picture)``, ``picture.to_array()`` and ``picture.to_pillow()`` give the samples.
    name:     stands in the messages of errors.
    keywords: weights=None, engine="auto", device="cpu", batch=None, threads=1, allow_pinned=False,
              limits=DEFAULT_LIMITS (class Decoding says what they are).
    Raises UsageError, CorruptFileError, PluginError, LimitError and their kinds.
    """
    return decode_file(data, _options(region, **keywords), name, progress)


def decode_many(
    datas: Sequence[bytes],
    *,
    region: Region | None = None,
    names: Sequence[str | None] | None = None,
    progress: Progress | None = None,
    **keywords: Unpack[Decoding],
) -> list[Picture | NeurocError]:
    """The picture of each file, tiles of equal size in lock-step; an error stands in its file's place.

    All pictures are in memory at once, each as large as ``limits`` allow: pass few files of strangers at a time.
    Takes the keywords of ``decode``, and ``names`` for all files.
    """
    return decode_files(datas, _options(region, **keywords), names, progress)


def decode_partly(
    data: bytes, upto_step: int | None = None, *, name: str | None = None, **keywords: Unpack[Decoding]
) -> Picture:
    """The picture after ``upto_step`` steps of a progressive codec, the rest guessed; without it, the preview.

    Takes the keywords of ``decode`` but region and progress. Raises UsageError for a file that has none.
    """
    from .progressive import decode_partly as partly

    return partly(data, upto_step, _options(**keywords), name)


def salvage(data: bytes, *, name: str | None = None, **keywords: Unpack[Decoding]) -> Salvaged:
    """What is intact of a damaged file: (picture, numbers of the tiles that are lost and zero, other damage).

    Takes the keywords of ``decode`` but region and progress.
    """
    return salvage_file(data, _options(**keywords), name)


def verify(
    data: bytes,
    against: ArrayLike | Image.Image | Picture | None = None,
    *,
    region: Region | None = None,
    name: str | None = None,
    progress: Progress | None = None,
    **keywords: Unpack[Decoding],
) -> None:
    """Decode ``data`` and check every digest; with ``against`` also that it holds exactly that picture.

    Takes the keywords of ``decode`` and raises what it raises; VerificationError if the pictures differ.
    """
    picture = decode(data, region=region, name=name, progress=progress, **keywords)
    if against is not None and not same_picture(picture, as_picture(against)):
        raise VerificationError("the file holds another picture", remedy="Compare the right pair", file=name)


def _options(
    region: Region | None = None,
    *,
    weights: str | None = None,
    engine: str = "auto",
    device: str = "cpu",
    batch: int | None = None,
    threads: int = 1,
    allow_pinned: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> DecodeOptions:
    runtime = Runtime(engine, device, weights, _batch(batch), _threads(threads))
    return DecodeOptions(runtime, limits, allow_pinned, None if region is None else _box(region))


def _box(region: Region) -> Box:
    try:
        x, y, width, height = region
    except (TypeError, ValueError):
        raise UsageError(f"region must be (x, y, width, height), not {region!r}") from None
    return Box(*(_integer("region", n) for n in (x, y, width, height)))


def _batch(batch: int | None) -> int | None:
    if batch is not None and (batch := _integer("batch", batch)) < 1:
        raise UsageError(f"batch must be 1 or more, not {batch}", remedy="Leave it out to choose by memory")
    return batch


def _threads(threads: int) -> int:
    if not 1 <= (threads := _integer("threads", threads)) <= MAX_THREADS:
        raise UsageError(f"threads must be 1 to {MAX_THREADS}, not {threads}")
    return threads


def _integer(name: str, value: object) -> int:
    """``value`` as an int; numpy's integers are as good, a float is not even if it is whole. Raises UsageError."""
    try:
        return operator.index(value)  # type: ignore[arg-type]  # its TypeError is the check
    except TypeError:
        raise UsageError(f"{name} must be an integer, not {value!r}") from None
