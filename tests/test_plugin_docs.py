"""docs/plugins.md names every hook, and no hook that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

from neuroc import hookspecs

DOCS = (Path(__file__).resolve().parent.parent / "docs" / "plugins.md").read_text(encoding="utf-8")


def test_every_hook_is_documented() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("neuroc_")}
    assert set(re.findall(r"\bneuroc_register_\w+", DOCS)) == hooks
