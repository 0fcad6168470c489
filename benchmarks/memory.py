"""Peak memory of the command line on large synthetic pictures: ``python benchmarks/memory.py``.

A smooth photograph-like picture, noise and a flat graphic of 6000x4000 pixels; ``neuroc encode`` (verification
included, as by default) and ``neuroc decode``, each in a fresh process.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stored import store

Samples = NDArray[np.uint8]  # (H, W, 3)

CHILD = """
import os, sys
from neuroc_cli.main import THREAD_VARIABLES
os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))  # as the command does
from neuroc.bench import peak_memory
from neuroc_cli.main import main
code = main(sys.argv[1:])
print(peak_memory())
sys.exit(code)
"""


def photograph(height: int, width: int) -> Samples:
    """Slow waves with a little sensor noise: the network codes it better than ``raw`` does."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    noise = np.random.default_rng(1)
    out = np.empty((height, width, 3), dtype=np.uint8)
    for c in range(3):
        wave = 128 + 60 * np.sin(x / (90 + 31 * c) + y / 210) + 40 * np.cos(y / (70 + 13 * c) - x / 400)
        wave += noise.standard_normal((height, width), dtype=np.float32) * 2
        out[:, :, c] = np.clip(wave, 0, 255).astype(np.uint8)
    return out


def noise(height: int, width: int) -> Samples:
    """Nothing can be saved: every sample takes its 8 bits."""
    return np.random.default_rng(2).integers(0, 256, (height, width, 3), dtype=np.uint8)


def graphic(height: int, width: int) -> Samples:
    """Rectangles of one colour each, with a ruled line now and then."""
    random = np.random.default_rng(3)
    out = np.full((height, width, 3), 255, dtype=np.uint8)
    for _ in range(300):
        top, left = int(random.integers(0, height)), int(random.integers(0, width))
        high, wide = int(random.integers(2, height // 4)), int(random.integers(2, width // 4))
        out[top : top + high, left : left + wide] = random.integers(0, 256, 3, dtype=np.uint8)
    out[::97] = 0
    return out


KINDS: dict[str, Callable[[int, int], Samples]] = {"photograph": photograph, "noise": noise, "graphic": graphic}


def peak_of(arguments: list[str]) -> int:
    """Bytes of resident memory that a command needed at most, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return int(done.stdout.split()[-1])


def measure(kind: str, height: int, width: int, folder: Path) -> dict[str, Any]:
    """Peaks of both directions for one kind of picture."""
    source, coded, restored = (str(folder / name) for name in ("in.ppm", "out.nrc", "out.ppm"))
    samples = KINDS[kind](height, width)
    Path(source).write_bytes(b"P6 %d %d 255\n" % (width, height) + samples.tobytes())
    del samples
    encode = peak_of(["encode", "--quiet", "--force", source, "-o", coded])
    decode = peak_of(["decode", "--quiet", "--force", coded, "-o", restored])
    if Path(source).read_bytes()[-3 * width * height :] != Path(restored).read_bytes()[-3 * width * height :]:
        raise SystemExit(f"{kind}: the picture did not come back")
    return {
        "kind": kind,
        "width": width,
        "height": height,
        "bytes": Path(coded).stat().st_size,
        "encode_peak": encode,
        "decode_peak": decode,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="ignored: the pictures are made here")
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), help="default: all")
    parser.add_argument("--size", default="6000x4000", help="WIDTHxHEIGHT")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    rows = []
    with tempfile.TemporaryDirectory(prefix="neuroc-memory-") as folder:
        for kind in arguments.kind or list(KINDS):
            row = measure(kind, height, width, Path(folder))
            rows.append(row)
            print(f"{kind:12} encode {row['encode_peak'] / 1e6:7.0f} MB   decode {row['decode_peak'] / 1e6:7.0f} MB")
    store("memory", {"pictures": rows})


if __name__ == "__main__":
    main()
