"""What kind of file a picture is, from its first bytes only (never from its name)."""

from __future__ import annotations

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"qoif", "QOI"),
    (b"\x01\xda", "SGI"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\x0a\x05\x01", "PCX"),
    (b"\x0a\x03\x01", "PCX"),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"mif1"), "HEIF")
JPEG_XL = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")


def sniff(data: bytes) -> str | None:
    """The format's name ("PNG", "TIFF", "PNM", or Pillow's name for it), or None if the bytes say nothing."""
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if (
        data[:1] == b"P"
        and data[1:2] in (b"1", b"2", b"3", b"4", b"5", b"6", b"7")
        and data[2:3].strip(b"#")
        in (
            b"",
            *(bytes([c]) for c in b" \t\r\n\v\f"),
        )
    ):
        return "PNM"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12])
    if data.startswith(JPEG_XL):
        return "JXL"
    return "TGA" if _looks_like_tga(data) else None


def _looks_like_tga(data: bytes) -> bool:
    # TGA has no signature: only a header whose every field has few legal values.
    return (
        len(data) > 18
        and data[1] in (0, 1)
        and data[2] in (1, 2, 3, 9, 10, 11)
        and data[16] in (1, 8, 15, 16, 24, 32)
        and data[12:14] != b"\0\0"
        and data[14:16] != b"\0\0"
    )
