"""The commands: passes, previews, partial pictures."""

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


def test_a_picture_is_written_preview_first(tmp_path: Path, photo: NDArray[np.uint8]) -> None:
    (tmp_path / "photo.png").write_bytes(write_picture(Picture(photo, "RGB", 8), "png"))
    options = ("--plugin", "unet", "--engine", "numpy", "--no-verify", "--no-raw")
    done = neuroc(tmp_path, "encode", *options, "--passes", "2", "photo.png")
    assert done.returncode == 0, done.stderr
    distances = []
    for option in (("--preview",), ("--upto-step", "1"), ("--upto-step", "2")):
        done = neuroc(tmp_path, "decode", *option, "photo.nrc", "-o", "shown.png", "--force")
        assert done.returncode == 0, done.stderr
        shown = read_picture(tmp_path / "shown.png").samples
        distances.append(float(np.abs(shown.astype(int) - photo).mean()))
    assert distances[0] > distances[1] > distances[2] == 0
    done = neuroc(tmp_path, "encode", *options, "--passes", "3", "photo.png", "--force")
    assert done.returncode == 2
    assert "--passes" in done.stderr
