"""Unit vectors of exact arithmetic: tables, layers, bounds and carriers (SPEC section 10)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engines import evaluator
from ..engines.numpy import NumpyEngine
from ..errors import ExactnessError
from ..exact.layers import Interval, Linear, prove
from ..exact.tables import exp2_table, mantissa_table, sigmoid_table

Document = Mapping[str, Any]

TABLES: Mapping[str, Callable[[], NDArray[Any]]] = {
    "T_7": lambda: sigmoid_table(7),
    "T_13": lambda: sigmoid_table(13),
    "E": exp2_table,
    "Q": mantissa_table,
}


def tables(document: Document) -> Iterator[str]:
    """Each table of SPEC section 10.3: its digest, and some entries to find a difference by."""
    for case in document["tables"]:
        entries = TABLES[case["name"]]()
        for index, value in case["samples"]:
            if int(entries[index]) != value:
                yield f"{case['name']}[{index}] is {int(entries[index])}, not {value}"
        data = entries.astype(f"<i{case['bytes']}").tobytes()
        if len(entries) != case["entries"] or hashlib.sha256(data).hexdigest() != case["sha256"]:
            yield f"{case['name']} has other entries"


def linear(document: Document) -> Iterator[str]:
    """Chains of layers: the bound and the carrier of each, and outputs for inputs, in int64 and by the engine."""
    for case in document["cases"]:
        name = case["name"]
        layers = tuple(_layer(layer, case.get("finer", 0) if i == 0 else 0) for i, layer in enumerate(case["layers"]))
        x = Interval(*(np.array(case[k], dtype=np.int64) for k in ("input_lo", "input_hi")))
        try:
            network = prove(layers, x)
        except ExactnessError:
            if None not in case["carriers"]:
                yield f"{name}: the bounds are refused"
            continue
        bounds = list(network.bounds)
        if bounds != [int(b) for b in case["bounds"]]:
            yield f"{name}: the bounds are {bounds}, not {case['bounds']}"
        carriers = [np.dtype(c).name for c in network.carriers]
        if carriers != case["carriers"]:
            yield f"{name}: the carriers are {carriers}, not {case['carriers']}"
        inputs = np.array(case["inputs"], dtype=np.int64)
        y = inputs
        for layer in layers:
            y = layer.reference(y)
        computed = evaluator(NumpyEngine(), network)(inputs.astype(np.int32))
        for how, found in (("reference", y), ("engine", computed)):
            if found.tolist() != case["outputs"]:
                yield f"{name}: the {how} gives {found.tolist()}, not {case['outputs']}"


def _layer(layer: Document, finer: int) -> Linear:
    weight, bias, shift, lo, hi = (np.array(layer[k], dtype=np.int64) for k in ("weight", "bias", "shift", "lo", "hi"))
    made = Linear(weight, bias, shift, Interval(lo, hi))
    return made.finer_input(finer) if finer else made
