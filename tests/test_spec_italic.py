"""SPEC section 15 says what italic does: ends of steps, layers, inputs, cost, ratios, parameters."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from neuroc.api import Spec
from neuroc.params import options

pytest.importorskip("neuroc_italic")

from neuroc_italic import base
from neuroc_italic.codec import CODEC, Params
from neuroc_italic.inputs import contrast_table
from neuroc_italic.layers import clamp_of
from neuroc_italic.network import PIXEL_TAPS, VARIANTS
from neuroc_italic.schedule import ENDS, FURTHER

SPEC = (Path(__file__).resolve().parent.parent / "SPEC.md").read_text(encoding="utf-8")
SECTION = SPEC.split("\n## 15 ")[1].split("\n## ")[0].replace("−", "-")


def rows(text: str) -> list[list[str]]:
    found = re.findall(r"^\|(.+)\|$", text, re.M)
    return [[cell.strip().replace("`", "") for cell in row.split("|")] for row in found]


def part(number: int) -> str:
    return SECTION.split(f"\n### 15.{number} ")[1].split("\n### ")[0]


def test_the_ends_of_steps() -> None:
    table = {
        r[0]: tuple(int(n) for n in r[1].split()) for r in rows(part(2)) if r[0][:1].isdigit() or "further" in r[0]
    }
    assert table.pop("further") == FURTHER
    assert {int(n): ends for n, ends in table.items()} == ENDS
    assert f"min(N, {len(ENDS)})" in part(2)


def test_the_layers_and_their_clamps() -> None:
    variant = VARIANTS["rgb"]
    stated = {}
    for names, _, _, outputs, clamp in (r for r in rows(part(4)) if len(r) == 5 and r[0] != "layer"):
        if names == "output" or "--" in names:
            continue
        low, high = (-int(clamp[1:]), int(clamp[1:])) if clamp[0] == "±" else map(int, clamp.split(" ... "))
        for name in names.split(", "):
            for g in range(3):
                stated[name.replace("{g}", str(g))] = (int(outputs), low, high)
    layers = {n: clamp_of(variant, n) for n in variant.layers if n != "output"}
    assert stated == {n: (len(c.lo), int(c.lo[0]), int(c.hi[0])) for n, c in layers.items()}
    assert (variant.outputs, VARIANTS["grey"].outputs) == (36 + 12, 12)


@pytest.mark.parametrize("name", list(VARIANTS))
def test_the_numbers_of_inputs(name: str) -> None:
    variant = VARIANTS[name]
    counts = {"C": variant.channels, "+": 1}

    def total(section: str) -> int:
        found = 0
        for text, *_ in rows(section):
            if not text[:1].isdigit() and text != "C":
                continue
            if "base" in text and not variant.base:
                continue
            number = text.split(",")[0]
            c = counts["C"]
            if "(" in number:
                found += int(number.split(" ")[0]) * (c + 1)
            else:
                found += (int(number.replace("C", "").strip() or 1)) * (c if "C" in number else 1)
        return found

    cells, pixels = part(3).split("**Pixel inputs**")
    assert total(cells) == variant.cell_inputs
    assert total(pixels) == variant.pixel_inputs
    far = [(int(i), int(j)) for i, j in re.findall(r"\((-?\d), (-?\d)\)", pixels.split("without (0, 0), then")[1])]
    assert tuple(far) == PIXEL_TAPS[-8:]
    assert int(contrast_table()[-1]) == int(re.findall(r"contrast in 0 \.\.\. (\d+)", part(4).replace("\n", " "))[0])


def test_the_cost() -> None:
    for name, c, h in (r for r in rows(part(7)) if r[0] in VARIANTS):
        variant = VARIANTS[name]
        assert (variant.cell_macs, variant.pixel_macs) == (int(c.replace(",", "")), int(h.replace(",", "")))
        k, steps = 4 * 6, 5
        spec = Spec(13, 21, variant.channels, 8)
        cost = CODEC.cost(spec, Params(steps=steps, base="dct" if variant.base else "none"))
        assert cost.macs == steps * (4 * k * variant.cell_macs + 48 * k * k) + spec.pixels * variant.pixel_macs
        assert cost.peak_bytes == 96000 * k + 64 * steps
        assert cost.steps == steps + (3 * 63 + 2 * 3 + 2 * 1 * 2 if variant.base else 0)


def test_the_base_picture() -> None:
    text = part(6)
    table = {r[0]: tuple(int(n) for n in r[1:]) for r in rows(text) if r[0] in ("Y", "Cg, Co")}
    assert (table["Y"], table["Cg, Co"]) == base.RATIOS
    assert tuple(int(n) for n in re.findall(r"ρ = (\d+) in Y, (\d+) in Cg", text)[0]) == base.DC_RATIOS
    quantisers = re.findall(r"1 \.\.\. 8: ([\d, ]+)\)", text.replace("\n", " "))[0]
    assert tuple(int(n) for n in quantisers.split(",")) == base.QUANTISERS
    lines = re.findall(r"^(?:    M =|       ) ?([ \d-]+)$", text, re.M)
    matrix = [[int(n) for n in line.split()] for line in lines]
    assert matrix == base.COSINES.tolist()
    products = base.COSINES @ base.COSINES.T
    assert int(np.abs(products - (1 << 15) * np.eye(8, dtype=np.int64)).max()) < 128


def test_the_parameters() -> None:
    stated = {r[1]: (int(r[0]), r[3], r[4]) for r in rows(part(7)) if len(r) == 5 and r[0].isdigit()}
    for option in options(Params):
        key, default, values = stated[option.name]
        assert (key, default) == (option.key, str(option.default))
        allowed = ", ".join(map(str, option.choices)) if option.choices else f"{option.low} ... {option.high}"
        assert values == allowed
    assert len(stated) == len(options(Params))
