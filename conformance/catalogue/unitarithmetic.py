"""Unit vectors of exact arithmetic, from the formulas of SPEC section 10."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from neuroc.exact.tables import exp2_table, mantissa_table, sigmoid_table

from .entry import UnitEntry
from .pictures import hashed

Layer = dict[str, Any]


def entries() -> Iterator[UnitEntry]:
    """All of them."""
    yield UnitEntry("exact-tables", "exact-tables", "SPEC section 10.3: digests and some entries of the tables", tables)
    about = "SPEC sections 10.1 and 10.2: bounds, carriers and outputs of layers"
    yield UnitEntry("linear", "linear", about, linear)


def tables() -> dict[str, object]:
    """Every table with its digest and about forty entries."""
    found = []
    for name, entries_, size in (
        ("T_7", sigmoid_table(7), 4),
        ("T_13", sigmoid_table(13), 4),
        ("E", exp2_table(), 8),
        ("Q", mantissa_table(), 4),
    ):
        values = entries_.tolist()
        data = b"".join(v.to_bytes(size, "little", signed=True) for v in values)
        last = len(values) - 1
        places = sorted({0, 1, 2, last - 1, last, last // 2, last // 2 + 1, *(last * k // 37 for k in range(37))})
        samples = [[i, values[i]] for i in places]
        sha256 = hashlib.sha256(data).hexdigest()
        found.append({"name": name, "entries": len(values), "bytes": size, "sha256": sha256, "samples": samples})
    return {"tables": found}


def layer(
    weight: Sequence[Sequence[int]], bias: Sequence[int], shift: Sequence[int], lo: Sequence[int], hi: Sequence[int]
) -> Layer:
    """A layer; weight (out, in), the others (out,)."""
    return {"weight": weight, "bias": bias, "shift": shift, "lo": lo, "hi": hi}


def bound(made: Layer, lo: Sequence[int], hi: Sequence[int], finer: int) -> int:
    """The largest B_o of SPEC section 10.2."""
    found = 0
    for w, b, s in zip(made["weight"], made["bias"], made["shift"], strict=True):
        up = sum(max(0, v * a, v * c) for v, a, c in zip(w, lo, hi, strict=True))
        down = sum(max(0, -v * a, -v * c) for v, a, c in zip(w, lo, hi, strict=True))
        found = max(found, max(up, down) + abs((b << finer) + (1 << (s + finer - 1))))
    return found


def outputs(made: Layer, x: Sequence[int], finer: int) -> list[int]:
    """y of SPEC section 10.1."""
    found = []
    for w, b, s, lo, hi in zip(*(made[k] for k in ("weight", "bias", "shift", "lo", "hi")), strict=True):
        acc = sum(v * a for v, a in zip(w, x, strict=True)) + (b << finer) + (1 << (s + finer - 1))
        found.append(min(max(acc >> (s + finer), lo), hi))
    return found


def case(
    name: str, layers: list[Layer], lo: list[int], hi: list[int], inputs: list[list[int]], finer: int = 0
) -> dict[str, object]:
    """A chain of layers with its bounds, carriers and outputs; a carrier of None stands for a refusal."""
    bounds, carriers, low, high = [], [], lo, hi
    for i, made in enumerate(layers):
        bounds.append(bound(made, low, high, finer if i == 0 else 0))
        carriers.append("float32" if bounds[-1] < 1 << 24 else "float64" if bounds[-1] < 1 << 53 else None)
        low, high = made["lo"], made["hi"]
    results = []
    for x in inputs if None not in carriers else []:
        y = x
        for i, made in enumerate(layers):
            y = outputs(made, y, finer if i == 0 else 0)
        results.append(y)
    ranges = {"input_lo": lo, "input_hi": hi, "finer": finer}
    proved = {"bounds": [str(b) for b in bounds], "carriers": carriers}
    return {"name": name, "layers": layers, **ranges, **proved, "inputs": inputs, "outputs": results}


def numbers(count: int, seed: int, low: int, high: int) -> list[int]:
    """Pseudo-random integers from low to high."""
    k = np.arange(count)
    return [low + int(v) * (high - low + 1) // 65536 for v in hashed(k, k * 3, seed)]


def linear() -> dict[str, object]:
    """Rounding, clamps, bounds at the borders of the carriers, chains."""
    wide = 10**6
    ties = [[v] for v in (-7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7)]
    found = [
        case("halves round up", [layer([[1]], [0], [1], [-wide], [wide])], [-7], [7], ties),
        case("quarters", [layer([[1]], [0], [2], [-wide], [wide])], [-7], [7], ties),
        case("bias", [layer([[3], [-3]], [1, -1], [1, 3], [-wide] * 2, [wide] * 2)], [-7], [7], ties),
        case("clamps", [layer([[10], [10]], [0, 0], [1, 1], [0, -12], [9, -5])], [-7], [7], ties),
        case(
            "largest shift",
            [layer([[1 << 12]], [(1 << 22) - 1], [30], [-wide], [wide])],
            [-255],
            [255],
            [[255], [-255], [0]],
        ),
    ]
    for name, b in (("last of float32", (1 << 24) - 1), ("first of float64", 1 << 24)):
        # 255 * 64 + 1 * (b - rest) is exact in one type and not in the other.
        weight, shift = 64, 1
        bias = b - 255 * weight - 1
        made = layer([[weight]], [bias], [shift], [-(1 << 24)], [1 << 24])
        found.append(case(name, [made], [-255], [255], [[255], [-255], [1], [0]]))
    largest = (1 << 53) - 1
    for name, b in (("last of float64", largest), ("refused", largest + 1)):
        weight = (1 << 31) - 1
        bias = b - weight * 4095 - 1
        made = layer([[weight]], [bias], [1], [-(1 << 31)], [(1 << 31) - 1])
        found.append(case(name, [made], [-4095], [4095], [[4095], [-4095], [1]] if b == largest else []))
    rows = [numbers(24, 11 + o, -512, 511) for o in range(5)]
    first = layer(rows, numbers(5, 21, -30000, 30000), numbers(5, 22, 5, 11), [0] * 5, [4095] * 5)
    second = layer(
        [numbers(5, 31 + o, -512, 511) for o in range(3)], [7, -7, 0], [9, 8, 7], [-16383, -896, 0], [16383, 640, 1]
    )
    inputs = [numbers(24, 51 + k, -1020, 1020) for k in range(4)]
    inputs += [[1020 if v > 0 else -1020 for v in row] for row in rows[:3]]
    lo, hi = [-1020] * 24, [1020] * 24
    found.append(case("a chain of two", [first, second], lo, hi, inputs))
    finer = [[4 * v for v in x] for x in inputs]
    found.append(case("two more fraction bits", [first, second], [-4080] * 24, [4080] * 24, finer, finer=2))
    shifted = [numbers(24, 71 + k, 100, 1100) for k in range(3)]
    found.append(case("inputs that are not symmetric", [first, second], [100] * 24, [1100] * 24, shifted))
    return {"cases": found}
