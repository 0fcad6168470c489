"""What lies in a folder."""

from __future__ import annotations

from pathlib import Path


def listing(folder: Path) -> list[str]:
    """Everything below ``folder`` by its relative path, sorted."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))
