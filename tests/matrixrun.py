"""One cell of the exactness matrix: code and decode pictures in this process, print digests as JSON.

python matrixrun.py ENGINE BATCH... [--device D] [--more] [--vectors DIR]
HIDE_MODULES names modules that cannot be imported.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np

import neuroc
from naturalpictures import natural
from neuroc.picture import Picture

# The package is lazy: what is hidden here has not been looked for yet.
for _name in filter(None, os.environ.get("HIDE_MODULES", "").split(",")):
    assert _name not in sys.modules
    sys.modules[_name] = None  # type: ignore[assignment]

Pictures = dict[str, tuple[Any, dict[str, Any]]]  # name: samples (H, W, C), options of encode

PICTURES: Pictures = {
    "RGB": (natural(16, 24), {"tile": 12}),
    "L": (natural(16, 20, 1), {"coder": "range24"}),
    "L16": (natural(13, 14, 1, 16), {}),
    "RGBA diagonal": (natural(12, 24, 4), {"tile": 12, "schedule": "diagonal"}),
}
MORE: Pictures = {
    "RGB serial": (natural(9, 11), {"schedule": "serial"}),
    "RGB diagonal range24": (natural(17, 13), {"schedule": "diagonal", "coder": "range24", "tile": 9}),
    "RGB16": (natural(10, 9, 3, 16), {"coder": "range24"}),
    "RGBA16": (natural(9, 10, 4, 16), {"tile": 8}),
    "L serial tiles": (natural(23, 18, 1), {"schedule": "serial", "tile": 10}),
    "LA16": (natural(8, 15, 2, 16), {"coder": "range24", "tile": 8}),
}


def streams(pictures: Pictures, batch: int, regions: bool, **engine: Any) -> dict[str, str]:
    """SHA-256 of the file of each picture; every one is decoded again in other orders of the tiles.

    Files together from the last to the first, with another batch; with ``regions`` also quarters of each file.
    """
    files = {}
    for name, (x, options) in pictures.items():
        files[name] = neuroc.encode(x, batch=batch, verify=False, **engine, **options)
        assert neuroc.info(files[name]).plugin == "causal59k"
    together = neuroc.decode_many([files[n] for n in reversed(pictures)], batch=batch + 1, **engine)
    for name, picture in zip(reversed(pictures), together, strict=True):
        x, options = pictures[name]
        assert isinstance(picture, Picture), picture
        assert np.array_equal(picture.samples, x), name
        if regions and "tile" in options:
            assert np.array_equal(_in_quarters(files[name], x.shape, batch, engine), x), name
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def _in_quarters(data: bytes, shape: tuple[int, ...], batch: int, engine: Any) -> Any:
    """The samples of a file, its quarters decoded one by one from the last to the first."""
    out = np.zeros(shape, dtype=np.uint16)
    for rows in reversed(np.array_split(np.arange(shape[0]), 2)):
        for columns in reversed(np.array_split(np.arange(shape[1]), 2)):
            region = (int(columns[0]), int(rows[0]), len(columns), len(rows))
            out[np.ix_(rows, columns)] = neuroc.decode(data, region=region, batch=batch, **engine).samples
    return out


def vectors(folder: Path, batch: int, engine: str, device: str) -> dict[str, Any]:
    """How many conformance files give their pixels and tables, and what is wrong with the others."""
    from neuroc.conformance import load_suite, table_digests
    from neuroc.digests import pixel_digest
    from neuroc.models import Runtime
    from neuroc.plugins import registry

    suite = load_suite(folder)
    weights = str(suite.weights)
    files = [v for v in suite.vectors if v.kind == "file" and v.codec in registry().codecs]
    wrong = {}
    for vector in files:
        data = suite.read(vector)
        picture = neuroc.decode(data, weights=weights, engine=engine, device=device, batch=batch)
        if pixel_digest(picture.samples, picture.mode, picture.bits).hex() != vector.pixels:
            wrong[vector.name] = "other pixels"
        elif problem := vector.compare_tables(table_digests(data, Runtime(engine, device, weights, batch))):
            wrong[vector.name] = problem
    return {"files": len(files), "wrong": wrong}


def surroundings(engine: str, device: str) -> dict[str, Any]:
    """What of the settings took effect."""
    from neuroc.coder import get_coder

    umath = np._core._multiarray_umath  # type: ignore[attr-defined]
    features = umath.__cpu_features__
    found: dict[str, Any] = {
        "machine": platform.machine(),
        "byteorder": sys.byteorder,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "features": sorted(name for name, there in features.items() if there),
        "dispatched": [name for name in umath.__cpu_dispatch__ if features.get(name)],  # lowest first
        "blas": _openblas(),
        "coder": type(get_coder("rans24")).__module__,
    }
    if engine == "native":
        found["kernel"] = importlib.import_module("neuroc_native").chosen_kernel()
    if engine == "torch":
        import torch

        found["torch"] = torch.__version__
        found["capability"] = torch.backends.cpu.get_cpu_capability()
        found["threads"] = torch.get_num_threads()
        if device == "cuda":
            found["gpu"] = torch.cuda.get_device_name()
    return found


def _openblas() -> str:
    """The kernels that numpy's own OpenBLAS chose, "" if numpy has another BLAS."""
    for library in Path(np.__file__).parent.parent.glob("numpy.libs/*openblas*"):
        name = getattr(ctypes.CDLL(str(library)), "scipy_openblas_get_corename64_", None)
        if name is not None:
            name.restype = ctypes.c_char_p
            return str(name().decode("ascii"))
    return ""


def main() -> None:
    """Run the cell."""
    parser = argparse.ArgumentParser(description="One cell of the exactness matrix.")
    parser.add_argument("engine")
    parser.add_argument("batch", nargs="+", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--more", action="store_true", help="more pictures and orders than the test suite takes")
    parser.add_argument("--vectors", type=Path, help="folder of conformance vectors, decoded with the first batch")
    options = parser.parse_args()
    pictures = {**PICTURES, **(MORE if options.more else {})}
    engine = {"engine": options.engine, "device": options.device}
    report = {"streams": [streams(pictures, batch, options.more, **engine) for batch in options.batch]}
    if options.vectors:
        report["vectors"] = vectors(options.vectors, options.batch[0], **engine)  # type: ignore[assignment]
    print(json.dumps({**report, **surroundings(**engine)}))


if __name__ == "__main__":
    main()
