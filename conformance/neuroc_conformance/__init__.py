"""The conformance vectors of the .nrc format as data: ``ROOT`` is their folder, ``load()`` their manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent

__all__ = ["ROOT", "load"]


def load() -> dict[str, Any]:
    """The manifest: {"version": 1, "vectors": [...]}, paths relative to ROOT (README.md has the fields)."""
    manifest: dict[str, Any] = json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))
    return manifest
