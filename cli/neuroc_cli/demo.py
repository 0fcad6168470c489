"""``neuroc demo``: one photograph there and back, in a temporary folder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuroc.errors import VerificationError

from . import options as o
from .plugin_options import DEFAULT_PLUGIN
from .text import clean, print_json, size

if TYPE_CHECKING:
    from neuroc.picture import Picture


def register(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the command."""
    from .app import add

    add(app, "demo", demo)


def demo(
    image: Annotated[
        str | None,
        typer.Option("--image", metavar="FILE", help="Your own picture instead of the one that comes along."),
    ] = None,
    plugin: Annotated[str, typer.Option("--plugin", metavar="ID", help="Codec.")] = DEFAULT_PLUGIN,
    json: o.Json = False,
) -> int:
    """Compress a photograph, restore it, and compare; leaves nothing behind."""
    import neuroc
    from neuroc.pixels import read_picture, write_picture

    source = Path(image) if image else Path(neuroc.__file__).parent / "demo" / "photo.png"
    picture = read_picture(source)
    samples = picture.width * picture.height * picture.channels
    png = _png_bytes(picture)
    with tempfile.TemporaryDirectory(prefix="neuroc-demo-") as folder:
        coded, restored = Path(folder) / "photo.nrc", Path(folder) / "restored.png"
        start = time.perf_counter()
        coded.write_bytes(neuroc.encode(picture, plugin=plugin, verify=False))
        encoding = time.perf_counter() - start
        length = coded.stat().st_size
        start = time.perf_counter()
        restored.write_bytes(write_picture(neuroc.decode(coded.read_bytes()), "png"))
        decoding = time.perf_counter() - start
        # Compared as files are: what was written is read again.
        identical = _same(picture, read_picture(restored))
    if json:
        print_json(
            {
                "image": str(source),
                "plugin": plugin,
                "width": picture.width,
                "height": picture.height,
                "mode": picture.mode,
                "bits": picture.bits,
                "png_bytes": png,
                "png_bpsp": round(8 * png / samples, 6),
                "bytes": length,
                "bpsp": round(8 * length / samples, 6),
                "encode_seconds": round(encoding, 6),
                "decode_seconds": round(decoding, 6),
                "identical": identical,
            }
        )
    else:
        print(clean(f"{source.name}: {picture.width}x{picture.height} {picture.mode}, {picture.bits} bit"))
        print(f"PNG, level 9     {size(png):>8}  {8 * png / samples:.3f} bits per sub-pixel")
        print(
            f"{'neuroc ' + plugin:<16} {size(length):>8}  {8 * length / samples:.3f} bits per sub-pixel, "
            f"{100 * (1 - length / png):.1f} % smaller than PNG"
        )
        print(f"compressed in {encoding:.2f} s, restored in {decoding:.2f} s")
        if identical:
            print("identical")
    if not identical:
        raise VerificationError("the restored picture differs", remedy="Please report it", file=str(source))
    return 0


def _png_bytes(picture: Picture) -> int:
    """Bytes of the PNG that ``neuroc bench --peers png`` measures, without metadata."""
    from dataclasses import replace

    from neuroc.errors import UnsupportedPictureError
    from neuroc.peers import peer
    from neuroc.pixels import write_picture

    bare = replace(picture, metadata=tuple(r for r in picture.metadata if r.key == "palette"))
    try:
        return len(peer("png")[0](bare))
    except UnsupportedPictureError:  # 16 bits without imagecodecs
        return len(write_picture(bare, "png", level=9))


def _same(a: object, b: object) -> bool:
    from neuroc.picture import Picture, same_picture

    return isinstance(a, Picture) and isinstance(b, Picture) and same_picture(a, b)
