"""The reports of the slow checks: sections of RESULTS.md replace themselves only, the scripts explain themselves."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

CONFORMANCE = Path(__file__).parents[1] / "conformance"


def test_a_section_is_replaced_where_it_stands_and_others_stay(tmp_path: Path) -> None:
    results = runpy.run_path(str(CONFORMANCE / "results.py"))
    store, path = results["store"], tmp_path / "RESULTS.md"
    store("A", "first", path)
    store("B", "second", path)
    store("A", results["table"](["x", "y"], [["1", "a|b"]]), path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Results\n")
    assert text.endswith("## A\n\n| x | y |\n| --- | --- |\n| 1 | a/b |\n\n## B\n\nsecond\n")
    store("B", "third", path)
    assert path.read_text(encoding="utf-8") == text.replace("second", "third")


@pytest.mark.parametrize("script", ["matrix.py", "architectures/check.py"])
def test_the_scripts_have_a_usage_text(script: str) -> None:
    done = subprocess.run(
        [sys.executable, str(CONFORMANCE / script), "--help"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0
    assert "RESULTS.md" in done.stdout


def test_an_unknown_architecture_is_refused_with_the_known_ones() -> None:
    command = [sys.executable, str(CONFORMANCE / "architectures/check.py"), "vax"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "vax" in done.stderr
    assert "s390x" in done.stderr
