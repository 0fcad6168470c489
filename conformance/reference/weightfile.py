"""Weights files, SPEC 10.4: found by digest, parsed by hand."""

import json
import math
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from container import Refusal, demand

TYPES = {"I8": "<i1", "U8": "<u1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "F32": "<f4"}
Tensors = dict[str, tuple[str, np.ndarray[Any, Any]]]


def find(wanted: bytes, folders: list[Path]) -> bytes:
    """SPEC 10.4: the file with this digest, whatever its name."""
    for path in sorted(path for folder in folders for path in folder.glob("*.safetensors")):
        if path.stat().st_size <= 1 << 28 and sha256(data := path.read_bytes()).digest()[:16] == wanted:
            return data
    raise Refusal("weights-missing", f"no weights with digest {wanted.hex()} in the folders of --weights")


def parse(data: bytes) -> Tensors:
    """SPEC 10.4: dtype and array of each tensor."""
    start = 8 + int.from_bytes(data[:8], "little")
    demand(8 < start <= min(len(data), 8 + (1 << 20)) and len(data) <= 1 << 28, "weights", "length of JSON or file")
    tensors, at = {}, start
    try:
        text = data[8:start].decode("utf-8")  # an object in which a key occurs twice becomes None, which nothing takes
        entries = json.loads(text, object_pairs_hook=lambda p: dict(p) if len(dict(p)) == len(p) else None)
        about = entries.pop("__metadata__", {})
        demand(type(about) is dict and all(type(text) is str for text in about.values()), "weights", "__metadata__")
        for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
            (begin, end), shape, dtype = entry["data_offsets"], entry["shape"], np.dtype(TYPES[entry["dtype"]])
            sound = len(entry) == 3 and len(shape) <= 8 and all(type(n) is int and n >= 0 for n in [*shape, begin, end])
            sound = sound and end - begin == math.prod(shape) * dtype.itemsize and start + begin == at
            demand(sound and start + end <= len(data), "weights", f"form, size or place of {name}")
            tensors[name] = entry["dtype"], np.frombuffer(data[at : start + end], dtype).reshape(shape)
            at = start + end
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Refusal("weights", f"weights file: {error!r}") from None
    demand(at == len(data), "weights", "bytes after the last tensor")
    return tensors
