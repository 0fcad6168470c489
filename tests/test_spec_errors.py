"""SPEC section 13 lists every error with its exit code, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from neuroc.errors import NeurocError

SPEC = (Path(__file__).resolve().parent.parent / "SPEC.md").read_text(encoding="utf-8")


def kinds(base: type[NeurocError]) -> Iterator[type[NeurocError]]:
    yield base
    for kind in base.__subclasses__():
        if kind.__module__ == NeurocError.__module__:
            yield from kinds(kind)


def test_the_table_is_complete_and_current() -> None:
    section = SPEC.split("\n## 13 ")[1].split("\n## ")[0]
    stated = {code: int(number) for code, number in re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", section, re.M)}
    assert stated == {kind.code: kind.exit_code for kind in kinds(NeurocError)}


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in kinds(NeurocError)]
    assert len(codes) == len(set(codes))


def test_errors_named_elsewhere_in_the_document_exist() -> None:
    codes = {kind.code for kind in kinds(NeurocError)}
    named = re.findall(r"error `([a-z-]+)`", SPEC)
    assert named
    assert set(named) <= codes
