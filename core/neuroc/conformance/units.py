"""Unit vectors: the numbers of one layer, as JSON that any language reads (conformance/README.md, "Units").

A document is an object with ``layer``, ``about`` and lists of cases. Integers beyond 2**53 are {"int": "decimal"},
byte strings are hexadecimal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import arithmetic, bytelayers, coding

Check = Callable[[Mapping[str, Any]], Iterator[str]]

LAYERS: Mapping[str, Check] = {
    "coder": coding.coder,
    "mixture": coding.mixture,
    "table": coding.table,
    "softmax": coding.softmax,
    "exact-tables": arithmetic.tables,
    "linear": arithmetic.linear,
    "msgpack": bytelayers.msgpack,
    "header": bytelayers.header,
    "metadata": bytelayers.metadata,
    "leb128": bytelayers.leb128,
    "tiles": bytelayers.tiles,
    "digests": bytelayers.digests,
}


def check_unit(layer: str, data: bytes) -> str:
    """What this installation computes otherwise than the document says, or ""."""
    document = json.loads(data)
    check = LAYERS.get(layer)
    if check is None or document["layer"] != layer:
        return f"there is no layer {layer!r} here"
    problems = list(check(document))
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    return problems[0] + more if problems else ""
