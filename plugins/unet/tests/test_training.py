"""Training: it learns, stops and resumes, and what it exports is proved exact and as dense as the float network."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroc.api import Spec, UsageError, digest
from neuroc.picture import Picture
from neuroc.pixels import write_picture
from neuroc.training import DataFolder, TrainRequest

pytest.importorskip("torch")

from neuroc import safetensors
from neuroc.engines.numpy import NumpyEngine
from neuroc_unet import export
from neuroc_unet.codec import CODEC, Params
from neuroc_unet.evaluation import compare, exact_bits, float_bits, weights_of
from neuroc_unet.floatnet import FloatNetwork
from neuroc_unet.network import VARIANTS
from neuroc_unet.passes import PASSES
from neuroc_unet.train import train


@pytest.fixture
def folder(tmp_path: Path, photo: NDArray[np.uint8]) -> Path:
    """A mosaic of 20 tiles."""
    path = tmp_path / "pictures"
    path.mkdir()
    tile = np.tile(photo, (2, 2, 1))
    row = np.concatenate([np.roll(tile, 3 * k, axis=0) for k in range(20)], axis=1)
    (path / "mosaic.png").write_bytes(write_picture(Picture(np.ascontiguousarray(row), "RGB", 8), "png"))
    return path


@pytest.mark.parametrize("variant", ["rgb", "grey"])
def test_a_training_resumes_and_its_export_loses_next_to_nothing(
    folder: Path, tmp_path: Path, variant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "w.safetensors"
    data = (DataFolder(folder, 64),)
    train(TrainRequest(data, out, 0.2 / 60, False, "cpu", variant))
    first = out.read_bytes()
    _, state = safetensors.parse(out.with_suffix(".checkpoint.safetensors").read_bytes())
    train(TrainRequest(data, out, (float(state["seconds"]) + 0.2) / 60, True, "cpu", variant))
    assert out.read_bytes() != first
    with out.with_suffix(".csv").open() as f:
        assert len(list(csv.DictReader(f))) == 2
    loss = float(capsys.readouterr().err.rpartition("(")[2].split("%")[0])
    assert abs(loss) < 0.5
    _, meta = safetensors.parse(out.read_bytes())
    assert meta == {"codec": "unet", "name": variant}
    spec = Spec(8, 8, 1 if variant == "grey" else 3, 8)
    CODEC.model(weights_of(out.read_bytes()), NumpyEngine(), spec, Params())
    # The command that exports a checkpoint writes the same.
    export.main([str(out.with_suffix(".checkpoint.safetensors")), str(tmp_path / "again.safetensors")])
    assert (tmp_path / "again.safetensors").read_bytes() == out.read_bytes()
    assert digest(out.read_bytes()).hex() in capsys.readouterr().out


def test_pictures_smaller_than_a_tile_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="64x64"):
        train(TrainRequest((DataFolder(folder, 32),), tmp_path / "w.safetensors", 0.01, False, "cpu", "rgb"))


@pytest.mark.parametrize("passes", PASSES)
def test_the_integers_do_what_the_float_network_does(photo: NDArray[np.uint8], passes: int) -> None:
    network = FloatNetwork(VARIANTS["rgb"], seed=passes)
    data = export.serialised(network)
    exact, real = exact_bits(weights_of(data), photo, passes), float_bits(network, photo, passes)
    assert len(exact.latents) == len(real.latents)
    for a, b in zip((*exact.latents, *exact.samples), (*real.latents, *real.samples), strict=True):
        assert a == pytest.approx(b, rel=0.03, abs=30)
    ((a, b),) = compare(network, data, [photo], passes)
    assert a == pytest.approx(b, rel=0.01)
