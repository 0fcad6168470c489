"""Megapixels a second with two processes, all codecs in one run: ``python benchmarks/speed.py --data DIR``.

Wall-clock time of a whole folder, each process with one thread, after a warm-up; encoding without verification, and
without raw, so that every tile is the codec's own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from contenders import FORM, contender
from neuroc.bench import THREADS, WARM_UP, pictures_below
from neuroc.peers import expand, peer
from neuroc_cli.planning import PICTURES
from stored import store

if TYPE_CHECKING:
    from neuroc.picture import Picture


def encode(codec: str, picture: Picture) -> bytes:
    """The coded file, without raw; ``codec`` is a peer or a contender's name."""
    import neuroc

    if is_peer(codec):
        return peer(codec)[0](picture)
    chosen = contender(codec)
    return neuroc.encode(picture, plugin=chosen.codec, verify=False, raw=False, **chosen.params)


def decode(codec: str, pair: tuple[bytes, Picture]) -> bool:
    """Decode and compare: the comparison costs little and proves the round trip."""
    import neuroc
    from neuroc.picture import same_picture

    data, picture = pair
    return same_picture(peer(codec)[1](data, picture) if is_peer(codec) else neuroc.decode(data), picture)


def is_peer(codec: str) -> bool:
    return codec in ("png", "webp", "jxl-e7", "jxl-e9")


def warm_up(codec: str, corner: Picture) -> None:
    """Load libraries, network and weights before the clock runs."""
    assert decode(codec, (encode(codec, corner), corner))


def measure(codec: str, pictures: Sequence[Picture], processes: int) -> dict[str, float | str | int]:
    """MP/s in both directions."""
    pixels = sum(p.width * p.height for p in pictures)
    corner = replace(pictures[0], samples=pictures[0].samples[:WARM_UP, :WARM_UP].copy())
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, warm_up, (codec, corner)) as pool:
        pool.map(partial(encode, codec), [corner] * processes, chunksize=1)
        start = time.perf_counter()
        coded = pool.map(partial(encode, codec), pictures, chunksize=1)
        middle = time.perf_counter()
        same = pool.map(partial(decode, codec), zip(coded, pictures, strict=True), chunksize=1)
        end = time.perf_counter()
    if not all(same):
        raise SystemExit(f"{codec} does not give a picture back")
    return {
        "codec": codec,
        "bytes": sum(map(len, coded)),
        "encode_mps": round(pixels / (middle - start) / 1e6, 4),
        "decode_mps": round(pixels / (end - middle) / 1e6, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with pictures")
    parser.add_argument("--plugin", action="append", metavar=FORM, help="default: causal59k")
    parser.add_argument("--peers", default="jxl-e9,png", help="some of png,webp,jxl-e7,jxl-e9")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=int, help="only the first so many pictures")
    arguments = parser.parse_args()
    os.environ.update(dict.fromkeys(THREADS, "1"))
    from neuroc.pixels import read_picture

    files = pictures_below([arguments.data], PICTURES, arguments.limit)
    pictures = [replace(read_picture(f), metadata=()) for f in files]
    plugins = arguments.plugin or ["causal59k"]
    rows = [measure(codec, pictures, arguments.processes) for codec in [*plugins, *expand(arguments.peers)]]
    for r in rows:
        print(f"{r['codec']:12} encode {r['encode_mps']:8.3f} MP/s   decode {r['decode_mps']:8.3f} MP/s")
    figures = {"pictures": len(files), "processes": arguments.processes, "codecs": rows}
    store(
        f"speed-{arguments.data.name}",
        figures,
        arguments.data,
        codecs=list(dict.fromkeys(p.partition(":")[0] for p in plugins)),
    )


if __name__ == "__main__":
    main()
