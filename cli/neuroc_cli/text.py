"""Texts for people: numbers with units, and names out of files that cannot play with the terminal."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any


def clean(text: str) -> str:
    """``text`` with every control, format and surrogate character replaced by "?"."""
    return "".join("?" if unicodedata.category(c).startswith("C") else c for c in text)


def one_line(text: str) -> str:
    """``text`` on one line without control characters."""
    return clean(" ".join(text.split()))


def size(n: int) -> str:
    """Bytes as people read them: 812 B, 45.1 kB, 1.30 MB."""
    if n < 1000:
        return f"{n} B"
    value, units = n / 1000, ["kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        del units[0]
    return f"{value:.3g} {units[0]}" if value < 100 else f"{value:.0f} {units[0]}"


def count(n: int, thing: str) -> str:
    """``1 picture``, ``2 pictures``."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def rate(pixels: int, seconds: float) -> str:
    """Megapixels per second."""
    return f"{pixels / seconds / 1e6:.3g} MP/s" if seconds > 0 else "- MP/s"


def table(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Rows as aligned columns, the first ``left`` ones flush left; the first row is the heading."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def print_json(document: Any) -> None:
    """The one JSON document on stdout; ASCII only, so that no name can break the encoding."""
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
