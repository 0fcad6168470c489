"""Picture files to :class:`Picture` and back; nothing that a file says about its pixels is lost (SPEC section 6).

Each piece of metadata is one :class:`Record`, in file order. A file without metadata gives no records.

==================  ==============================================================================================
key                 data
==================  ==============================================================================================
``png.TYPE``        data of an ancillary PNG chunk before the pixels, verbatim; TYPE is its type (``png.gAMA``).
                    Its place relative to PLTE is its place relative to ``palette`` among the records.
``png.after.TYPE``  the same for a chunk after the pixels
``palette``         RGB triplets of 8 bits: the PLTE chunk verbatim, or the palette of another format
``tail``            bytes after the end of the picture in its file (after IEND, EOI, the last sample)
``icc``             ICC profile
``exif``            EXIF as a TIFF structure, without the "Exif\\\\0\\\\0" of JPEG; of a TIFF, all tags that do not
                    describe its pixels, as one little-endian directory
``xmp``             XMP packet
``dpi``             dots per inch, across and down: two rationals in ASCII ("72", "300 150", "30000/127"), the
                    second absent where it is the same
``aspect``          the same without a unit: only their ratio means something
``text``            keyword, NUL, value, in UTF-8
``pnm.maxval``      maxval of a PNM file where it is not 2**bits - 1, in ASCII
``jpeg.APPn``       another application segment of a JPEG file, without its marker and length
``tga.id``          the id field of a TGA file
==================  ==============================================================================================

PNG files use the ``png.`` keys, ``palette`` and ``tail`` only. Not kept, because it says how a file was packed and
not what it shows: PNG interlace, filters and chunk borders; TIFF strips and compression; JPEG coding.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import LimitError, PictureError, StorageError, UnsupportedPictureError, UsageError
from ..limits import DEFAULT_LIMITS, Limits
from ..picture import Picture
from ..storage import read_at_most
from .arrays import from_array
from .sniff import sniff

__all__ = ["from_array", "read_picture", "source_remark", "unwritable", "write_picture"]

_PNM = ("pnm", "pbm", "pgm", "ppm", "pam")
OUTPUTS = ("png", "tiff", *_PNM)


def read_picture(
    source: str | Path | bytes, *, frame: int | None = None, limits: Limits = DEFAULT_LIMITS, name: str | None = None
) -> Picture:
    """Read a picture file, its samples exactly and its metadata as records.

    Args:
        source: a path, or the bytes of a file; the format is told from the bytes.
        frame: which picture of a file with several; ``None`` refuses such files.
        limits: bounds checked from the header before anything is decoded.
        name: what messages call the file; the path by default.

    Raises:
        StorageError: the file cannot be read. LimitError: it asks for too much. UsageError: no such frame.
        PictureError: it is damaged or no picture. UnsupportedPictureError: it cannot be kept exactly.
    """
    if not isinstance(source, bytes):
        name = name or str(source)
        source = _load(Path(source), limits, name)
    kind = sniff(source)
    if kind == "PNG":
        from .png import read_png

        picture = read_png(source, frame, limits, name)
    elif kind == "TIFF":
        from .tiff import read_tiff

        picture = read_tiff(source, frame, limits, name)
    elif kind == "PNM":
        from .pnm import read_pnm

        picture = read_pnm(source, frame, limits, name)
    elif kind in ("HEIF", "JXL"):
        raise UnsupportedPictureError(f"{kind} files cannot be read", remedy="Convert it to PNG first", file=name)
    elif kind is None:
        raise _unknown(source, name)
    else:
        from .pillow import read_pillow

        picture = read_pillow(source, kind, frame, limits, name)
    limits.check_records(len(picture.metadata), name)
    limits.check_metadata(sum(len(r.data) for r in picture.metadata), name)
    return picture


def _load(path: Path, limits: Limits, name: str) -> bytes:
    def judge(first: bytes) -> None:
        if sniff(first) is None:
            raise _unknown(first, name)

    try:
        data = read_at_most(path, limits.file, judge)
        if len(data) > limits.file:
            raise LimitError(
                f"the file has more than {limits.file} bytes, the limit",
                remedy="Allow it with Limits(file=...)",
                file=name,
            )
        return data
    except FileNotFoundError as e:
        raise StorageError("there is no such file", remedy="Check the path", file=name) from e
    except (OSError, ValueError) as e:
        reason = e.strerror if isinstance(e, OSError) and e.strerror else str(e)
        raise StorageError(f"the file cannot be read ({reason})", remedy="Check the path", file=name) from e


def _unknown(data: bytes, name: str | None) -> PictureError:
    return PictureError(
        "not a picture of a known format" if data else "the file is empty",
        remedy="Known are PNG, TIFF, PNM, BMP, GIF, WebP, TGA, JPEG, PCX, SGI, QOI, JPEG 2000 and AVIF",
        file=name,
    )


def source_remark(source: str | Path | bytes) -> str | None:
    """What to tell the user about a source file that is already lossy, or None."""
    from .depth import lossy_remark

    if not isinstance(source, bytes):
        try:
            with Path(source).open("rb") as file:
                source = file.read(4096)
        except OSError:
            return None
    return lossy_remark(source, sniff(source))


def write_picture(picture: Picture, format: str, *, level: int = 6) -> bytes:
    """The bytes of a "png", "tiff" or "pnm" ("pbm", "pgm", "ppm", "pam") file with the picture and its metadata.

    ``level`` is zlib's, 0 to 9, for PNG and TIFF. See :func:`unwritable` for what the format has no place for.

    Raises:
        UsageError: an unknown format, or one that cannot hold the picture's mode.
    """
    kind = _output(format)
    if kind == "png":
        from .pngwrite import write_png

        return write_png(picture, level)
    if kind == "tiff":
        from .tiffwrite import write_tiff

        return write_tiff(picture, level)
    from .pnm import write_pnm

    return write_pnm(picture, kind)


def unwritable(picture: Picture, format: str) -> list[str]:
    """Keys of the picture's metadata records that files of this format cannot hold, in order.

    Behind a key may stand, in parentheses, which text or what part of the record it is.
    """
    kind = _output(format)
    if kind == "png":
        from .pngwrite import unwritable_png

        return unwritable_png(picture)
    if kind == "tiff":
        from .tiffwrite import unwritable_tiff

        return unwritable_tiff(picture)
    from .pnm import unwritable_pnm

    return unwritable_pnm(picture)


def _output(format: str) -> str:
    kind = {"tif": "tiff"}.get(format.lower(), format.lower())
    if kind not in OUTPUTS:
        raise UsageError(f"pictures cannot be written as {format!r}", remedy=f"Choose one of {', '.join(OUTPUTS)}")
    return kind
