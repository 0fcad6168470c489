"""The worked examples of SPEC.md are current: the file of Appendix A decodes, the mixtures of section 8.2 agree."""

from __future__ import annotations

import importlib.util
import re
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import neuroc
from neuroc.picture import same_picture

ROOT = Path(__file__).resolve().parent.parent
SPEC = (ROOT / "SPEC.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    found = importlib.util.spec_from_file_location("spec_example", ROOT / "tools" / "spec_example.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def printed_file() -> bytes:
    """The bytes that Appendix A prints."""
    part = SPEC.split("<!-- example: begin -->")[1].split("<!-- example: end -->")[0]
    found = re.findall(r"^ *(\d+)  ((?:[0-9A-F]{2} ?)+?)(?:  .*)?$", part, re.M)
    data = b""
    for offset, row in found:
        assert int(offset) == len(data)
        data += bytes.fromhex(row)
    return data


def test_the_printed_file_decodes_to_the_picture_of_the_script(script: ModuleType) -> None:
    decoded = neuroc.decode(printed_file())
    assert same_picture(decoded, script.picture())
    assert decoded.metadata == script.picture().metadata


def test_the_printed_file_is_what_the_encoder_writes(script: ModuleType) -> None:
    assert printed_file() == script.example()


def test_all_examples_are_current(script: ModuleType) -> None:
    assert script.with_examples(SPEC) == SPEC


def sigmoid_entry(f: int, i: int) -> int:
    from neuroc.exact.tables import sigmoid_table

    return int(sigmoid_table(f)[min(max(i, 0), (32 << f) - 1)])


def cumulative(b: int, w: Any, m: Any, q: Any, bits: int, unit: int) -> int:
    """F(b) of one mixture (K,) by the formula of section 8.2, in plain integers."""
    from neuroc.exact.tables import mantissa_table

    if b in (0, 1 << bits):
        return (b >> bits) << 30
    f, total = (7 if bits <= 8 else 13), b << (18 - bits)
    for weight, mean, scale in zip(w.tolist(), m.tolist(), q.tolist(), strict=True):
        d = (16 * b - 8) * 2 ** max(0, -unit) - mean
        if bits > 8:
            d = min(max(d, -(2**21)), 2**21 - 1)
        z = (d * int(mantissa_table()[scale % 128]) * 2 ** (f - 7)) >> (6 + max(0, unit) - (scale >> 7))
        total += weight * sigmoid_entry(f, z + 2 ** (f + 4))
    return total


@pytest.mark.parametrize(("bits", "units"), [(2, (-6,)), (4, (-4,)), (8, (0,)), (16, (0, 3, 8))])
def test_mixtures_are_the_formula_of_section_8(bits: int, units: tuple[int, ...]) -> None:
    from neuroc.distributions import Mixture, digit_bits, mixture_weights

    rng = np.random.default_rng(bits)
    n = 12
    for unit in units:
        mean_limit = 1 << (24 if bits > 8 else 16)
        w = mixture_weights(rng.integers(-4095, 4096, (n, 3), dtype=np.int32))
        m = rng.integers(-mean_limit // 8, mean_limit, (n, 3), dtype=np.int32)
        q = rng.integers(-896, 641, (n, 3), dtype=np.int32)
        mixture = Mixture(w, m, q, bits, unit)
        symbols = rng.integers(0, 1 << bits, n, dtype=np.int32)
        coded = list(mixture.intervals(symbols))
        for row in range(n):
            lower, remaining, prefix = 0, bits, 0
            for digit, width in enumerate(digit_bits(bits)):
                remaining -= width
                size = 1 << width
                f = [
                    cumulative((prefix * size + k) << remaining, w[row], m[row], q[row], bits, unit)
                    for k in range(size + 1)
                ]
                span = f[-1] - f[0]
                free = (1 << 24) - size
                c = [k + (free * (f[k] - f[0]) // span if span else free * k // size) for k in range(size + 1)]
                tables = mixture.tables(digit, (symbols >> (remaining + width)).astype(np.int32))
                assert tables[row].tolist() == [b - a for a, b in pairwise(c)]
                lower = int(symbols[row]) >> remaining & (size - 1)
                assert (int(coded[digit][0][row]), int(coded[digit][1][row])) == (c[lower], c[lower + 1] - c[lower])
                prefix = prefix * size + lower
