"""Stripped of metadata, .nrc files against the smallest PNG of compression level 9 that two encoders make."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import neuroc
from neuroc.picture import Picture


def png_bytes(picture: Picture) -> int:
    """Bytes of the smaller one of neuroc's own PNG at level 9 and Pillow's with ``optimize``, where that is exact."""
    sizes = [len(neuroc.write_picture(picture, "png", level=9))]
    if picture.bits == 8 or (picture.mode in ("1", "P") or (picture.bits == 16 and picture.mode == "L")):
        out = io.BytesIO()
        picture.to_pillow().save(out, "PNG", optimize=True, compress_level=9)
        sizes.append(out.tell())
    return min(sizes)


def compare(picture: Picture, name: str, plugin: str) -> dict[str, Any]:
    """One row: bytes of both, and their ratio; the file is decoded and compared."""
    bare = replace(picture, metadata=tuple(r for r in picture.metadata if r.key == "palette"))
    data = neuroc.encode(bare, plugin=plugin)
    png = png_bytes(bare)
    row = {
        "file": name,
        "mode": bare.mode,
        "bits": bare.bits,
        "width": bare.width,
        "height": bare.height,
        "png_bytes": png,
        "bytes": len(data),
        "ratio": round(len(data) / png, 5),
        "codec": neuroc.info(data).plugin,
    }
    print(f"{name:36} {bare.mode:4} {bare.bits:2}  PNG {png:10,}  nrc {len(data):10,}  {row['ratio']:.4f}", flush=True)
    return row


def readable(file: Path) -> Picture | None:
    """The picture, or None for one that neuroc refuses (PngSuite has files that are corrupt on purpose)."""
    try:
        return neuroc.read_picture(file)
    except neuroc.NeurocError:
        return None
