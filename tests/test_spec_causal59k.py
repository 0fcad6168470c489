"""SPEC section 12 says what causal59k does: networks, taps, clamps, cost, tensors, parameters."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from neuroc import safetensors
from neuroc.params import options
from neuroc.weights import load_weights

pytest.importorskip("neuroc_causal59k")

from neuroc.exact.window import neighbours
from neuroc_causal59k.codec import Params
from neuroc_causal59k.network import ACTIVATION_MAX, INPUT_MAX, VARIANTS
from neuroc_causal59k.schedule import order

SPEC = (Path(__file__).resolve().parent.parent / "SPEC.md").read_text(encoding="utf-8")
SECTION = SPEC.split("\n## 12 ")[1].split("\n## ")[0].replace("−", "-")


def rows(text: str) -> list[list[str]]:
    found = re.findall(r"^\|(.+)\|$", text, re.M)
    return [[cell.strip().replace("`", "") for cell in row.split("|")] for row in found]


def part(number: int) -> str:
    return SECTION.split(f"\n### 12.{number} ")[1].split("\n### ")[0]


def test_the_networks_and_their_cost() -> None:
    lines = [r for r in rows(SECTION.split("\n### ")[0]) if len(r) == 6 and r[2] in VARIANTS]
    stated = {r[2]: (tuple(int(w) for w in r[3].split("-")), r[4]) for r in lines}
    assert stated == {v.name: (v.widths, v.context) for v in VARIANTS.values()}
    macs = [int(n.replace(",", "")) for n in re.findall(r"(\d\d,\d{3}) for `", part(4))]
    assert macs == [VARIANTS["rgb"].macs, VARIANTS["grey"].macs]
    assert VARIANTS["rgb"].macs == VARIANTS["rgb-diagonal"].macs


def test_the_taps_in_order() -> None:
    for context, variant in (("raster", "rgb"), ("diagonal", "rgb-diagonal")):
        text = next(r[1] for r in rows(part(1)) if r[0] == context)
        taps = tuple((int(i), int(j)) for i, j in re.findall(r"\((-?\d+),(-?\d+)\)", text))
        assert taps == VARIANTS[variant].taps


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 6), (6, 1), (2, 2), (5, 7)])
def test_the_neighbour_rule_is_the_table(variant: str, height: int, width: int) -> None:
    taps = VARIANTS[variant].taps
    for i in range(height):
        for j in range(width):
            for t, (di, dj) in enumerate(taps):
                y, x = i + di, j + dj
                if 0 <= y < height and 0 <= x < width:
                    want = y * width + x
                elif 0 <= y < i:
                    want = y * width + min(max(x, 0), width - 1)
                elif j > 0:
                    want = i * width + j - 1
                elif i > 0:
                    want = (i - 1) * width
                else:
                    want = height * width
                assert neighbours([i], [j], height, width, taps)[0, t] == want


@pytest.mark.parametrize("schedule", ["serial", "wavefront", "diagonal"])
def test_the_order_of_pixels(schedule: str) -> None:
    height, width = 4, 5
    number = {"serial": (width, 1), "wavefront": (3, 1), "diagonal": (1, 1)}[schedule]
    pixels = [(number[0] * i + number[1] * j, i, j) for i in range(height) for j in range(width)]
    plan = order(schedule, height, width, VARIANTS["rgb-diagonal" if schedule == "diagonal" else "rgb"].taps)
    assert plan.sites.tolist() == [i * width + j for _, i, j in sorted(pixels)]
    steps = [len({t for t, _, _ in pixels if t < first}) for first, _, _ in sorted(pixels)]
    assert np.repeat(np.arange(plan.steps), np.diff(plan.starts)).tolist() == steps


def test_the_clamps() -> None:
    assert f"clamped to 0 ... {ACTIVATION_MAX}" in part(2)
    assert f"count as -{INPUT_MAX} ... {INPUT_MAX}" in part(3).replace("\n", " ")
    clamps = [tuple(int(v) for v in r[4].split(" ... ")) for r in rows(part(2)) if " ... " in r[-1]]
    for variant in VARIANTS.values():
        lo, hi = variant.head_clamps()
        channels, pairs = variant.channels, variant.couplings
        counts = (3 * channels, 3 * channels, 3 * channels, 3 * pairs)
        want = [c for c, n in zip(clamps, counts, strict=True) for _ in range(n)]
        assert list(zip(lo.tolist(), hi.tolist(), strict=True)) == want


def test_the_tensors() -> None:
    stated = {r[0]: r[1] for r in rows(part(5)) if r[0].startswith("layer")}
    for variant in VARIANTS.values():
        tensors = load_weights("causal59k", name=variant.name).tensors
        names = {name.replace("{n}", str(n)): dtype for name, dtype in stated.items() for n in range(5)}
        assert {name: np.dtype(safetensors.DTYPES[dtype]) for name, dtype in names.items()} == {
            name: tensor.dtype for name, tensor in tensors.items()
        }


def test_the_parameters() -> None:
    stated = {int(r[0]): (r[1], r[3].replace("`", ""), r[4]) for r in rows(part(6)) if r[0].isdigit()}
    for option in options(Params):
        values = ", ".join(map(str, option.choices)) if option.choices else f"{option.low} ... {option.high}"
        assert stated.pop(option.key) == (option.name, str(option.default), values)
    assert not stated
