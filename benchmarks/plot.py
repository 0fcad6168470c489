"""Bars of bits per sub-pixel as SVG, written by hand: the same bytes on every machine (tables.py stores the file)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from neuroc.peers import LABELS

WIDTH, LEFT, BAR, GAP, TITLE = 800, 290, 20, 6, 34
PLAIN, OURS, INK = "#9aa7b4", "#c2571a", "#24292f"


def density_plot(sets: Sequence[dict[str, Any]], names: Mapping[str, str]) -> str:
    """One group of bars a set of pictures (documents of density.py), shorter is better."""
    top = max(c["bpsp"] for d in sets for c in d["codecs"])
    body: list[str] = []
    y = 8
    for d in sets:
        y += TITLE
        name = names.get(d["data"], d["data"])
        body.append(
            text(8, y - 10, f"{name}, {d['pictures']} pictures: bits per sub-pixel (less is better)", bold=True)
        )
        for c in sorted(d["codecs"], key=lambda c: c["bpsp"]):
            peer = c["codec"] in LABELS
            length = round(c["bpsp"] / top * (WIDTH - LEFT - 70))
            ours = "neuroc " + c["codec"].replace(":", ", ").replace("=", " ")
            body.append(text(LEFT - 8, y + 15, LABELS.get(c["codec"], ours), end=True, bold=not peer))
            body.append(f'<rect x="{LEFT}" y="{y}" width="{length}" height="{BAR}" fill="{PLAIN if peer else OURS}"/>')
            body.append(text(LEFT + length + 6, y + 15, f"{c['bpsp']:.3f}", bold=not peer))
            y += BAR + GAP
    height = y + 8
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="13">\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
    )
    return head + "\n".join(body) + "\n</svg>\n"


def text(x: int, y: int, content: str, *, end: bool = False, bold: bool = False) -> str:
    """A text element."""
    style = (' text-anchor="end"' if end else "") + (' font-weight="bold"' if bold else "")
    return f'<text x="{x}" y="{y}" fill="{INK}"{style}>{escape(content)}</text>'
