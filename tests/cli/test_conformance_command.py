"""``neuroc conformance``: exit codes, what is printed, JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformancesuite import FILE, REJECT, UNIT, suite_of


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return suite_of(tmp_path / "suite", FILE, REJECT, UNIT)


def test_all_is_well(call: Any, suite: Path) -> None:
    ended = call("conformance", "--vectors", suite)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "files: 1 ok; must-reject files: 1 ok; unit vectors: 1 ok\n"
    assert call("conformance", "--vectors", suite, "--quiet").out == ""


def test_json_lists_every_vector(call: Any, suite: Path) -> None:
    ended = call("conformance", "--vectors", suite, "--json")
    assert ended.code == 0
    assert ended.json == [
        {"name": name, "kind": kind, "ok": True, "error": None}
        for name, kind in ((FILE, "file"), (REJECT, "reject"), (UNIT, "unit"))
    ]


def test_a_failure_is_6_and_named(call: Any, tmp_path: Path) -> None:
    suite = suite_of(tmp_path / "suite", FILE, pixels="0" * 32)
    ended = call("conformance", "--vectors", suite)
    assert ended.code == 6
    assert ended.out.startswith(f"{FILE}: FAILED: decodes to pixels with the digest ")
    assert ended.out.endswith("files: 1 failed\n")
    assert ended.err == "neuroc: error: 1 of 1 conformance vectors failed\n"
    ended = call("conformance", "--vectors", suite, "--json")
    assert ended.code == 6
    assert ended.json[0]["ok"] is False
    assert "digest" in ended.json[0]["error"]


def test_a_skipped_vector_is_no_failure(call: Any, tmp_path: Path) -> None:
    suite = suite_of(tmp_path / "suite", FILE, codec="somebody-elses")
    ended = call("conformance", "--vectors", suite)
    assert ended.code == 0
    assert f"{FILE}: skipped: no installed plugin" in ended.out
    assert ended.out.endswith("files: 1 skipped\n")
    ended = call("conformance", "--vectors", suite, "--json")
    assert ended.json[0]["ok"] is None
    assert "pip install neuroc-somebody-elses" in ended.json[0]["error"]


def test_one_codec(call: Any, suite: Path) -> None:
    assert call("conformance", "--vectors", suite, "--plugin", "raw").out == "must-reject files: 1 ok\n"
    ended = call("conformance", "--vectors", suite, "--plugin", "nobodys")
    assert ended.code == 2
    assert "no vectors of the codec 'nobodys'" in ended.err


def test_without_the_package_the_remedy_is_named(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuroc.conformance.manifest.PACKAGE", "neuroc_conformance_of_nobody")
    ended = call("conformance", "--json")
    assert (ended.code, ended.out) == (4, "")
    assert "pip install neuroc-conformance" in ended.err


def test_mistakes_are_told_before_anything_runs(call: Any, suite: Path, tmp_path: Path) -> None:
    ended = call("conformance", "--vectors", suite, "--decoder", "decode {in}")
    assert (ended.code, ended.out) == (2, "")
    assert "{out}" in ended.err
    assert call("conformance", "--vectors", tmp_path / "nowhere").code == 7
