"""Training: it learns and resumes, and what it exports is proved exact and as dense as the float network."""

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

import torch

from neuroc import safetensors
from neuroc.engines.numpy import NumpyEngine
from neuroc_pixelcnn.codec import CODEC, Params
from neuroc_pixelcnn.context import CENTRE
from neuroc_pixelcnn.layers import load_layers
from neuroc_pixelcnn.network import VARIANTS, Variant
from neuroc_pixelcnn.stages import Activations, Evaluator
from neuroc_pixelcnn.train import train
from neuroc_pixelcnn.training import FloatNetwork


def textured(seed: int, size: int = 32) -> NDArray[np.uint8]:
    """A smooth random RGB picture (size, size, 3) with a little noise."""
    g = np.random.default_rng(seed)
    smooth = np.kron(g.integers(0, 256, (size // 8, size // 8, 3)), np.ones((8, 8, 1), dtype=np.int64))
    for axis in (0, 1):
        for shift in (1, 2, 4):
            smooth = (smooth + np.roll(smooth, shift, axis=axis)) // 2
    noisy: NDArray[np.uint8] = np.clip(smooth + g.integers(-2, 3, size=smooth.shape), 0, 255).astype(np.uint8)
    return noisy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mosaic of 4 x 8 tiles."""
    path = tmp_path_factory.mktemp("pictures")
    rows = [np.concatenate([textured(8 * r + c) for c in range(8)], axis=1) for r in range(4)]
    (path / "mosaic.png").write_bytes(write_picture(Picture(np.concatenate(rows), "RGB", 8), "png"))
    return path


def request(folder: Path, out: Path, variant: str, seconds: float, resume: bool = False) -> TrainRequest:
    return TrainRequest((DataFolder(folder, 32),), out, seconds / 60, resume, "cpu", variant)


@pytest.mark.parametrize("variant", ["cifar-mixture", "grey-softmax"])
def test_a_short_training_learns_and_its_export_loses_little(
    folder: Path, tmp_path: Path, variant: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuroc_pixelcnn.train.BATCH", 512)
    out = tmp_path / "w.safetensors"
    train(request(folder, out, variant, 3))
    with out.with_suffix(".csv").open() as f:
        assert float(list(csv.DictReader(f))[-1]["validation_bits"]) < 6.5  # of 8
    loss = float(capsys.readouterr().err.rsplit("(", 1)[1].split("%")[0])
    assert abs(loss) < 2  # percent; short trainings are rough
    tensors, meta = safetensors.parse(out.read_bytes())
    assert meta == {"codec": "pixelcnn", "name": variant}
    params = Params(head=VARIANTS[variant].head)
    weights = Weights(variant, digest(out.read_bytes()), tensors)
    CODEC.model(weights, NumpyEngine(), Spec(8, 8, VARIANTS[variant].channels, 8), params)


def test_training_resumes_from_its_checkpoint_or_from_float_weights(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    train(request(folder, out, "grey-mixture", 0.3))
    first = out.read_bytes()
    train(request(folder, out, "grey-mixture", 60 * 0.1 + 0.5, resume=True))
    assert (tmp_path / f"w.{digest(first).hex()[:8]}.safetensors").read_bytes() == first
    (tmp_path / "w.checkpoint.safetensors").unlink()
    before = safetensors.parse((tmp_path / "w.float.safetensors").read_bytes())[0]
    train(request(folder, out, "grey-mixture", 0.01, resume=True))
    after = safetensors.parse((tmp_path / "w.float.safetensors").read_bytes())[0]
    assert np.allclose(before["weights.1"], after["weights.1"], atol=0.05)


def test_the_weights_of_the_other_head_are_a_start(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    out, floats = tmp_path / "w.safetensors", tmp_path / "w.float.safetensors"
    mixture = FloatNetwork(VARIANTS["grey-mixture"], seed=5)
    arrays = {k: v.numpy() for k, v in mixture.state_dict().items()}
    floats.write_bytes(safetensors.serialise(arrays, {}))
    train(request(folder, out, "grey-softmax", 0.01, resume=True))
    after = safetensors.parse(floats.read_bytes())[0]
    assert np.allclose(arrays["weights.1"], after["weights.1"], atol=0.05)
    assert len(after["weights.9"]) == 256
    floats.write_bytes(safetensors.serialise({"weights.0": arrays["weights.0"]}, {}))
    (tmp_path / "w.checkpoint.safetensors").unlink()
    with pytest.raises(UsageError, match="another network"):
        train(request(folder, out, "grey-softmax", 0.01, resume=True))


def test_what_cannot_be_trained_is_refused(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    with pytest.raises(UsageError, match="unknown variant"):
        train(request(folder, out, "purple", 1))
    with pytest.raises(UsageError, match="nothing to resume"):
        train(request(folder, out, "grey-softmax", 1, resume=True))
    beside = Variant("beside", "softmax", (4,), (4,), (((-1, 0), (0, 0)),))
    with pytest.raises(ValueError, match="1x1"):
        FloatNetwork(beside)
    assert not out.exists()


@pytest.mark.parametrize("head", ["softmax", "mixture"])
def test_the_export_computes_what_the_grid_does(head: str) -> None:
    variant = Variant("small", head, (10, 8, 8), (9, 8, 7), (CENTRE,) * 2)
    network = FloatNetwork(variant, seed=1)
    g = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for w in network.weights:
            w.add_(torch.randn(w.shape, generator=g) * 0.1)
    inputs = torch.randint(-200, 201, (400, variant.context + 2), generator=g).float()
    network.calibrate(inputs)
    assert network.grids is not None
    evaluator = Evaluator(variant, load_layers(variant, Weights("small", b"", network.export())), NumpyEngine())
    activations = Activations(evaluator, inputs.numpy().astype(np.int32))
    for c, (want, grid) in enumerate(zip(network(inputs), network.grids[-3:], strict=True)):
        clamp = variant.clamp(variant.layers[-1], c)
        integers = np.clip((want.detach() * torch.exp2(grid.p_out)).numpy(), clamp.lo, clamp.hi)
        # Float32 sums of the same whole numbers, each below 2**24 of its unit: no difference at all.
        assert np.array_equal(activations.outputs(c), integers.astype(np.int32))
