"""Real files against the model's own entropy estimate: ``python benchmarks/entropy.py --data DIR``.

The estimate is the sum of -log2 of the probabilities that the integer model gives to what it codes; the excess of the
file over it is the coder's and the container's share.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import neuroc
from neuroc.bench import pictures_below
from neuroc.distributions.base import estimate_bits
from neuroc.header import DEFAULT_TILE
from neuroc.model import ParallelEncode, Spec
from neuroc.models import DEFAULT_RUNTIME, open_codec, open_model, weights_name
from neuroc.picture import Picture
from neuroc.tiles import tile_grid
from neuroc.weights import resolve_weights
from neuroc_cli.planning import PICTURES
from stored import store


def estimate(picture: Picture, plugin: str) -> float:
    """Bits of a picture without alpha by the model's own tables, tile by tile as it is coded."""
    loaded = open_codec(plugin, {})
    bits = 0.0
    whole = Spec(picture.height, picture.width, picture.channels, picture.bits)
    model = open_model(loaded, resolve_weights(loaded.id, weights_name(loaded, whole)), whole, DEFAULT_RUNTIME)
    assert isinstance(model, ParallelEncode)
    for box in tile_grid(picture.width, picture.height, DEFAULT_TILE):
        x = picture.samples[None, box.y : box.y + box.height, box.x : box.x + box.width]
        spec = replace(whole, height=box.height, width=box.width)
        planes, _ = model.analyse(x, spec, loaded.params)
        bits += sum(estimate_bits(i.freq) for i in model.intervals(planes, spec, loaded.params))
    return bits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with 8-bit pictures without alpha")
    parser.add_argument("--plugin", default="causal59k", help="a codec with a one-pass encoder")
    parser.add_argument("--limit", type=int, help="only the first so many pictures")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for file in pictures_below([arguments.data], PICTURES, arguments.limit):
        picture = replace(neuroc.read_picture(file), metadata=())
        data = neuroc.encode(picture, plugin=arguments.plugin, verify=False)
        facts = neuroc.info(data)
        ideal = estimate(picture, arguments.plugin) / 8
        rows.append(
            {
                "file": file.name,
                "bytes": len(data),
                "estimate_bytes": round(ideal, 1),
                "excess": round(len(data) / ideal - 1, 6),
                "overhead_bytes": len(data) - facts.payload_bytes,
                "tiles": facts.tiles,
            }
        )
        print(f"{file.name:24} {len(data):9,} bytes, {100 * rows[-1]['excess']:+.3f} % over the estimate")
    worst = max(r["excess"] for r in rows)
    print(f"largest excess {100 * worst:+.3f} %")
    store(f"entropy-{arguments.data.name}", {"pictures": len(rows), "worst": worst, "files": rows}, arguments.data)


if __name__ == "__main__":
    main()
