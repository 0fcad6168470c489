"""SPEC section 16 says what unet does: passes, layers, widths, clamps, ranges, cost, parameters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from neuroc.api import Spec
from neuroc.params import options

pytest.importorskip("neuroc_unet")

from neuroc_unet import inputs, passes
from neuroc_unet.codec import CODEC, LARGEST_TILE, SITES, Params, decoding_macs
from neuroc_unet.layers import clamp_of, level_of
from neuroc_unet.network import LATENT_ZERO, MEAN_BITS, MIXTURES, PIXEL, VARIANTS

SPEC = (Path(__file__).resolve().parent.parent / "SPEC.md").read_text(encoding="utf-8")
SECTION = SPEC.split("\n## 16 ")[1].split("\n## ")[0].replace("−", "-")


def rows(text: str) -> list[list[str]]:
    found = re.findall(r"^\|(.+)\|$", text, re.M)
    return [[cell.strip().replace("`", "") for cell in row.split("|")] for row in found]


def part(number: int) -> str:
    return SECTION.split(f"\n### 16.{number} ")[1].split("\n### ")[0]


def table(name: str) -> list[list[str]]:
    return rows(SECTION.split(f"<!-- unet-{name}: begin -->")[1].split("<!-- ")[0])[2:]


def test_the_passes_and_their_latents() -> None:
    count = 0
    for n, number, lattices, levels in table("passes"):
        count = int(n or count)
        cells = {tuple(map(int, found)) for found in re.findall(r"\((\d), (\d), (\d)\)", lattices)}
        pixels = {(i, j) for i in range(8) for j in range(8) for a, b, p in cells if i % p == a and j % p == b}
        numbers = passes.cell(count)
        assert pixels == {(i, j) for i in range(8) for j in range(8) if numbers[i, j] == int(number)}
        if levels:
            assert tuple(int(level) for level in levels.split()) == passes.LATENTS[count]
    assert count == max(passes.PASSES)
    assert f"the {passes.TAPS} offsets" in part(1).replace("\n", " ")
    assert SITES == 4096
    assert f"sides are at most {LARGEST_TILE}" in SECTION.replace("\n", " ")


def test_the_widths() -> None:
    for name, channels, widths, latents, hidden in table("widths"):
        variant = VARIANTS[name]
        assert variant.channels == int(channels)
        assert variant.widths == tuple(map(int, widths.split()))
        assert variant.latents == tuple(map(int, latents.split()))
        assert variant.hidden == tuple(map(int, hidden.split()))
    assert len(table("widths")) == len(VARIANTS)


def stated_layers() -> dict[str, tuple[str, str]]:
    """Outputs and clamp of every layer as the table has them."""
    found: dict[str, tuple[str, str]] = {}
    for names, _, _, outputs, clamp in (r for r in rows(part(3)) if len(r) == 5 and r[0][:1] in "asph"):
        beyond = "l > 1" in names
        for name in names.replace(", l > 1", "").split(", "):
            levels = range(2 if beyond else 1, 5) if "{l}" in name else (0,)
            heads = [(n, k) for n in passes.PASSES for k in range(n)] if "{N}" in name else [(0, 0)]
            for level in levels:
                for n, k in heads:
                    full = name.replace("{l}", str(level)).replace("{N}", str(n)).replace("{k}", str(k))
                    found[full] = (outputs, clamp)
    return found


@pytest.mark.parametrize("name", list(VARIANTS))
def test_the_layers_their_outputs_and_clamps(name: str) -> None:
    variant = VARIANTS[name]
    stated = stated_layers()
    layers = variant.layers
    assert set(stated) == set(layers)
    for layer, (outputs, clamp) in stated.items():
        level = level_of(layer)
        w = variant.width(level) if level else 0
        below = variant.width(level - 1) if level > 1 else 0
        c, (a, b) = variant.channels, variant.hidden
        z = variant.latent(level) if level else 0
        values = {
            "w_l": w,
            "w_1": variant.width(1),
            "w_4": variant.width(4),
            "z_l": z,
            "6 z_l": 6 * z,
            "4 w_(l-1)": 4 * below,
            "4 (32 + C)": 4 * (PIXEL + c),
            "a": a,
            "b": b,
            "9 C + 3 C (C - 1) / 2": MIXTURES * (3 * c + c * (c - 1) // 2),
        }
        assert layers[layer].outputs == (int(outputs) if outputs.isdigit() else values[outputs])
        found = clamp_of(variant, layer)
        bounds = {(int(lo), int(hi)) for lo, hi in zip(found.lo, found.hi, strict=True)}
        if clamp in ("16.4", "16.5"):
            continue
        parts = clamp.split(" and ")
        ranges = {(-int(p[1:]), int(p[1:])) if p[0] == "±" else tuple(map(int, p.split(" ... "))) for p in parts}
        assert bounds == ranges


def test_the_constants_of_centres_and_latents() -> None:
    text = SECTION.replace("\n", " ")
    lowest, highest = re.findall(r"clamp\(p \+ .*?, -(\d+) · 2\^\(u⁺\), (\d+) · 2\^\(u⁺\)\)", text)[0]
    assert (-int(lowest), int(highest)) == inputs.CENTRES
    assert f"p_c = (π_c + {128 * inputs.FINE})" in text
    assert f"m_j = μ_j + {LATENT_ZERO << MEAN_BITS}" in text
    low, high = re.findall(r"the picture in -(\d+) \.\.\. (\d+)", text)[0]
    assert (-int(low), int(high)) == (-512, 508)


def test_the_cost() -> None:
    for name, number, place, pixel in table("macs"):
        variant, count = VARIANTS[name], int(number)
        s, h = int(place.replace(",", "")), int(pixel.replace(",", ""))
        assert decoding_macs(variant, count) == (s, h)
        k = 4 * 3
        spec = Spec(63, 47, variant.channels, 8)
        cost = CODEC.cost(spec, Params(passes=count))
        assert cost.macs == k * s + 48 * k * k + spec.pixels * h
        assert cost.peak_bytes == 2**23 + 102400 * k
        latents = [variant.latent(level) * k * 4 ** (4 - level) for level in passes.LATENTS[count]]
        steps = variant.channels * (count + spec.pixels // 4096) + sum(-(-n // 4096) for n in latents)
        assert cost.steps == steps
    assert len(table("macs")) == len(VARIANTS) * len(passes.PASSES)


def test_the_parameters() -> None:
    stated = {r[1]: (int(r[0]), r[3], r[4]) for r in rows(part(6)) if len(r) == 5 and r[0].isdigit()}
    for option in options(Params):
        key, default, values = stated[option.name]
        assert (key, default) == (option.key, str(option.default))
        allowed = ", ".join(map(str, option.choices)) if option.choices else f"{option.low} ... {option.high}"
        assert values == allowed
    assert len(stated) == len(options(Params))
