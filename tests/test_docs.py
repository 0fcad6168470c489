"""The pages of docs/ and the tables of limits say what the code does."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neuroc.limits import DEFAULT_LIMITS

ROOT = Path(__file__).resolve().parent.parent
PAGES = (*sorted((ROOT / "docs").glob("*.md")), ROOT / "SECURITY.md", ROOT / "benchmarks" / "README.md")


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    paths = [link.partition("#")[0] for link in links if "://" not in link]
    assert [p for p in paths if p and not (page.parent / p).exists()] == []


def test_every_environment_variable_is_documented() -> None:
    sources = [*(ROOT / "core").rglob("*.py"), *(ROOT / "cli").rglob("*.py")]
    read = {v for s in sources for v in re.findall(r"\"(NEUROC_[A-Z_]+)\"", s.read_text(encoding="utf-8"))}
    documented = set(re.findall(r"\bNEUROC_[A-Z_]+\b", text("docs/environment.md")))
    assert {"NEUROC_DEBUG", "NEUROC_PLAIN_CODER", "NEUROC_WEIGHTS"} <= read
    assert documented == read


def test_the_example_for_threads_runs() -> None:
    [example] = re.findall(r"^```python\n(.*?)^```", text("docs/environment.md"), re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_option_of_train_is_explained() -> None:
    commands = text("docs/cli.md").split("## neuroc train")[1].split("\n## ")[0]
    options = set(re.findall(r"`(--[a-z-]+)", commands))
    assert options == set(re.findall(r"^\| `(--[a-z-]+)", text("docs/training.md"), re.MULTILINE))


def test_the_default_limits_stand_in_spec_readme_and_security() -> None:
    spec = text("SPEC.md").split("\n## 9 ")[1].split("\n## ")[0]
    values = {f.name: getattr(DEFAULT_LIMITS, f.name) for f in dataclasses.fields(DEFAULT_LIMITS)}
    assert values.pop("metadata") == 64 << 20
    assert values.pop("work") == 10**14
    for value in values.values():
        assert f"| 2^{value.bit_length() - 1}" in spec
        assert value.bit_count() == 1
    assert "| 64 MiB |" in spec
    assert "| 10^14 |" in spec
    assert DEFAULT_LIMITS.memory == 4 << 30
    for page in ("README.md", "SECURITY.md"):
        flat = " ".join(text(page).split())
        for words in ("2^28 pixels", "2^16 tiles", "64 MiB", "10^14 multiply", "4 GiB of working memory"):
            assert words in flat
        assert all(f"--max-{name}" in flat for name in ("pixels", "metadata", "work", "memory"))
