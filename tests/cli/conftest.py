"""The command line in this process: ``call`` gives exit code, stdout and stderr; pictures are small and made here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuroc
from neuroc.picture import Picture
from neuroc_cli.main import main

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Ended]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a command in ``tmp_path``; a failure must be one line without a traceback."""
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()

    def run(*arguments: object) -> Ended:
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Ended(code, out, err)

    return run


@pytest.fixture(scope="session")
def program() -> Callable[..., subprocess.Popen[bytes]]:
    """Start ``neuroc`` as a process of its own."""
    paths = [str(ROOT / "core"), str(ROOT / "cli"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}

    def start(*arguments: object, site: Path | None = None, **keywords: Any) -> subprocess.Popen[bytes]:
        if site is not None:  # a folder with a sitecustomize.py
            keywords["env"] = {**environment, "PYTHONPATH": f"{site}{os.pathsep}{environment['PYTHONPATH']}"}
        command = [sys.executable, "-m", "neuroc_cli", *map(str, arguments)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(command, **{"env": environment, **pipes, **keywords})

    return start


@pytest.fixture(scope="session")
def picture() -> Picture:
    """A small colour picture with structure and noise."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:20, 0:30]
    samples = np.stack([x * 7, y * 11, x + y], axis=2) + rng.integers(0, 9, (20, 30, 3))
    return Picture(np.ascontiguousarray(samples.astype(np.uint8)), "RGB", 8)


@pytest.fixture
def photo(tmp_path: Path, picture: Picture) -> Path:
    """The picture as photo.png in ``tmp_path``."""
    path = tmp_path / "photo.png"
    path.write_bytes(neuroc.write_picture(picture, "png"))
    return path


@pytest.fixture(scope="session")
def nrc_bytes(picture: Picture) -> bytes:
    return neuroc.encode(picture, plugin="raw", verify=False)


@pytest.fixture
def nrc(tmp_path: Path, nrc_bytes: bytes) -> Path:
    """The picture as photo.nrc in ``tmp_path``."""
    path = tmp_path / "photo.nrc"
    path.write_bytes(nrc_bytes)
    return path


@pytest.fixture
def tree(tmp_path: Path, photo: Path) -> Path:
    """A folder with a picture at the top, one in a sub-folder, and a file that is none."""
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.png").write_bytes(photo.read_bytes())
    (folder / "sub" / "b.PNG").write_bytes(photo.read_bytes())
    (folder / "notes.txt").write_text("no picture")
    return folder
