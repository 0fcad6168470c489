"""Training: it learns, stops and resumes, and what it exports is proved exact and as dense as the float network."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroc.api import Spec, UsageError, Weights, digest
from neuroc.picture import Picture
from neuroc.pixels import write_picture
from neuroc.training import DataFolder, TrainRequest

pytest.importorskip("torch")

from neuroc import safetensors
from neuroc.engines.numpy import NumpyEngine
from neuroc_italic.codec import CODEC, Params
from neuroc_italic.train import train
from neuroc_italic.training import random_ends, random_run


@pytest.fixture
def folder(tmp_path: Path, photo: NDArray[np.uint8]) -> Path:
    """A mosaic of 20 tiles."""
    path = tmp_path / "pictures"
    path.mkdir()
    row = np.concatenate([np.roll(photo, 3 * k, axis=0) for k in range(20)], axis=1)
    (path / "mosaic.png").write_bytes(write_picture(Picture(np.ascontiguousarray(row), "RGB", 8), "png"))
    return path


@pytest.mark.parametrize("variant", ["rgb", "rgb-dct", "grey"])
def test_a_training_resumes_and_its_export_loses_next_to_nothing(
    folder: Path, tmp_path: Path, variant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "w.safetensors"
    data = (DataFolder(folder, 32),)
    train(TrainRequest(data, out, 0.2 / 60, False, "cpu", variant))
    first = out.read_bytes()
    _, state = safetensors.parse(out.with_suffix(".checkpoint.safetensors").read_bytes())
    train(TrainRequest(data, out, (float(state["seconds"]) + 0.2) / 60, True, "cpu", variant))
    assert out.read_bytes() != first
    with out.with_suffix(".csv").open() as f:
        assert len(list(csv.DictReader(f))) == 2
    loss = float(capsys.readouterr().err.rpartition("(")[2].split("%")[0])
    assert abs(loss) < 0.5
    tensors, meta = safetensors.parse(out.read_bytes())
    assert meta == {"codec": "italic", "name": variant}
    spec, params = Spec(8, 8, 1 if variant == "grey" else 3, 8), Params(base="dct" if "dct" in variant else "none")
    CODEC.model(Weights(variant, digest(out.read_bytes()), tensors), NumpyEngine(), spec, params)


def test_pictures_smaller_than_a_tile_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="32x32"):
        train(TrainRequest((DataFolder(folder, 16),), tmp_path / "w.safetensors", 0.01, False, "cpu", "rgb"))


def test_random_schedules_cover_all_pixels() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        ends = random_ends(random)
        assert ends[0] == 0
        assert ends[-1] == 4096
        assert ends == sorted(set(ends))
        run = random_run(random)
        assert len(run) == 3
        assert run == sorted(run)
        assert run[-1] > run[-2]
