"""Writes sections of RESULTS.md: each script replaces its own and leaves the others alone."""

from __future__ import annotations

import datetime
import hashlib
import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
VECTORS = HERE / "neuroc_conformance"
HEAD = """# Results

The last runs of the slow checks, written by their commands; a section is replaced when its command
runs again.
"""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def stamp() -> str:
    """When this was run, and on what: the date, the commit, the digest of the manifest."""
    manifest = hashlib.sha256((VECTORS / "manifest.json").read_bytes()).hexdigest()[:16]
    return f"{datetime.date.today().isoformat()}, commit {_commit()}, vectors {manifest}"


def _commit() -> str:
    """The last commit that changed what is tested, with "and changes" where the folder differs from it."""
    tested = ("--", "core", "plugins", "conformance", ":!conformance/RESULTS.md")

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(HERE.parent), *words], capture_output=True, text=True).stdout.strip()

    short = git("log", "-1", "--abbrev=10", "--format=%h", *tested)
    changed = git("status", "--porcelain", *tested)
    return f"{short or 'unknown'}{' and changes' if changed else ''}"


def store(section: str, text: str, path: Path = RESULTS) -> None:
    """Put ``text`` under the heading ``section`` of the file, at its end if there is no such section yet."""
    whole = path.read_text(encoding="utf-8") if path.exists() else HEAD
    block = f"## {section}\n\n{text.strip()}\n"
    found = re.search(rf"^## {re.escape(section)}\n.*?(?=^## |\Z)", whole, re.DOTALL | re.MULTILINE)
    if found:
        after = whole[found.end() :]
        whole = whole[: found.start()] + block + ("\n" + after if after else "")
    else:
        whole = f"{whole.rstrip()}\n\n{block}"
    path.write_text(whole, encoding="utf-8")
