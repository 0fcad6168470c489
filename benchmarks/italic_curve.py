"""Steps against size and time of the codec italic: ``python benchmarks/italic_curve.py --data DIR[:TILE]``.

Pictures are coded as files would be, tile by tile, and decoded again; the payload is the coded streams with the method
byte of each tile, base picture included. Tiles run in lock-step, which changes no byte (a contract of every codec),
so seconds, of processor time, are those of a batch, divided by its pictures. Also writes the curve as SVG (docs).
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc import read_picture
from neuroc.bench import pictures_below
from neuroc.coder import get_coder
from neuroc.driver import decode_items, encode_items
from neuroc.model import Spec
from neuroc.models import Runtime, open_codec, open_model, weights_name
from neuroc.tiles import tile_grid
from neuroc.training import DataFolder
from neuroc.weights import resolve_weights
from neuroc_cli.planning import PICTURES
from plot import INK, OURS, PLAIN, text
from stored import store

STEPS = (1, 2, 4, 7, 8, 16, 32)
DOCS = Path(__file__).resolve().parent.parent / "docs"


@dataclass(frozen=True, slots=True)
class Point:
    """One number of steps."""

    steps: int
    bpsp: float  # of the payload
    encode_seconds: float  # a picture
    decode_seconds: float


def mosaic(picture: NDArray[Any], tile: int) -> NDArray[Any]:
    """A mosaic (H, W, C) of square tiles as (n, tile, tile, C), row by row; black cells at its end are none."""
    rows, columns = picture.shape[0] // tile, picture.shape[1] // tile
    cells = picture.reshape(rows, tile, columns, tile, -1).swapaxes(1, 2).reshape(rows * columns, tile, tile, -1)
    last = int(np.flatnonzero(cells.any(axis=(1, 2, 3))).max()) + 1
    return cells[:last]


def tiles_of(folder: DataFolder, largest: int, limit: int | None) -> list[NDArray[Any]]:
    """Tiles (H, W, C), each to be coded alone: the mosaics' pictures, or the tiles of whole pictures."""
    found: list[NDArray[Any]] = []
    for file in pictures_below([folder.path], PICTURES, None if folder.tile else limit):
        samples = read_picture(file).samples
        if folder.tile:
            found += list(mosaic(samples, folder.tile))
            if limit is not None and len(found) >= limit:
                return found[:limit]
        else:
            height, width = samples.shape[:2]
            found += [samples[b.y : b.y + b.height, b.x : b.x + b.width] for b in tile_grid(width, height, largest)]
    return found


def measure(tiles: list[NDArray[Any]], steps: int, batch: int, options: dict[str, Any], decode: int) -> Point:
    """Code all tiles and decode ``decode`` of them; raises AssertionError if one does not come back."""
    loaded = open_codec("italic", {"steps": steps, **options})
    coder = get_coder("rans24")
    size, samples, encoding, decoding = 0, 0, 0.0, 0.0
    shapes = sorted({t.shape for t in tiles})
    decoded = 0
    for shape in shapes:
        same = [t for t in tiles if t.shape == shape]
        for begin in range(0, len(same), batch):
            x = np.stack(same[begin : begin + batch])
            spec = Spec(shape[0], shape[1], shape[2], 8, len(x))
            model = open_model(loaded, resolve_weights("italic", weights_name(loaded, spec)), spec, Runtime("numpy"))
            start = time.process_time()
            items = encode_items(model, x, spec, loaded.params, coder)
            encoding += time.process_time() - start
            if decoded < decode:
                start = time.process_time()
                back = decode_items(model, items, spec, loaded.params, coder)
                decoding += time.process_time() - start
                assert np.array_equal(back, x), "a picture came back changed"
                decoded += len(x)
            size += sum(len(item) + 1 for item in items)
            samples += x.size
    return Point(steps, round(8 * size / samples, 4), round(encoding / len(tiles), 5), round(decoding / decoded, 5))


def curve(points: list[Point], title: str) -> str:
    """Bits per sub-pixel (line) and seconds of decoding (bars) over the steps, as SVG."""
    width, height, left, bottom, top = 800, 360, 70, 300, 50
    low, high = min(p.bpsp for p in points), max(p.bpsp for p in points)
    slowest = max(p.decode_seconds for p in points)
    gap = (width - left - 60) // len(points)
    body = [text(8, 24, title, bold=True)]
    line = []
    for n, p in enumerate(points):
        x = left + gap * n + gap // 2
        y = round(top + 20 + (high - p.bpsp) / max(1e-9, high - low) * (bottom - top - 60))
        bar = max(1, round(p.decode_seconds / slowest * 150))
        body.append(f'<rect x="{x - 14}" y="{bottom - bar}" width="28" height="{bar}" fill="{PLAIN}"/>')
        body.append(text(x - 28, bottom + 18, f"{p.steps} step" + ("s" if p.steps > 1 else "")))
        body.append(text(x - 28, bottom + 36, f"{1000 * p.decode_seconds:.0f} ms"))
        body.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{OURS}"/>')
        body.append(text(x - 16, y - 10, f"{p.bpsp:.2f}"))
        line.append(f"{x},{y}")
    body.append(f'<polyline points="{" ".join(line)}" fill="none" stroke="{OURS}" stroke-width="2"/>')
    body.append(f'<line x1="{left}" y1="{bottom}" x2="{width - 40}" y2="{bottom}" stroke="{INK}"/>')
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="13">\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
    )
    return head + "\n".join(body) + "\n</svg>\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=DataFolder.parse, required=True, help="DIR, or DIR:TILE for mosaics")
    parser.add_argument("--limit", type=int, help="only the first so many pictures")
    parser.add_argument("--steps", type=int, nargs="+", default=list(STEPS))
    parser.add_argument("--batch", type=int, default=8, help="tiles in lock-step")
    parser.add_argument("--decode", type=int, help="decode only so many tiles of each number of steps; default all")
    parser.add_argument("--base", choices=("none", "dct"), default="none")
    parser.add_argument("--quality", type=int, default=3, help="of the base picture")
    arguments = parser.parse_args()
    options = {} if arguments.base == "none" else {"base": arguments.base, "base_quality": arguments.quality}
    tiles = tiles_of(arguments.data, 64, arguments.limit)
    points = []
    for steps in arguments.steps:
        points.append(measure(tiles, steps, arguments.batch, options, arguments.decode or len(tiles)))
        print(
            f"{steps:4} steps  {points[-1].bpsp:.4f} bpsp  "
            f"encode {points[-1].encode_seconds:.4f} s  decode {points[-1].decode_seconds:.4f} s",
            flush=True,
        )
    name = f"italic-curve-{arguments.data.path.name}" + ("" if arguments.base == "none" else "-dct")
    figures = {
        "tiles": len(tiles),
        "decoded": arguments.decode or len(tiles),
        "options": options,
        "points": [asdict(p) for p in points],
    }
    store(name, figures, arguments.data.path, codecs=["italic"])
    if len(points) > 2 and not options:
        kind = "pictures" if arguments.data.tile else "tiles"
        title = f"italic, {len(tiles)} {kind}: bits per sub-pixel (line), decoding of one (bars)"
        (DOCS / f"{name}.svg").write_text(curve(points, title), encoding="utf-8")


if __name__ == "__main__":
    main()
