"""Streams of unet beyond the contracts of every codec: passes, previews, partial pictures, tiles, depths, bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import neuroc
from neuroc.api import ExactnessError, HeaderError, Spec, Step, UsageError, WeightsError
from neuroc.distributions import estimate_bits
from neuroc.engines.numpy import NumpyEngine
from neuroc.errors import CorruptFileError
from neuroc.weights import resolve_weights
from neuroc_unet import head
from neuroc_unet.codec import CODEC, MAX_UNIT, SITES, Params
from neuroc_unet.inputs import CENTRES
from neuroc_unet.layers import LARGEST_TILE, MOST_KEYS, clamp_of, level_of, range_of
from neuroc_unet.network import VARIANTS
from neuroc_unet.passes import LATENTS, PASSES

Picture = NDArray[Any]


def coded(x: Picture, **params: Any) -> bytes:
    return neuroc.encode(x, plugin="unet", raw=False, engine="numpy", verify=False, **params)


def like(x: Picture, bits: int) -> Spec:
    height, width, channels = x.shape
    return Spec(height, width, channels, bits)


def steps_of(model: Any, x: Picture, params: Params) -> list[tuple[Step, float]]:
    """The steps that code samples (H, W, C), with their bits."""
    bits = 16 if x.dtype == np.uint16 else 8
    spec = like(x, bits)
    network = model(spec, params)
    params = network.adapt(x, spec, params)
    planes, _ = network.analyse(x[None], spec, params)
    found = []
    generator = network.steps(spec, params, ())
    symbols: Any = None
    try:
        while True:
            step = generator.send(symbols)
            symbols = planes[step.plane][:, step.sites]
            found.append((step, sum(estimate_bits(f) for _, f in step.dist.intervals(symbols.reshape(-1)))))
    except StopIteration:
        return found


@pytest.mark.parametrize("passes", PASSES)
def test_any_number_of_passes_gives_the_picture_back(photo: Picture, passes: int) -> None:
    data = coded(photo, passes=passes)
    assert neuroc.info(data).params["passes"] == passes
    assert (neuroc.decode(data, engine="numpy").to_array() == photo).all()


def test_three_passes_are_refused(photo: Picture) -> None:
    with pytest.raises(UsageError, match="1, 2, 4, 8"):
        coded(photo, passes=3)


def test_the_latents_come_first_and_steps_are_as_many_as_the_cost_says(model: Any, photo: Picture) -> None:
    x = np.tile(photo, (3, 3, 1))
    for passes in PASSES:
        params = Params(passes=passes)
        steps = [step for step, _ in steps_of(model, x, params)]
        planes = [step.plane for step in steps]
        latents = len(LATENTS[passes])
        assert sorted(set(planes)) == list(range(3 + latents))
        first = planes.index(0)
        assert planes[:first] == sorted(planes[:first])
        assert max(planes[first:]) == 2
        assert all(len(step.sites) <= SITES for step in steps)
        assert len(steps) <= CODEC.cost(like(x, 8), params).steps <= len(steps) + 3 * passes


def test_the_preview_needs_the_latents_alone(photo: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    data = coded(photo, passes=2)
    shown = neuroc.decode_partly(data, engine="numpy").to_array().astype(int)
    assert np.abs(shown - photo).mean() < 24
    assert (shown == neuroc.decode_partly(data, 0, engine="numpy").to_array()).all()


@pytest.mark.parametrize("x", [np.s_[:, :, :], np.s_[:17, :9, 0], np.s_[:5, :7, :]])
def test_the_picture_comes_pass_by_pass(photo: Picture, x: Any) -> None:
    picture = photo[x]
    data = coded(picture, passes=4)
    shown = [neuroc.decode_partly(data, k, engine="numpy").to_array().astype(int) for k in (0, 1, 3, 4, 99)]
    errors = [float(np.abs(s - picture).mean()) for s in shown]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > errors[1] > errors[2] > errors[3] == errors[4] == 0


def test_a_guess_leaves_what_is_known_as_it_is(photo: Picture) -> None:
    shown = neuroc.decode_partly(coded(photo, passes=4), 2, engine="numpy").to_array()
    assert (shown[::2, ::2] == photo[::2, ::2]).all()
    assert (shown[1::2, 1::2] == photo[1::2, 1::2]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_guesses_beyond_the_range_of_samples_are_clamped(dtype: Any) -> None:
    x = np.random.default_rng(0).integers(0, 6, (64, 64, 3)).astype(dtype)  # so dark that centres fall below zero
    shown = neuroc.decode_partly(coded(x, passes=4), 1, engine="numpy").to_array()
    assert int(shown.max()) < 64


def test_a_damaged_file_has_no_preview(photo: Picture) -> None:
    data = bytearray(coded(photo, passes=1))
    data[len(data) // 2] ^= 1
    with pytest.raises(CorruptFileError):
        neuroc.decode_partly(bytes(data), engine="numpy")


def test_large_pictures_are_cut_into_tiles_and_larger_ones_are_refused(photo: Picture) -> None:
    x = np.tile(photo[:8], (1, 17, 1))[:, : LARGEST_TILE + 7]
    data = coded(x, passes=1)
    assert neuroc.info(data).tile == LARGEST_TILE
    assert (neuroc.decode(data, engine="numpy").to_array() == x).all()
    with pytest.raises(UsageError, match="--tile 512"):
        coded(x, tile=1024)


def test_deep_pictures_are_seen_like_those_of_8_bits(model: Any, photo: Picture) -> None:
    for shift in (0, 3, 8):
        x = photo.astype(np.uint16) << shift
        spec = like(x, 16)
        params = model(spec, Params()).adapt(x, spec, Params())
        assert params.unit == shift
        latents = model(spec, params).analyse(x[None], spec, params)[0][3:]
        plain = model(like(x, 8), Params()).analyse(photo[None], like(x, 8), Params())[0][3:]
        assert all(np.array_equal(a, b) for a, b in zip(latents, plain, strict=True))
        assert (neuroc.decode(coded(x), engine="numpy").to_array() == x).all()
    with pytest.raises(HeaderError, match="unit"):
        model(Spec(8, 8, 3, 16), Params()).analyse(np.zeros((1, 8, 8, 3), np.uint16), Spec(8, 8, 3, 16), Params())


def test_alpha_and_grey_go_through_the_grey_network(photo: Picture) -> None:
    for x in (photo[:, :, 0], np.concatenate([photo, photo[:, :, :1]], axis=2)):
        data = coded(x, passes=2)
        assert (neuroc.decode(data, engine="numpy").to_array() == x).all()
        assert (neuroc.decode_partly(data, engine="numpy").to_array().shape) == x.shape
    assert CODEC.weights_name(Spec(8, 8, 1, 8, kind="alpha"), Params()) == "grey"


@pytest.mark.parametrize("name", list(VARIANTS))
@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_the_means_of_every_network_fit(name: str, bits: int) -> None:
    head.prove_head(VARIANTS[name], bits, MAX_UNIT)


def test_centres_that_leave_too_much_room_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head, "CENTRES", tuple(c << 9 for c in CENTRES))
    with pytest.raises(ExactnessError, match="means"):
        head.prove_head(VARIANTS["rgb"], 8, MAX_UNIT)


@pytest.mark.parametrize("name", list(VARIANTS))
def test_every_layer_has_inputs_of_the_range_that_the_layer_before_gives(name: str) -> None:
    variant = VARIANTS[name]
    for layer, shape in variant.layers.items():
        inputs, outputs = range_of(variant, layer), clamp_of(variant, layer)
        assert len(inputs.lo) == shape.columns
        assert len(outputs.lo) == shape.outputs
        assert (inputs.lo <= inputs.hi).all()
    # y, h and d of the core: attention makes h signed there, and only there.
    assert [int(range_of(variant, f"synthesis{n}.latent").lo[variant.width(n)]) for n in (1, 4)] == [0, -2047]
    assert [level_of(n) for n in ("analysis3.down", "synthesis1.conv0", "pixel", "head8.3.0")] == [3, 1, 0, 0]
    assert MOST_KEYS == 1024


def test_a_core_out_of_range_is_refused() -> None:
    weights = resolve_weights("unet", "grey")
    core = np.full_like(weights.tensors["core"], 2048)
    damaged = replace(weights, tensors={**weights.tensors, "core": core})
    with pytest.raises(WeightsError, match="core"):
        CODEC.model(damaged, NumpyEngine(), Spec(8, 8, 1, 8), Params())
