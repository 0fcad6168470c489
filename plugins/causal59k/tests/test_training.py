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
from neuroc_causal59k.codec import CODEC, Params
from neuroc_causal59k.evaluation import luma
from neuroc_causal59k.network import VARIANTS
from neuroc_causal59k.train import train


def textured(seed: int, size: int = 64) -> NDArray[np.uint8]:
    """A smooth random RGB picture (size, size, 3) with a little noise."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, size=(size // 16 + 1, size // 16 + 1, 3))
    smooth = np.kron(coarse, np.ones((16, 16, 1), dtype=np.int64))[:size, :size]
    for axis in (0, 1):
        for shift in (1, 2, 4):
            smooth = (smooth + np.roll(smooth, shift, axis=axis)) // 2
    noisy: NDArray[np.uint8] = np.clip(smooth + generator.integers(-2, 3, size=smooth.shape), 0, 255).astype(np.uint8)
    return noisy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mosaic of 4 x 8 tiles."""
    path = tmp_path_factory.mktemp("pictures")
    rows = [np.concatenate([textured(8 * r + c) for c in range(8)], axis=1) for r in range(4)]
    (path / "mosaic.png").write_bytes(write_picture(Picture(np.concatenate(rows), "RGB", 8), "png"))
    return path


def request(folder: Path, out: Path, variant: str, seconds: float, resume: bool = False) -> TrainRequest:
    return TrainRequest((DataFolder(folder, 64),), out, seconds / 60, resume, "cpu", variant)


def curve(out: Path) -> list[dict[str, str]]:
    with out.with_suffix(".csv").open() as f:
        return list(csv.DictReader(f))


@pytest.mark.parametrize("variant", ["rgb", "rgb-diagonal", "grey"])
def test_a_short_training_learns_and_its_export_loses_nothing(
    folder: Path, tmp_path: Path, variant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "w.safetensors"
    train(request(folder, out, variant, 2.5))
    assert float(curve(out)[-1]["validation_bits"]) < 6  # of 8
    report = capsys.readouterr().err
    loss = float(report.rsplit("(", 1)[1].split("%")[0])
    assert abs(loss) < 1  # percent; short trainings are rough
    tensors, meta = safetensors.parse(out.read_bytes())
    assert meta == {"codec": "causal59k", "name": variant}
    channels = VARIANTS[variant].channels
    params = Params(schedule="diagonal") if variant == "rgb-diagonal" else Params()
    for bits in (8, 16):
        CODEC.model(
            Weights(variant, digest(out.read_bytes()), tensors), NumpyEngine(), Spec(8, 8, channels, bits), params
        )


def test_training_resumes_where_it_stopped(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    train(request(folder, out, "grey", 0.5))
    first = curve(out)[-1]
    train(request(folder, out, "grey", float(first["seconds"]) + 3, resume=True))
    second = curve(out)[-1]
    assert int(second["steps"]) > int(first["steps"])
    assert float(second["seconds"]) >= float(first["seconds"])


def test_without_a_checkpoint_the_float_weights_are_the_start(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    train(request(folder, out, "grey", 1.0))
    (tmp_path / "w.checkpoint.safetensors").unlink()
    before = safetensors.parse((tmp_path / "w.float.safetensors").read_bytes())[0]
    train(request(folder, out, "grey", 0.01, resume=True))
    after = safetensors.parse((tmp_path / "w.float.safetensors").read_bytes())[0]
    assert np.allclose(before["weights.1"], after["weights.1"], atol=0.05)


def test_what_cannot_be_trained_is_refused(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    with pytest.raises(UsageError, match="unknown variant"):
        train(request(folder, out, "purple", 1))
    with pytest.raises(UsageError, match="nothing to resume"):
        train(request(folder, out, "grey", 1, resume=True))
    with pytest.raises(UsageError, match="at least 20"):
        train(TrainRequest((DataFolder(folder),), out, 1, device="cpu"))
    assert not out.exists()


def test_data_folders_are_read_from_their_short_form() -> None:
    assert DataFolder.parse("a/b") == DataFolder(Path("a/b"))
    assert DataFolder.parse("a:96") == DataFolder(Path("a"), 96)
    assert DataFolder.parse("a:96@0.3") == DataFolder(Path("a"), 96, 0.3)
    with pytest.raises(UsageError):
        DataFolder.parse("a@0")


def test_luma_is_exact_for_grey_pictures() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    assert np.array_equal(luma(np.repeat(grey, 3, axis=2)), grey)


def test_an_interrupted_training_can_be_resumed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from neuroc_causal59k.training import Trainer

    out, honest, calls = tmp_path / "w.safetensors", Trainer.step, []

    def interrupted(self: Trainer, fraction: float) -> float:
        calls.append(fraction)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return honest(self, fraction)

    monkeypatch.setattr(Trainer, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(request(folder, out, "grey", 60))
    assert (tmp_path / "w.checkpoint.safetensors").exists()
    assert not out.exists()


def test_weights_that_files_may_need_are_never_replaced(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    train(request(folder, out, "grey", 0.5))
    first = out.read_bytes()
    spent = float(curve(out)[-1]["seconds"])
    with pytest.raises(UsageError, match="are done"):
        train(request(folder, out, "grey", spent / 2, resume=True))
    assert out.read_bytes() == first
    train(request(folder, out, "grey", spent + 2, resume=True))
    assert (tmp_path / f"w.{digest(first).hex()[:8]}.safetensors").read_bytes() == first


def test_mosaics_must_consist_of_whole_tiles(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tiles of 63"):
        train(TrainRequest((DataFolder(folder, 63),), tmp_path / "w.safetensors", 1, device="cpu"))


def test_a_training_that_ended_without_its_weights_can_be_finished(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    train(request(folder, out, "grey", 0.5))
    out.unlink()
    (tmp_path / "w.float.safetensors").unlink()
    train(request(folder, out, "grey", 0.5, resume=True))
    assert safetensors.parse(out.read_bytes())[1]["name"] == "grey"
