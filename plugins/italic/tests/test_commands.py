"""The commands: steps, partial pictures, previews, the work limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroc import read_picture
from neuroc.picture import Picture
from neuroc.pixels import write_picture


def neuroc(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "neuroc_cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_a_picture_is_written_step_by_step(tmp_path: Path, photo: NDArray[np.uint8]) -> None:
    (tmp_path / "photo.png").write_bytes(write_picture(Picture(photo, "RGB", 8), "png"))
    options = ("--plugin", "italic", "--engine", "numpy", "--no-verify", "--no-raw")
    done = neuroc(tmp_path, "encode", *options, "--steps", "4", "--base", "dct", "photo.png")
    assert done.returncode == 0, done.stderr
    distances = []
    for option in (("--preview",), ("--upto-step", "2"), ("--upto-step", "4")):
        done = neuroc(tmp_path, "decode", *option, "photo.nrc", "-o", "shown.png", "--force")
        assert done.returncode == 0, done.stderr
        shown = read_picture(tmp_path / "shown.png").samples
        distances.append(float(np.abs(shown.astype(int) - photo).mean()))
    assert distances[0] > distances[1] > distances[2] == 0
    done = neuroc(tmp_path, "encode", *options, "--steps", "4000", "--max-work", "1000000000", "photo.png", "--force")
    assert done.returncode == 5
    assert "--max-work" in done.stderr
    done = neuroc(tmp_path, "decode", "--preview", "--upto-step", "1", "photo.nrc")
    assert done.returncode == 2
