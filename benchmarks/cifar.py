"""Thousands of 32 x 32 pictures, one file each: ``python benchmarks/cifar.py --data DIR``.

DIR holds the test split of CIFAR-10: ``test_batch.bin`` of its binary version, or mosaics ``test_*`` of 32 x 32
pictures, of which the first --count count. Bits/dim are of the payload of the files, what the container adds is told
apart; every picture is decoded and compared. Speed is with --processes processes, latency one picture at a time in a
warm process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stored import store

SIDE = 32
TEST = 9_977  # pictures of the split in mosaics, the rest of whose last row is black
CHUNK = 256  # pictures that a process takes at a time
WARM = 20  # single pictures whose latency is measured
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Pictures = NDArray[np.uint8]  # (n, 32, 32, 3)


def load(folder: Path, count: int) -> Pictures:
    """The test pictures of a folder."""
    import neuroc

    if (batch := folder / "test_batch.bin").exists():
        records = np.fromfile(batch, dtype=np.uint8).reshape(-1, 1 + 3 * SIDE * SIDE)
        return np.ascontiguousarray(records[:, 1:].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1))[:count]
    parts = []
    for file in sorted(folder.glob("test_*.*")):
        x = neuroc.read_picture(file).samples
        rows, columns = x.shape[0] // SIDE, x.shape[1] // SIDE
        parts.append(x.reshape(rows, SIDE, columns, SIDE, 3).swapaxes(1, 2).reshape(-1, SIDE, SIDE, 3))
    return np.concatenate(parts)[:count]


def encode(options: dict[str, Any], pictures: Pictures) -> list[bytes]:
    import neuroc

    files = neuroc.encode_many(list(pictures), verify=False, **options)
    return [f for f in files if isinstance(f, bytes)]


def decode(work: tuple[Sequence[bytes], Pictures]) -> int:
    """How many of the files hold their picture."""
    import neuroc

    files, pictures = work
    decoded = neuroc.decode_many(files)
    return sum(
        isinstance(d, neuroc.Picture) and np.array_equal(d.samples, p) for d, p in zip(decoded, pictures, strict=True)
    )


def measure(options: dict[str, Any], pictures: Pictures, processes: int) -> dict[str, Any]:
    """Bytes and speed of one codec; raises SystemExit if a picture does not come back."""
    import neuroc

    chunks = [pictures[i : i + CHUNK] for i in range(0, len(pictures), CHUNK)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        few = [pictures[:4]] * processes
        warm = pool.map(partial(encode, options), few, chunksize=1)
        pool.map(decode, zip(warm, few, strict=True), chunksize=1)
        start = time.perf_counter()
        files = pool.map(partial(encode, options), chunks, chunksize=1)
        middle = time.perf_counter()
        same = sum(pool.map(decode, zip(files, chunks, strict=True), chunksize=1))
        end = time.perf_counter()
    if same != len(pictures):
        raise SystemExit(f"{len(pictures) - same} pictures do not come back")
    flat = [f for part in files for f in part]
    payload = sum(neuroc.info(f).payload_bytes for f in flat)
    total = sum(map(len, flat))
    return {
        **options,
        "payload_bytes": payload,
        "bits_per_dim": round(8 * payload / pictures.size, 4),
        "file_bytes": total,
        "overhead_bytes_per_file": round((total - payload) / len(flat), 1),
        "encode_per_second": round(len(flat) / (middle - start), 2),
        "decode_per_second": round(len(flat) / (end - middle), 2),
        "latency": latency(flat[:WARM]),
    }


def latency(files: Sequence[bytes]) -> dict[str, float]:
    """Seconds to decode one picture, after one that warms up: wall time and processor time, medians."""
    import neuroc

    neuroc.decode(files[0])
    wall, cpu = [], []
    for file in files:
        start = time.perf_counter(), time.process_time()
        neuroc.decode(file)
        wall.append(time.perf_counter() - start[0])
        cpu.append(time.process_time() - start[1])
    return {"wall_seconds": round(median(wall), 4), "cpu_seconds": round(median(cpu), 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=TEST)
    parser.add_argument("--head", default="softmax")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    os.environ.update(dict.fromkeys(THREADS, "1"))
    pictures = load(arguments.data, arguments.count)
    row = measure({"plugin": "pixelcnn", "head": arguments.head}, pictures, arguments.processes)
    print(
        f"{len(pictures)} pictures, pixelcnn {arguments.head}: {row['bits_per_dim']:.4f} bits/dim and "
        f"{row['overhead_bytes_per_file']:.0f} bytes a file, encode {row['encode_per_second']:.1f}, "
        f"decode {row['decode_per_second']:.1f} pictures/s, one alone {row['latency']['wall_seconds']:.3f} s"
    )
    figures = {"pictures": len(pictures), "processes": arguments.processes, **row}
    store(f"cifar-{arguments.head}", figures, arguments.data, codecs=["pixelcnn"])


if __name__ == "__main__":
    main()
