"""README.md says what the code does: its commands, its example, its exit codes, its figures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neuroc import errors

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The contents of the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_python_example_runs(tmp_path: Path) -> None:
    [example] = blocks("python")
    # Small matrices gain nothing from threads, and wait for each other on a busy machine.
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, env=one_thread, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "480x480 RGB" in done.stdout
    assert "truncated - " in done.stdout
    assert (tmp_path / "photo.png").exists()


def test_both_commands_are_one_line_each_that_makes_its_own_environment_with_pinned_versions() -> None:
    commands = [b for b in blocks("sh") if b.startswith("python3")]
    assert [c.count("\n") for c in commands] == [1, 1]
    for command in commands:
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -c constraints.txt ")
        assert " ./plugins/*/ " in command
    assert commands[0].endswith(".venv/bin/neuroc demo\n")
    assert commands[1].endswith(".venv/bin/python -m pytest\n")


@pytest.mark.parametrize("shell", ["powershell", "bat"])
def test_the_windows_commands_install_the_same(shell: str) -> None:
    [block] = blocks(shell)
    demo, tests = block.splitlines()
    for line in (demo, tests):
        assert line.startswith("py -m venv .venv")
        assert "-c constraints.txt" in line
    assert demo.endswith("neuroc demo")
    assert tests.endswith("python -m pytest")
    assert '".[test]"' in tests
    if shell == "bat":  # has no pattern for folders
        plugins = [p.parent.name for p in (ROOT / "plugins").glob("*/pyproject.toml")]
        assert all(rf".\plugins\{name}" in line for name in plugins for line in (demo, tests))


def test_every_exit_code_stands_in_the_readme() -> None:
    table = README.split("## Exit codes")[1].split("##")[0]
    codes = {int(c) for c in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    raised = {c.exit_code for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.NeurocError)}
    assert codes == raised | {0, 130}


def test_relative_links_lead_somewhere() -> None:
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link}
    assert [link for link in links if link and not (ROOT / link).exists()] == []


def test_tables_and_plot_are_those_of_the_stored_results() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/tables.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_dependency_is_pinned() -> None:
    """What pyproject.toml asks for by name stands in constraints.txt with an exact version."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    names = {re.split(r"[<>=;\[ ]", r)[0].lower() for r in wanted} - {"neuroc-codec"}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines if "==" in line and not line.startswith("#")}
    assert names <= pinned
