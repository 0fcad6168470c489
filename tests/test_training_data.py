"""Where training pixels come from: CIFAR-10's batches, mosaics, whole small pictures with their borders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from neuroc.exact.window import neighbours
from neuroc.train.pictures import cifar_batch, read_pictures
from neuroc.train.sampling import PixelSampler
from neuroc.training import DataFolder
from neuroc_causal59k.context import RASTER_TAPS


def test_batches_of_the_binary_version_are_pictures(tmp_path: Path) -> None:
    g = np.random.default_rng(1)
    pictures = g.integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    labels = g.integers(0, 10, (5, 1), dtype=np.uint8)
    planes = pictures.transpose(0, 3, 1, 2).reshape(5, -1)
    (tmp_path / "data_batch_1.bin").write_bytes(np.concatenate([labels, planes], axis=1).tobytes())
    (tmp_path / "other.bin").write_bytes(b"\xff" * 3073)  # no such label
    (tmp_path / "short.bin").write_bytes(b"\0" * 3000)
    (tmp_path / "note.txt").write_text("no picture")
    assert np.array_equal(np.stack(read_pictures(DataFolder(tmp_path))), pictures)
    assert cifar_batch(tmp_path / "other.bin") is None
    assert cifar_batch(tmp_path / "short.bin") is None


@pytest.mark.parametrize("side", [5, 80])
def test_every_drawn_pixel_has_the_neighbours_of_the_rule(side: int) -> None:
    # Each sample of a picture tells where it is: column in channel 0, row in channel 1, picture in channel 2.
    pictures = [
        np.stack(np.broadcast_arrays(np.arange(side), np.arange(side)[:, None], n), axis=-1).astype(np.uint8)
        for n in range(3)
    ]
    sampler = PixelSampler([(1.0, pictures)], RASTER_TAPS, neighbours, seed=3)
    seen, kinds = set(), set()
    for _ in range(8):
        window, target = (t.numpy().astype(np.int64) for t in sampler.batch(400))
        j, i, n = target.T
        agree = np.zeros((2, len(target)), dtype=bool)
        for flip in (0, 1):
            flat = neighbours(i, side - 1 - j if flip else j, side, side, RASTER_TAPS)
            row, column = np.divmod(flat, side)
            column = side - 1 - column if flip else column
            want = np.stack(np.broadcast_arrays(column, row, n[:, None]), axis=-1)
            want[flat == side * side] = 128
            agree[flip] = (window == want).all(axis=(1, 2))
        assert bool(agree.any(axis=0).all())
        seen |= {tuple(pixel) for pixel in target.tolist()}
        kinds |= {int(agree[1].sum() > agree[0].sum())}
    assert kinds == {0, 1}  # mirrored and not
    if side == 5:
        assert len(seen) == 3 * side * side  # every pixel, borders too
