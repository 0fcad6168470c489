"""One cell of the exactness matrix: code and decode a few pictures in this process, print digests as JSON.

python matrixrun.py ENGINE BATCH... ; HIDE_MODULES names modules that cannot be imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import Any

import numpy as np

import neuroc
from naturalpictures import natural
from neuroc.picture import Picture

# The package is lazy: what is hidden here has not been looked for yet.
for _name in filter(None, os.environ.get("HIDE_MODULES", "").split(",")):
    assert _name not in sys.modules
    sys.modules[_name] = None  # type: ignore[assignment]

PICTURES: dict[str, tuple[Any, dict[str, Any]]] = {
    "RGB": (natural(16, 24), {"tile": 12}),
    "L": (natural(16, 20, 1), {"coder": "range24"}),
    "L16": (natural(13, 14, 1, 16), {}),
    "RGBA diagonal": (natural(12, 24, 4), {"tile": 12, "schedule": "diagonal"}),
}


def streams(engine: str, batch: int) -> dict[str, str]:
    """SHA-256 of the file of each picture; every one is decoded again, alone and with the others."""
    files = {}
    for name, (x, options) in PICTURES.items():
        files[name] = neuroc.encode(x, engine=engine, batch=batch, verify=False, **options)
        assert neuroc.info(files[name]).plugin == "causal59k"
    together = neuroc.decode_many([files[n] for n in reversed(PICTURES)], engine=engine, batch=batch + 1)
    for name, picture in zip(reversed(PICTURES), together, strict=True):
        assert isinstance(picture, Picture), picture
        assert np.array_equal(picture.samples, PICTURES[name][0])
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def surroundings(engine: str) -> dict[str, Any]:
    """What of the settings took effect."""
    from neuroc.coder import get_coder

    features = np._core._multiarray_umath.__cpu_features__  # type: ignore[attr-defined]
    found: dict[str, Any] = {
        "features": sorted(name for name, there in features.items() if there),
        "coder": type(get_coder("rans24")).__module__,
    }
    if engine == "torch":
        import torch

        found["capability"] = torch.backends.cpu.get_cpu_capability()
        found["threads"] = torch.get_num_threads()
    return found


if __name__ == "__main__":
    engine, *batches = sys.argv[1:]
    results = [streams(engine, int(b)) for b in batches]
    print(json.dumps({"streams": results, **surroundings(engine)}))
