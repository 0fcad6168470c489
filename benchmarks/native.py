"""The compiled engine: every kernel of this machine, numpy and JPEG XL on one thread, then two threads against one.

    python benchmarks/native.py --data KODAK --cifar CIFAR

Megapixels a second of causal59k from file to pixels and back, pictures a second of pixelcnn, in one run. Processor
time is what the machine's other work changes least; wall time stands beside it. Each contender has a process of its
own, a warm-up, and is measured in two rounds of which the better one counts; everything decoded is compared.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from cifar import THREADS, load
from neuroc.bench import pictures_below
from neuroc_cli.planning import PICTURES
from stored import store

if TYPE_CHECKING:
    from neuroc.picture import Picture

JXL = "jxl-e9"
ROUNDS = 2
TILED = 4  # pictures of the mosaic that two threads share


def timed(action: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What the action gives, and the seconds of the better of two rounds."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        start = time.process_time(), time.perf_counter()
        result = action()
        seconds = {"cpu": time.process_time() - start[0], "wall": time.perf_counter() - start[1]}
        best = {k: min(v, best.get(k, v)) for k, v in seconds.items()}
    return result, best


def rate(amount: float, seconds: dict[str, float]) -> dict[str, float]:
    """Amounts a second of processor time and of wall time."""
    return {k: round(amount / v, 4) for k, v in seconds.items()}


def isolated(action: Callable[..., dict[str, Any]], kernel: str, *arguments: Any) -> dict[str, Any]:
    """The action in a process of its own with the kernel forced."""
    with multiprocessing.get_context("spawn").Pool(1, _force, (kernel,)) as pool:
        return pool.apply(action, arguments)


def _force(kernel: str) -> None:
    os.environ["NEUROC_ISA"] = kernel


def photographs(engine: str, files: list[Path]) -> dict[str, Any]:
    """MP/s of causal59k with an engine, or of JPEG XL: from samples to a file, from a file to samples."""
    import neuroc
    from neuroc.peers import peer

    pictures = [neuroc.read_picture(f) for f in files]
    amount = sum(p.width * p.height for p in pictures) / 1e6
    if engine == JXL:
        forth, back = peer(JXL)
    else:
        forth = lambda p: neuroc.encode(p, engine=engine, verify=False)  # noqa: E731
        back = lambda data, _: neuroc.decode(data, engine=engine)  # noqa: E731
    back(forth(pictures[0]), pictures[0])
    coded, encode = timed(lambda: [forth(p) for p in pictures])
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / str(n) for n in range(len(coded))]
        for path, data in zip(paths, coded, strict=True):
            path.write_bytes(data)
        found, decode = timed(lambda: [back(f.read_bytes(), p) for f, p in zip(paths, pictures, strict=True)])
    _same(found, pictures)
    return {"encode": rate(amount, encode), "decode": rate(amount, decode)}


def _same(found: list[Picture], pictures: list[Picture]) -> None:
    if not all(np.array_equal(f.samples, p.samples) for f, p in zip(found, pictures, strict=True)):
        raise SystemExit("a picture does not come back")


def small(engine: str, head: str, folder: Path, count: int) -> dict[str, Any]:
    """Pictures a second of pixelcnn in lock-step, and seconds to decode one alone."""
    import neuroc

    pictures = list(load(folder, count))
    neuroc.encode_many(pictures[:2], plugin="pixelcnn", head=head, engine=engine, verify=False)
    coded, encode = timed(
        lambda: neuroc.encode_many(pictures, plugin="pixelcnn", head=head, engine=engine, verify=False)
    )
    files = [f for f in coded if isinstance(f, bytes)]
    neuroc.decode(files[0], engine=engine)
    found, decode = timed(lambda: neuroc.decode_many(files, engine=engine))
    if not all(np.array_equal(f.samples, p) for f, p in zip(found, pictures, strict=True)):
        raise SystemExit("a picture does not come back")
    _, alone = timed(lambda: [neuroc.decode(f, engine=engine) for f in files[:16]])
    seconds = {k: round(v / 16, 5) for k, v in alone.items()}
    return {"encode": rate(count, encode), "decode": rate(count, decode), "alone_seconds": seconds}


def threads(number: int, files: list[Path]) -> dict[str, Any]:
    """Seconds of a mosaic of tiles with so many threads."""
    import neuroc

    pictures = [neuroc.read_picture(f).samples for f in files]
    shape = pictures[0].shape
    mosaic = np.concatenate([p for p in pictures if p.shape == shape][:TILED])
    data, encode = timed(lambda: neuroc.encode(mosaic, engine="native", threads=number, verify=False))
    found, decode = timed(lambda: neuroc.decode(data, engine="native", threads=number))
    if not np.array_equal(found.samples, mosaic):
        raise SystemExit("a picture does not come back")
    amount = mosaic.shape[0] * mosaic.shape[1] / 1e6
    return {"threads": number, "encode": rate(amount, encode), "decode": rate(amount, decode)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with photographs")
    parser.add_argument("--cifar", type=Path, required=True, help="folder as benchmarks/cifar.py takes it")
    parser.add_argument("--limit", type=int, default=6, help="photographs")
    parser.add_argument("--count", type=int, default=256, help="small pictures")
    arguments = parser.parse_args()
    os.environ.update(dict.fromkeys(THREADS, "1"))
    import neuroc_native

    files = pictures_below([arguments.data], PICTURES, arguments.limit)
    kernels = neuroc_native.kernels()
    engines = [*(("native", k) for k in kernels), ("numpy", kernels[0])]
    large, little = [], []
    for engine, kernel in [*engines, (JXL, kernels[0])]:
        name = kernel if engine == "native" else engine
        large.append({"engine": name, **isolated(photographs, kernel, engine, files)})
        print(name, "causal59k" if engine != JXL else "", large[-1], flush=True)
    for head in ("softmax", "mixture"):
        for engine, kernel in engines:
            name = kernel if engine == "native" else engine
            row = isolated(small, kernel, engine, head, arguments.cifar, arguments.count)
            little.append({"engine": name, "head": head, **row})
            print(name, head, little[-1], flush=True)
    shared = [isolated(threads, kernels[0], n, files) for n in (1, 2)]
    print(*shared, sep="\n")
    figures = {"pictures": len(files), "small_pictures": arguments.count, "causal59k": large, "pixelcnn": little}
    store("native", {**figures, "threads": shared}, arguments.data, codecs=["causal59k", "pixelcnn"])


if __name__ == "__main__":
    main()
