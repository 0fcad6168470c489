"""SPEC section 14 says what pixelcnn does: networks, window, clamps, cost, tensors, parameters."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from neuroc import safetensors
from neuroc.api import Spec
from neuroc.params import options
from neuroc.weights import load_weights

pytest.importorskip("neuroc_pixelcnn")

from neuroc_pixelcnn.codec import CODEC, Params
from neuroc_pixelcnn.context import causal_taps
from neuroc_pixelcnn.network import ACTIVATION_MAX, INPUT_MAX, RADIUS, VARIANTS
from neuroc_pixelcnn.schedule import order

SPEC = (Path(__file__).resolve().parent.parent / "SPEC.md").read_text(encoding="utf-8")
SECTION = SPEC.split("\n## 14 ")[1].split("\n## ")[0].replace("−", "-")


def rows(text: str) -> list[list[str]]:
    found = re.findall(r"^\|(.+)\|$", text, re.M)
    return [[cell.strip().replace("`", "") for cell in row.split("|")] for row in found]


def part(number: int) -> str:
    return SECTION.split(f"\n### 14.{number} ")[1].split("\n### ")[0]


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", text))


def test_the_networks() -> None:
    stated = {}
    for _, head, names, groups, hidden, blocks, outputs in rows(SECTION.split("\n### ")[0])[2:]:
        for name in names.split(", "):
            stated[name] = (head, numbers(groups), numbers(hidden), int(blocks), int(outputs))
    assert stated == {v.name: (v.head, v.groups, v.hidden, len(v.blocks), v.outputs) for v in VARIANTS.values()}
    assert all(taps == ((0, 0),) for v in VARIANTS.values() for taps in v.blocks)


def test_the_window() -> None:
    assert "columns -3 ... 3" in part(1)
    rows_above = [(di, dj) for di in (-3, -2, -1) for dj in range(-3, 4)]
    beside = [(int(i), int(j)) for i, j in re.findall(r"\((-?\d+),(-?\d+)\)", part(1).split("Tap t is")[0])]
    assert tuple(rows_above + beside) == causal_taps(RADIUS)


def test_the_clamps() -> None:
    clamps = [tuple(int(v) for v in r[1].split(" ... ")) for r in rows(part(2)) if " ... " in r[1]]
    stream, rectified, logits, *mixture = clamps
    assert stream == (-ACTIVATION_MAX, ACTIVATION_MAX)
    for variant in VARIANTS.values():
        for layer in variant.layers:
            for group in range(variant.channels):
                clamp = variant.clamp(layer, group)
                found = list(zip(clamp.lo.tolist(), clamp.hi.tolist(), strict=True))
                if layer.name != "head":
                    assert set(found) == {rectified if layer.rectified else stream}
                elif variant.head == "softmax":
                    assert found == [logits] * 256
                else:
                    assert found == [c for c in mixture for _ in range(5)]
    assert f"inputs count as -{INPUT_MAX} ... {INPUT_MAX}" in part(2).replace("\n", " ")


@pytest.mark.parametrize("schedule", ["raster", "wavefront"])
def test_the_order_of_pixels(schedule: str) -> None:
    height, width = 4, 9
    rows_apart = {"raster": width, "wavefront": 4}[schedule]
    pixels = [(rows_apart * i + j, i, j) for i in range(height) for j in range(width)]
    plan = order(schedule, height, width, causal_taps(RADIUS))
    assert plan.sites.tolist() == [i * width + j for _, i, j in sorted(pixels)]


def test_the_cost() -> None:
    stated = {r[0]: int(r[1].replace(",", "")) for r in rows(part(5)) if r[1].replace(",", "").isdigit()}
    found = {name: macs for names, macs in stated.items() for name in names.split(", ")}
    assert found == {v.name: sum(v.macs) for v in VARIANTS.values()}
    assert "(160 + 16 C) H W + 48 S + 16,384 · min(H, ceil(W / 4)) bytes" in part(5)
    for height, width, channels in ((9, 14, 3), (14, 9, 1), (1, 1, 3)):
        cost = CODEC.cost(Spec(height, width, channels, 8), Params())
        assert cost.steps == width + 4 * (height - 1)
        memory = (160 + 16 * channels) * height * width + 48 * cost.steps + 16384 * min(height, -(-width // 4))
        assert cost.peak_bytes == memory


def test_the_tensors() -> None:
    stated = {r[0].split(".")[-1]: r[1] for r in rows(part(6)) if r[0].startswith("{layer}")}
    names = [r[0].split(",")[0] for r in rows(part(2)) if r[0].split(",")[0] in ("first", "head") or "block" in r[0]]
    layers = [name.replace("{n}", str(n)) for name in names for n in range(4)]
    for variant in VARIANTS.values():
        tensors = load_weights("pixelcnn", name=variant.name).tensors
        want = {
            f"{layer}.{g}.{tensor}": np.dtype(safetensors.DTYPES[dtype])
            for layer in layers
            for g in range(variant.channels)
            for tensor, dtype in stated.items()
        }
        assert {name: tensor.dtype for name, tensor in tensors.items()} == want


def test_the_parameters() -> None:
    stated = {int(r[0]): (r[1], r[3], r[4]) for r in rows(part(7)) if r[0].isdigit()}
    for option in options(Params):
        assert stated.pop(option.key) == (option.name, str(option.default), ", ".join(map(str, option.choices)))
    assert not stated
