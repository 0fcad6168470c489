"""The safetensors file format, strictly: the bytes of weights <-> named integer tensors (SPEC section 10).

u64 length n of the header | n bytes of JSON | tensor data, every byte of it owned by exactly one tensor
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import WeightsError

MAX_FILE = 256 * 2**20
MAX_HEADER = 2**20
MAX_RANK = 8
DTYPES = {"I8": "<i1", "U8": "<u1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "F32": "<f4"}
_CODES = {np.dtype(d): code for code, d in DTYPES.items()}


def parse(data: bytes, file: str | None = None) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Tensors and metadata; raises WeightsError for anything that is not canonical.

    Tensors have this machine's byte order; on little-endian ones they are read-only views of ``data``.
    """
    if not 8 <= len(data) <= MAX_FILE:
        raise WeightsError(f"{len(data)} bytes cannot be a weights file (8 to {MAX_FILE})", file=file)
    size = int.from_bytes(data[:8], "little")
    if size > min(MAX_HEADER, len(data) - 8):
        raise WeightsError(f"the header claims {size} bytes", file=file, offset=0)
    try:
        header = json.loads(data[8 : 8 + size].decode("utf-8"), object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as e:
        raise WeightsError(f"the header is not sound JSON: {e}", file=file, offset=8) from None
    meta = header.pop("__metadata__", {}) if isinstance(header, dict) else None
    if not isinstance(meta, dict) or not all(isinstance(v, str) for v in meta.values()):
        raise WeightsError("the header is not an object, or its metadata is not a map of strings", file=file, offset=8)
    views = {name: _view(name, entry, len(data) - 8 - size, file) for name, entry in header.items()}
    end = 0
    for name, (begin, stop, _, _) in sorted(views.items(), key=lambda item: item[1][:2]):
        if begin != end:
            raise WeightsError(f"tensor {name[:64]!r} leaves a hole or overlaps", file=file, offset=8 + size + begin)
        end = stop
    if end != len(data) - 8 - size:
        raise WeightsError("bytes after the last tensor", file=file, offset=8 + size + end)
    tensors = {
        name: native(np.frombuffer(data, dtype=dtype, count=math.prod(shape), offset=8 + size + begin)).reshape(shape)
        for name, (begin, _, dtype, shape) in views.items()
    }
    return tensors, meta


def native(array: NDArray[Any]) -> NDArray[Any]:
    """``array`` with its numbers in this machine's byte order, so that its dtype equals np.int16 and the like."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def serialise(tensors: Mapping[str, NDArray[Any]], meta: Mapping[str, str] | None = None) -> bytes:
    """The file for ``tensors``, the same bytes everywhere: widest type first (so all are aligned), then by name."""
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    header: dict[str, Any] = {"__metadata__": dict(sorted(meta.items()))} if meta else {}
    parts: list[bytes] = []
    offset = 0
    for name in order:
        array = tensors[name].astype(tensors[name].dtype.newbyteorder("<"), copy=False)
        if array.dtype not in _CODES or array.ndim > MAX_RANK or name == "__metadata__":
            raise WeightsError(f"tensor {name!r} of type {array.dtype} and rank {array.ndim} cannot be stored")
        parts.append(array.tobytes())
        offsets = [offset, offset + len(parts[-1])]
        header[name] = {"dtype": _CODES[array.dtype], "shape": list(array.shape), "data_offsets": offsets}
        offset = offsets[1]
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _view(name: str, entry: object, available: int, file: str | None) -> tuple[int, int, str, tuple[int, ...]]:
    """(begin, end, dtype, shape) of one tensor, checked against the bytes that there are."""
    bad = WeightsError(f"tensor {name[:64]!r} has an invalid description", file=file, offset=8)
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise bad
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES or not _naturals(shape) or not _naturals(offsets):
        raise bad
    # numpy multiplies the other sides of an empty tensor, too.
    if len(shape) > MAX_RANK or len(offsets) != 2 or math.prod(n for n in shape if n) > MAX_FILE:
        raise bad
    begin, end = offsets
    if end > available or end - begin != math.prod(shape) * int(DTYPES[dtype][-1]):
        raise bad
    return begin, end, DTYPES[dtype], tuple(shape)


def _naturals(value: object) -> bool:
    return isinstance(value, list) and all(type(v) is int and v >= 0 for v in value)
