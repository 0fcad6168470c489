"""Files that Pillow would open with fewer bits than they have: recognised from their headers and refused."""

from __future__ import annotations

from ..errors import UnsupportedPictureError


def check_depth(data: bytes, format: str, name: str | None) -> None:
    """Raise UnsupportedPictureError if a file of this format has samples of other than 1 to 8 bits.

    SGI states bytes per sample; JPEG 2000 the precision of each component (SIZ); AVIF a flag (av1C).
    Pillow itself refuses JPEG with 12 bits.
    """
    deep = ""
    if format == "SGI" and data[3:4] == b"\2":
        deep = "16"
    elif format == "JPEG2000":
        at = data.find(b"\xff\x4f\xff\x51")
        count = int.from_bytes(data[at + 40 : at + 42], "big")
        depths = {v + 1 for v in data[at + 42 : at + 42 + 3 * count : 3]}
        if at >= 0 and depths - {8}:
            deep = ", ".join(f"{v - 128} signed" if v > 128 else str(v) for v in sorted(depths))
    elif format == "AVIF":
        at = data.find(b"av1C")
        while at >= 0:
            if len(data) > at + 6 and data[at + 6] & 0x40:
                deep = "10 or 12"
            at = data.find(b"av1C", at + 4)
    if deep:
        raise UnsupportedPictureError(
            f"{format} with {deep} bits per sample cannot be kept",
            remedy="Convert it to a 16-bit PNG or TIFF first",
            file=name,
        )


def lossy_remark(data: bytes, format: str | None) -> str | None:
    """What to tell the user about a source that is already lossy, or None."""
    known = {"JPEG": "JPEG", "AVIF": "AVIF"}.get(format or "")
    if format == "WEBP" and (data[12:16] == b"VP8 " or b"VP8 " in data[30:4096]):
        known = "lossy WebP"
    if known is None:
        return None
    return f"a {known} is already lossy; the result will be larger than the {known}".replace("a AVIF", "an AVIF")
