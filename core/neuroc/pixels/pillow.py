"""Pillow on one side: to and from its images, and its decoders for the formats that it reads exactly.

What Pillow would silently reduce to 8 bits is recognised from the file's own header and refused.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NeurocError, PictureError, UnsupportedPictureError
from ..limits import Limits
from ..picture import CHANNELS, Picture, Record
from .depth import check_depth
from .endings import tail
from .frames import check_frame
from .records import colours, decoded, pair, pair_record, text_record

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("BMP", "DIB", "GIF", "WEBP", "TGA", "JPEG", "PCX", "SGI", "JPEG2000", "AVIF", "QOI")
_SIXTEEN = ("I;16", "I;16L", "I;16B")
_BLOCK = 1 << 20  # bytes copied out of Pillow at once
_strictly = threading.Lock()


@contextmanager
def opened(data: bytes, format: str, name: str | None) -> Iterator[Image.Image]:
    """An image of the given format, opened but not decoded; whatever Pillow raises becomes a PictureError.

    The format's own factory is called, not ``Image.open``: its global bomb limit is not ours (see limits.py).
    """
    from PIL import Image, ImageFile

    Image.init()
    if format not in Image.OPEN:
        raise UnsupportedPictureError(
            f"this Pillow cannot read {format}", remedy="Convert the picture to PNG first", file=name
        )
    with _strictly, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong with a picture is said in one error, or does not matter
        lenient, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
        try:
            with Image.OPEN[format][0](io.BytesIO(data), b"") as image:
                yield image
        except (NeurocError, MemoryError):
            raise
        except Exception as e:  # a foreign decoder on foreign bytes: whatever it raises says that they are damaged
            raise _damaged(format, e, name) from e
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = lenient


def _damaged(format: str, error: Exception, name: str | None) -> PictureError:
    return PictureError(f"damaged {format} file ({error})", remedy="Fetch or export the picture again", file=name)


def read_pillow(data: bytes, format: str, frame: int | None, limits: Limits, name: str | None) -> Picture:
    """Read a picture of one of FORMATS.

    Raises:
        PictureError, UnsupportedPictureError (mode, depth, animation), UsageError (no such frame), LimitError.
    """
    check_depth(data, format, name)
    if format == "WEBP" and data[12:16] == b"VP8X":  # its decoder takes memory for the canvas when it is opened
        width, height = (1 + int.from_bytes(data[i : i + 3], "little") for i in (24, 27))
        limits.check_pixels(width, height, name)
    with opened(data, format, name) as image:
        limits.check_pixels(*image.size, name)
        frames = int(getattr(image, "n_frames", 1))
        check_frame(frame, frames, name)
        if frame:
            image.seek(frame)
            limits.check_pixels(*image.size, name)
        records = _file_records(image, data, format)
        image.load()
        return _picture(image, records, name)


def from_pillow(image: Image.Image) -> Picture:
    """The samples of a Pillow image with its ICC, EXIF, XMP, DPI, text, palette and transparency.

    Raises:
        UnsupportedPictureError: a mode that cannot be kept, or a 16-bit file that Pillow opened as 8 bits.
    """
    # Pillow opens 16-bit RGB, RGBA and LA files in 8-bit modes; before loading, the raw mode still says so.
    for tile in getattr(image, "tile", ()):
        args = tile[3] if isinstance(tile[3], tuple | list) else (tile[3],)
        if image.mode in CHANNELS and any(isinstance(a, str) and a.endswith(("16B", "16L", "16N")) for a in args):
            raise UnsupportedPictureError(
                "Pillow would reduce this 16-bit picture to 8 bits", remedy="Read it with neuroc.read_picture instead"
            )
    image.load()
    return _picture(image, _info_records(image), None)


def _picture(image: Image.Image, records: list[Record], name: str | None) -> Picture:
    mode = image.mode
    if mode in _SIXTEEN:
        return Picture(samples_of(image).astype(np.uint16), "L", 16, tuple(records))
    if mode not in CHANNELS:
        raise UnsupportedPictureError(
            f"{mode} pixels cannot be kept exactly",
            remedy="Convert the picture to RGB, RGBA or grey first",
            file=name,
        )
    samples = samples_of(image)
    bits = 1 if mode == "1" else 8
    transparency = image.info.get("transparency")
    if mode == "P":
        palette = bytes(image.getpalette("RGB") or ())[:768]
        highest = max(int(samples.max()), len(palette) // 3 - 1)
        bits = next(b for b in (1, 2, 4, 8) if highest >> b == 0)
        records.insert(0, Record("palette", palette))
        kind = image.palette.mode if image.palette else "RGB"
        if kind == "RGBA":  # alpha inside the palette
            transparency = bytes(image.getpalette("RGBA") or ())[3::4]
    alpha = _transparency(mode, transparency)
    if alpha:
        records.insert(1 if mode == "P" else 0, Record("png.tRNS", alpha))
    return Picture(samples, mode, bits, tuple(records))


def _transparency(mode: str, value: Any) -> bytes:
    """Pillow's info["transparency"] as the data of a tRNS chunk."""
    if isinstance(value, bytes):
        return value
    if mode == "P" and isinstance(value, int):
        return b"\xff" * value + b"\0"
    if mode in ("1", "L") and isinstance(value, int):
        return value.to_bytes(2, "big")
    if mode == "RGB" and isinstance(value, tuple):
        return b"".join(int(v).to_bytes(2, "big") for v in value)
    return b""


def samples_of(image: Image.Image) -> NDArray[Any]:
    """The samples of a loaded image, (H, W, C), writable; "1" as 0 and 1. Copied in blocks of rows."""
    width, height = image.size
    channels = CHANNELS.get(image.mode, 1)
    out = np.empty((height, width, channels), np.uint16 if image.mode in _SIXTEEN else np.uint8)
    step = max(1, _BLOCK // (width * channels))
    for y in range(0, height, step):
        part = np.asarray(image.crop((0, y, width, min(height, y + step))))
        out[y : y + step] = part.reshape(part.shape[0], width, channels)
    return out


def _file_records(image: Image.Image, data: bytes, format: str) -> list[Record]:
    """Records of a file, with what Pillow's info rounds or leaves out read from the file."""
    records = _info_records(image, with_dpi=False)
    info = image.info
    if format == "JPEG":
        x, y = info.get("jfif_density", (0, 0))
        unit = info.get("jfif_unit", 0)
        if x and y and unit in (1, 2):
            scale = Fraction(254, 100) if unit == 2 else Fraction(1)
            records.append(pair_record("dpi", x * scale, y * scale))
        elif x and y and x != y:
            records.append(pair_record("aspect", Fraction(x), Fraction(y)))
        for marker, segment in getattr(image, "applist", ()):
            known = (b"JFIF", b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0", b"Adobe\0", b"MPF\0")
            if marker.startswith("APP") and not segment.startswith(known):
                records.append(Record(f"jpeg.{marker}", segment))
    elif format == "BMP" and len(data) >= 46 and int.from_bytes(data[14:18], "little") >= 40:
        x, y = (int.from_bytes(data[at : at + 4], "little", signed=True) for at in (38, 42))
        if x > 0 and y > 0:  # pixels per metre
            records.append(pair_record("dpi", x * Fraction(254, 10000), y * Fraction(254, 10000)))
    elif "dpi" in info and format != "DIB":
        records += _dpi(info["dpi"])
    if format == "TGA" and data[0]:
        records.append(Record("tga.id", data[18 : 18 + data[0]]))
    if rest := tail(image, data, format):
        records.append(Record("tail", rest))
    return records


def _info_records(image: Image.Image, with_dpi: bool = True) -> list[Record]:
    info = image.info
    records = []
    if info.get("icc_profile"):
        records.append(Record("icc", bytes(info["icc_profile"])))
    exif = info.get("exif")
    if exif:
        records.append(Record("exif", bytes(exif).removeprefix(b"Exif\0\0")))
    xmp = info.get("xmp")
    if xmp:
        records.append(Record("xmp", xmp.encode() if isinstance(xmp, str) else bytes(xmp)))
    if with_dpi and "dpi" in info:
        records += _dpi(info["dpi"])
    # The info of a JPEG has the last of its comments only.
    segments = [data for marker, data in getattr(image, "applist", ()) if marker == "COM"]
    for comment in segments or [info.get("comment")]:
        if comment:
            records.append(text_record("Comment", decoded(comment) if isinstance(comment, bytes) else str(comment)))
    if image.format == "PNG":
        texts = {k: v for k, v in info.items() if isinstance(k, str) and isinstance(v, str)}
        texts.pop("XML:com.adobe.xmp", None)
        records += [text_record(key, str(value)) for key, value in texts.items() if key != "comment"]
    return records


def _dpi(value: Any) -> list[Record]:
    try:
        x, y = (Fraction(v).limit_denominator(10000) for v in value)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return []
    return [pair_record("dpi", x, y)] if x > 0 and y > 0 else []


def to_pillow(picture: Picture) -> Image.Image:
    """A Pillow image with the same samples, palette, ICC, EXIF, XMP and DPI.

    Raises:
        UnsupportedPictureError: 16-bit samples in colour or with alpha, which Pillow has no mode for.
    """
    from PIL import Image

    from .records import generic_records

    array = picture.to_array()
    if picture.bits == 16:
        if picture.mode != "L":
            raise UnsupportedPictureError(
                f"Pillow has no mode for {picture.mode} with 16 bits", remedy="Use the array (numpy.asarray) instead"
            )
        image = Image.frombytes("I;16", (picture.width, picture.height), array.astype("<u2").tobytes())
    elif picture.mode == "1":
        image = Image.fromarray(array * np.uint8(255)).convert("1")
    else:
        image = Image.frombytes(picture.mode, (picture.width, picture.height), np.ascontiguousarray(array).tobytes())
    for _, generic in generic_records(picture.metadata):
        if generic.key == "palette" and picture.mode == "P" and colours(generic):
            image.putpalette(generic.data)
        elif generic.key == "png.tRNS":
            if picture.mode == "P":
                image.info["transparency"] = generic.data
            elif len(generic.data) == {"L": 2, "RGB": 6}.get(picture.mode):
                values = tuple(int.from_bytes(generic.data[i : i + 2], "big") for i in range(0, len(generic.data), 2))
                image.info["transparency"] = values if len(values) > 1 else values[0]
        elif generic.key in ("icc", "exif", "xmp"):
            image.info["icc_profile" if generic.key == "icc" else generic.key] = generic.data
        elif generic.key == "dpi" and (found := pair(generic)):
            image.info["dpi"] = tuple(float(v) for v in found)
    return image
