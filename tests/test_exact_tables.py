"""The integer tables are those of SPEC section 10.3: the printed digests, and values recomputed with decimals."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from neuroc.exact.tables import exp2_table, mantissa_table, sigmoid_table

SECTION = (
    (Path(__file__).resolve().parent.parent / "SPEC.md")
    .read_text(encoding="utf-8")
    .split("\n### 10.3 ")[1]
    .split("\n### ")[0]
)
STATED = {
    name: (int(size), digest)
    for name, size, digest in re.findall(r"^\| (\w+) \| (\d) \| `([0-9a-f]{64})` \|", SECTION, re.M)
}
TABLES: dict[str, Callable[[], NDArray[Any]]] = {
    "T_7": lambda: sigmoid_table(7),
    "T_13": lambda: sigmoid_table(13),
    "E": exp2_table,
    "Q": mantissa_table,
}


def table(name: str) -> NDArray[Any]:
    return TABLES[name]()


def rounded(value: Decimal) -> int:
    """The nearest integer; fails where the value is so near a tie that 60 digits might not decide."""
    assert abs(value % 1 - Decimal("0.5")) > Decimal("1e-30")
    return int(value.to_integral_value(ROUND_HALF_UP))


def sigmoid(f: int, i: int) -> int:
    x = (Decimal(i) - 2 ** (f + 4) + Decimal("0.5")) / 2**f
    return rounded(2**16 / (1 + (-x).exp()))


def power(scale: int, numerator: int, denominator: int) -> int:
    """round(scale * 2**(numerator / denominator)); exact powers are integers."""
    if numerator % denominator == 0:
        value = Decimal(scale) * Decimal(2) ** (numerator // denominator)
        return int(value) if value == int(value) else rounded(value)
    return rounded(scale * (Decimal(2).ln() * numerator / denominator).exp())


def recomputed(name: str, i: int) -> int:
    with localcontext() as context:
        context.prec = 60
        match name:
            case "E":
                return power(2**16, -i, 256)
            case "Q":
                return power(2**9, i, 128)
            case _:
                return sigmoid(int(name[2:]), i)


@pytest.mark.parametrize("name", TABLES)
def test_the_digest_is_the_printed_one(name: str) -> None:
    size, digest = STATED[name]
    assert hashlib.sha256(table(name).astype(f"<i{size}").tobytes()).hexdigest() == digest


@pytest.mark.parametrize("name", TABLES)
def test_values_are_the_rounded_real_numbers(name: str) -> None:
    found = table(name)
    count = len(found)
    step = 1 if count <= 128 else count // 1024
    # The steep middle of the sigmoid and both ends besides an even sample, so that every kind of entry is met.
    picked = {*range(0, count, step), *range(count // 2 - 40, count // 2 + 40), *range(40), *range(count - 40, count)}
    for i in sorted(picked):
        assert int(found[i]) == recomputed(name, i), i


def test_whole_small_tables_recompute_to_the_printed_digest() -> None:
    for name in ("Q", "E"):
        size, digest = STATED[name]
        data = b"".join(recomputed(name, i).to_bytes(size, "little") for i in range(len(table(name))))
        assert hashlib.sha256(data).hexdigest() == digest


def test_the_sigmoid_rises_and_mirrors() -> None:
    for f in (7, 13):
        t = sigmoid_table(f)
        assert bool((t[1:] >= t[:-1]).all())
        assert bool((t + t[::-1] == 1 << 16).all())
        assert len(t) == 1 << (f + 5)
