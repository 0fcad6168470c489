"""Streams of italic beyond the contracts of every codec: steps, base pictures, partial pictures, tiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import neuroc
from neuroc.api import ExactnessError, Spec, UsageError
from neuroc.errors import CorruptFileError, LimitError
from neuroc.limits import Limits
from neuroc_italic import head
from neuroc_italic.codec import CODEC, MAX_UNIT, Params
from neuroc_italic.inputs import look
from neuroc_italic.network import LEVEL_BITS, VARIANTS, Variant

Picture = NDArray[Any]


def coded(x: Picture, **params: Any) -> bytes:
    return neuroc.encode(x, plugin="italic", raw=False, engine="numpy", verify=False, **params)


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 8, 33, 64])
def test_any_number_of_steps_gives_the_picture_back(photo: Picture, steps: int) -> None:
    x = photo[:8, :8]
    data = coded(x, steps=steps)
    assert neuroc.info(data).params["steps"] == steps
    assert (neuroc.decode(data, engine="numpy").to_array() == x).all()


def test_more_steps_take_fewer_bytes(photo: Picture) -> None:
    sizes = [len(coded(photo, steps=n)) for n in (1, 2, 4, 8)]
    assert sizes == sorted(sizes, reverse=True)


def test_too_many_steps_are_refused_with_the_option_that_allows_them(photo: Picture) -> None:
    with pytest.raises(LimitError) as found:
        coded(photo, steps=1024, limits=Limits(work=10**9))
    assert found.value.exit_code == 5
    assert "--max-work" in str(found.value)


def test_tiles_are_64_pixels_and_larger_ones_are_refused(photo: Picture) -> None:
    x = np.tile(photo, (3, 1, 1))[:70, :20]
    data = coded(x, steps=2)
    assert neuroc.info(data).tile == 64
    assert (neuroc.decode(data, engine="numpy").to_array() == x).all()
    with pytest.raises(UsageError, match="--tile 64"):
        coded(x, tile=128)


@pytest.mark.parametrize("quality", [1, 8])
def test_a_base_picture_comes_first_and_shows_without_a_network(
    photo: Picture, quality: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = coded(photo, base="dct", base_quality=quality, steps=4)
    assert (neuroc.decode(data, engine="numpy").to_array() == photo).all()
    monkeypatch.setattr(type(CODEC), "model", None)  # any use of a network would fail
    shown = neuroc.decode_partly(data).to_array().astype(int)
    assert shown.shape == photo.shape
    assert np.abs(shown - photo).mean() < (16 if quality == 1 else 6)


def test_a_better_base_picture_is_closer(photo: Picture) -> None:
    def distance(quality: int) -> float:
        shown = neuroc.decode_partly(coded(photo, base="dct", base_quality=quality, steps=1)).to_array()
        return float(np.abs(shown.astype(int) - photo).mean())

    assert distance(8) < distance(4) < distance(1)


def test_without_a_base_picture_there_is_no_preview(photo: Picture) -> None:
    with pytest.raises(UsageError, match="--preview"):
        neuroc.decode_partly(coded(photo, steps=2))


def test_base_pictures_are_for_rgb_only(photo: Picture) -> None:
    with pytest.raises(UsageError, match="--base none"):
        coded(photo[:, :, 0], base="dct")
    rgba = np.concatenate([photo, photo[:, :, :1]], axis=2)
    assert (neuroc.decode(coded(rgba, base="dct", steps=2), engine="numpy").to_array() == rgba).all()


def test_the_picture_comes_step_by_step(photo: Picture) -> None:
    data = coded(photo, steps=6)
    shown = [neuroc.decode_partly(data, k, engine="numpy").to_array().astype(int) for k in (0, 2, 4, 6, 99)]
    errors = [float(np.abs(s - photo).mean()) for s in shown]
    assert errors == sorted(errors, reverse=True)
    assert (shown[-1] == photo).all()
    assert (shown[-2] == photo).all()
    assert errors[2] < errors[0] / 3


@pytest.mark.parametrize("bits", [8, 16])
def test_tiles_with_alpha_have_a_preview_and_come_step_by_step(photo: Picture, bits: int) -> None:
    top = (1 << bits) - 1
    x = np.tile(photo, (3, 1, 1))[:70, :20]
    x = np.concatenate([x, x[:, ::-1, :1]], axis=2)
    if bits == 16:
        x = x.astype(np.uint16) * 257
    data = coded(x, steps=3, base="dct")
    preview = neuroc.decode_partly(data).to_array().astype(int)
    assert (preview[:, :, 3] == top).all()  # alpha has no base picture
    assert np.abs(preview - x)[:, :, :3].mean() < top / 16
    shown = [neuroc.decode_partly(data, k, engine="numpy").to_array().astype(int) for k in (1, 2, 3)]
    errors = [np.abs(s - x).mean(axis=(0, 1)) for s in shown]
    assert (errors[0] > errors[1]).all()
    assert (errors[1] > errors[2]).all()
    assert not errors[2].any()


def test_a_grey_picture_comes_step_by_step(photo: Picture) -> None:
    x = photo[:, :, 0]
    data = coded(x, steps=4)
    errors = [np.abs(neuroc.decode_partly(data, k, engine="numpy").to_array().astype(int) - x).mean() for k in range(5)]
    assert errors == sorted(errors, reverse=True)
    assert errors[4] == 0 < errors[3]


def test_a_damaged_file_has_no_partial_picture(photo: Picture) -> None:
    data = bytearray(coded(photo, steps=2))
    data[len(data) // 2] ^= 1
    with pytest.raises(CorruptFileError):
        neuroc.decode_partly(bytes(data), 1, engine="numpy")


@pytest.mark.parametrize("name", list(VARIANTS))
@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_the_means_of_every_network_fit(name: str, bits: int) -> None:
    head.prove_head(VARIANTS[name], bits, MAX_UNIT)


def test_predictions_from_a_base_picture_leave_the_range_of_samples_as_far_as_is_proved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    top = 255 << LEVEL_BITS
    base, mask = np.zeros((1, 8, 8, 3), dtype=np.int32), np.zeros((8, 8), dtype=np.int32)
    base[:, :, 4:], mask[:, :4] = top, 1
    seen = look(np.full_like(base, top), mask, top // 2, 0, base)
    assert int(seen.prediction.max()) == 2 * top
    assert int(look(np.zeros_like(base), mask, top // 2, 0, top - base).prediction.min()) == -top
    honest = Variant.head_clamps
    monkeypatch.setattr(Variant, "head_clamps", lambda v: tuple(128 * c for c in honest(v)))
    head.prove_head(VARIANTS["rgb"], 16, MAX_UNIT)  # just fits
    with pytest.raises(ExactnessError, match="rgb-dct"):
        head.prove_head(VARIANTS["rgb-dct"], 16, MAX_UNIT)


def test_clamps_that_leave_too_much_room_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Variant.head_clamps
    monkeypatch.setattr(Variant, "head_clamps", lambda v: tuple(64 * c for c in honest(v)))
    with pytest.raises(ExactnessError, match="rgb"):
        head.prove_head(VARIANTS["rgb"], 8, MAX_UNIT)


def test_the_unit_of_a_deep_picture_follows_its_differences(model: Any) -> None:
    spec = Spec(32, 32, 3, 16)
    generator = np.random.default_rng(1)
    network = model(spec, Params())
    for noise, unit in ((4, 0), (64, 2), (60000, 8)):
        x = generator.integers(0, noise, (32, 32, 3)).astype(np.uint16)
        assert abs(network.adapt(x, spec, Params()).unit - unit) <= 1
