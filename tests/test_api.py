"""Pictures to files and back by the Python API: every mode and size, tiles, regions, batches, progress."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

import neuroc
from naturalpictures import natural
from neuroc.container import parse
from neuroc.errors import NeurocError, UsageError, VerificationError
from neuroc.picture import BITS, CHANNELS, Picture, Record, same_picture
from neuroc.tiles import CODEC

MODES = [(mode, bits) for mode, depths in BITS.items() for bits in depths]


def picture(mode: str, bits: int, height: int, width: int, seed: int = 1) -> Picture:
    """A natural-looking picture of any mode, with records that must come back."""
    channels = CHANNELS[mode]
    samples = natural(height, width, channels, 16 if bits == 16 else 8, seed)
    if bits < 8:
        samples = samples >> np.uint8(8 - bits)
    records: tuple[Record, ...] = (Record("text", b"k\0v" * seed), Record("icc", bytes(range(200))), Record("x", b""))
    if mode == "P":
        records = (Record("png.PLTE", bytes(3 << bits)), *records)
    return Picture(np.ascontiguousarray(samples), mode, bits, records)


def same(a: Picture, b: Picture) -> bool:
    return same_picture(a, b) and a.metadata == b.metadata


@given(
    st.sampled_from(MODES),
    st.integers(1, 20),
    st.integers(1, 20),
    st.sampled_from([512, 8, 5]),
    st.integers(1, 99),
    st.sampled_from(["rans24", "range24"]),
    st.sampled_from(["wavefront", "serial"]),
)
@settings(max_examples=40, deadline=None)
def test_any_picture_comes_back_with_its_metadata(
    mode: tuple[str, int], height: int, width: int, tile: int, seed: int, coder: str, schedule: str
) -> None:
    p = picture(*mode, height, width, seed)
    unit: dict[str, Any] = {"unit": seed % 9} if mode[1] == 16 else {}  # chosen by trial elsewhere
    data = neuroc.encode(p, tile=tile, coder=coder, schedule=schedule, verify=False, **unit)
    assert same(neuroc.decode(data), p)
    info = neuroc.info(data)
    assert (info.width, info.height, info.mode, info.bits) == (width, height, *mode)


@pytest.mark.parametrize(("mode", "bits"), MODES)
def test_every_mode_goes_through_the_network_where_it_has_one(mode: str, bits: int) -> None:
    p = picture(mode, bits, 22, 19)
    params: dict[str, Any] = {"unit": 7} if bits == 16 else {}
    data = neuroc.encode(p, verify=False, **params)
    assert same(neuroc.decode(data), p)
    if mode not in ("1", "P") and bits > 4:
        assert neuroc.info(data).plugin == "causal59k"
    raw = neuroc.encode(p, plugin="raw")
    assert neuroc.info(raw).plugin == "raw"
    assert same(neuroc.decode(raw), p)
    assert len(data) <= len(raw) + 64  # a network's name and digest in the header


@pytest.mark.parametrize(("mode", "bits"), [("RGB", 8), ("RGBA", 8), ("RGB", 16), ("RGBA", 16)])
def test_the_diagonal_schedule_codes_colour_and_leaves_alpha_to_the_wavefront(mode: str, bits: int) -> None:
    p = picture(mode, bits, 21, 23)
    data = neuroc.encode(p, schedule="diagonal", tile=16)
    info = neuroc.info(data)
    assert (info.plugin, info.params["schedule"]) == ("causal59k", "diagonal")
    assert same(neuroc.decode(data), p)


def test_the_diagonal_schedule_has_no_network_for_grey() -> None:
    with pytest.raises(UsageError):
        neuroc.encode(natural(9, 9, 1), schedule="diagonal")


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 2)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_arrays_of_any_shape_come_back(shape: tuple[int, int], channels: int) -> None:
    x = natural(*shape, channels)
    back = neuroc.decode(neuroc.encode(x))
    assert np.array_equal(np.asarray(back), x[:, :, 0] if channels == 1 else x)


def test_arrays_pillow_images_and_pictures_give_the_same_file() -> None:
    x = natural(12, 13)
    views: list[Any] = [
        np.ascontiguousarray(x),
        x[::-1][::-1],
        np.asfortranarray(x),
        Image.fromarray(x),
        Picture(x, "RGB", 8),
    ]
    files = {neuroc.encode(v) for v in views}
    assert len(files) == 1
    assert np.array_equal(np.asarray(neuroc.decode(files.pop()).to_pillow()), x)


def test_a_region_is_the_crop_of_the_picture() -> None:
    p = picture("RGBA", 8, 27, 33)
    for tile in (512, 9):
        data = neuroc.encode(p, tile=tile, verify=False)
        for x, y, w, h in ((0, 0, 33, 27), (0, 0, 1, 1), (32, 26, 1, 1), (5, 6, 20, 3), (7, 8, 2, 2), (0, 13, 33, 1)):
            part = neuroc.decode(data, region=(x, y, w, h))
            assert np.array_equal(part.samples, p.samples[y : y + h, x : x + w])
            assert part.metadata == p.metadata
        for wrong in ((0, 0, 34, 1), (-1, 0, 2, 2), (0, 0, 0, 1), (33, 0, 1, 1), (0, 27, 1, 1)):
            with pytest.raises(UsageError):
                neuroc.decode(data, region=wrong)


def test_arguments_of_the_wrong_kind_are_usage_errors() -> None:
    x = natural(6, 7)
    data = neuroc.encode(x, plugin="raw")
    for region in ((1, 2), (0, 0, 1.5, 2), 7, "abcd"):
        with pytest.raises(UsageError, match="region"):
            neuroc.decode(data, region=region)  # type: ignore[arg-type]
    wrong: list[Any] = [0, -1, 1.0, "x"]
    for batch in wrong:
        for call in (neuroc.decode, neuroc.salvage, neuroc.verify):
            with pytest.raises(UsageError, match="batch"):
                call(data, batch=batch)
        with pytest.raises(UsageError, match="batch"):
            neuroc.encode(x, plugin="raw", batch=batch)
    for tile in ("a", 2.0, None):
        with pytest.raises(UsageError, match="tile"):
            neuroc.encode(x, plugin="raw", tile=tile)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="regoin"):
        neuroc.decode(data, regoin=(0, 0, 1, 1))  # type: ignore[call-arg]


def test_integers_of_numpy_are_as_good_as_any() -> None:
    x = natural(6, 7)
    data = neuroc.encode(x, plugin="raw", tile=np.int64(4), batch=np.uint8(2))  # type: ignore[arg-type]
    assert data == neuroc.encode(x, plugin="raw", tile=4)
    region = tuple(np.array([1, 2, 3, 4]))
    assert np.array_equal(neuroc.decode(data, region=region).samples, x[2:6, 1:4])
    assert neuroc.encode(x[:1, :1], plugin="raw", tile=True)


def test_engine_and_batch_change_no_byte() -> None:
    p = picture("RGB", 8, 20, 18)
    choices = [("auto", None), ("numpy", 1), ("numpy", 4), ("auto", 100)]
    files = {neuroc.encode(p, tile=7, batch=b, engine=e, verify=False) for e, b in choices}
    assert len(files) == 1
    data = files.pop()
    assert all(same(neuroc.decode(data, batch=b), p) for b in (1, 7, 64))


def test_many_files_of_any_kind_decode_together_with_errors_in_their_place() -> None:
    pictures = [picture(m, b, 12, 10 + (n % 2), n + 1) for n, (m, b) in enumerate(MODES)]
    params: list[dict[str, Any]] = [{"unit": 6} if p.bits == 16 else {} for p in pictures]
    files = [neuroc.encode(p, tile=8, verify=False, **k) for p, k in zip(pictures, params, strict=True)]
    files += [neuroc.encode(p, verify=False, schedule="serial") for p in pictures if p.mode == "RGB" and p.bits == 8]
    wanted = [*pictures, *(p for p in pictures if p.mode == "RGB" and p.bits == 8)]
    files.insert(3, b"not a file")
    files.append(files[-1][:-30])
    found = neuroc.decode_many(files, batch=5)
    assert isinstance(found[3], NeurocError)
    assert isinstance(found[-1], NeurocError)
    good = [f for n, f in enumerate(found) if n not in (3, len(found) - 1)]
    for f, w in zip(good, wanted, strict=True):
        assert isinstance(f, Picture)
        assert same(f, w)
    assert neuroc.decode_many([]) == []


def test_equal_files_in_one_call_come_back_each() -> None:
    p = picture("RGB", 8, 9, 9)
    data = neuroc.encode(p)
    assert all(isinstance(f, Picture) and same(f, p) for f in neuroc.decode_many([data] * 5))


def test_encoding_many_leaves_errors_in_their_place() -> None:
    seen: list[tuple[int, int]] = []
    images: list[Any] = [natural(6, 6), np.zeros((3, 3), np.float32), natural(5, 5, 1), "no picture"]
    a, b, c, d = neuroc.encode_many(images, progress=lambda *x: seen.append(x))
    assert isinstance(a, bytes)
    assert a == neuroc.encode(images[0])
    assert isinstance(c, bytes)
    assert isinstance(b, NeurocError)
    assert isinstance(d, NeurocError)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_of_many_encoded_pictures_the_one_that_does_not_decode_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from neuroc import decoder

    honest, together = decoder.decode_files, []

    def wrong(datas: Any, *rest: Any) -> Any:
        together.append(len(datas))
        pictures = honest(datas, *rest)
        return [pictures[0], pictures[0], *pictures[2:]]

    monkeypatch.setattr(decoder, "decode_files", wrong)
    images = [natural(6, 6) + np.uint8(k) for k in range(3)]
    a, b, c = neuroc.encode_many(images)
    assert together == [3]  # in lock-step
    assert isinstance(a, bytes)
    assert isinstance(b, VerificationError)
    assert isinstance(c, bytes)
    assert all(isinstance(data, bytes) for data in neuroc.encode_many(images, verify=False))


@pytest.mark.parametrize("tile", [512, 8])
@pytest.mark.parametrize(("mode", "plugin"), [("RGB", "causal59k"), ("LA", "causal59k"), ("RGBA", "raw")])
def test_progress_rises_to_its_total(mode: str, plugin: str, tile: int) -> None:
    seen: list[tuple[int, int]] = []
    p = picture(mode, 8, 20, 18)

    def check() -> None:
        done = [d for d, _ in seen]
        assert done == sorted(done)
        assert len({t for _, t in seen}) == 1
        assert done[-1] == seen[-1][1] > 0
        seen.clear()

    data = neuroc.encode(p, plugin=plugin, tile=tile, progress=lambda *x: seen.append(x))
    check()
    neuroc.decode(data, progress=lambda *x: seen.append(x))
    check()
    neuroc.decode(data, region=(3, 3, 6, 6), progress=lambda *x: seen.append(x))
    check()


def test_verification_compares_with_the_given_picture() -> None:
    x = natural(10, 10)
    data = neuroc.encode(x)
    neuroc.verify(data)
    neuroc.verify(data, x)
    other = x.copy()
    other[9, 9, 2] ^= 1
    with pytest.raises(VerificationError):
        neuroc.verify(data, other)


def test_an_encoder_that_lies_is_caught_by_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    from neuroc import encoder
    from neuroc.driver import encode_items as honest

    def lie(model: Any, x: NDArray[Any], *rest: Any) -> list[bytes]:
        wrong = x.copy()
        wrong[:, 0, 0, 0] ^= 1
        return honest(model, wrong, *rest)

    monkeypatch.setattr(encoder, "encode_items", lie)
    with pytest.raises(NeurocError) as caught:
        neuroc.encode(natural(48, 48))
    assert isinstance(caught.value, VerificationError)
    assert caught.value.exit_code == 6


def test_smooth_pictures_shrink() -> None:
    x = natural(64, 64)
    assert len(neuroc.encode(x)) < 0.6 * x.size


def test_the_overhead_of_a_small_file_is_small() -> None:
    info = neuroc.info(neuroc.encode(natural(16, 16)))
    assert info.plugin == "causal59k"
    assert info.bytes - info.payload_bytes <= 160


def test_a_file_of_raw_alone_wins_where_the_header_decides() -> None:
    for side in (1, 4, 9):
        x = natural(side, side)
        assert len(neuroc.encode(x)) <= len(neuroc.encode(x, plugin="raw"))


def test_graphics_are_not_cut_into_the_tiles_of_the_network() -> None:
    row = np.random.default_rng(3).integers(0, 256, size=(1, 600, 3)).astype(np.uint8)
    x = np.repeat(row, 40, axis=0)  # two tiles for the network, and nothing that a second row adds
    data = neuroc.encode(x)
    assert neuroc.info(data).tiles == 1
    assert np.array_equal(np.asarray(neuroc.decode(data)), x)
    assert neuroc.info(neuroc.encode(x, plugin="raw", tile=100)).tiles == 6


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_without_raw_everything_that_the_codec_can_code_is_left_with_it(mode: str) -> None:
    x = np.zeros((90, 70, len(mode)), dtype=np.uint8)
    assert neuroc.info(neuroc.encode(x)).plugin == "raw"
    data = neuroc.encode(x, raw=False, tile=40)
    assert neuroc.info(data).plugin == "causal59k"
    parsed = parse(data)
    assert {method for t in range(len(parsed.grid)) for method, _ in parsed.tile_groups(t)} == {CODEC}
    assert np.array_equal(neuroc.decode(data).samples, x)


def test_without_raw_palettes_still_go_to_it() -> None:
    picture = neuroc.Picture(np.zeros((9, 7, 1), dtype=np.uint8), "1", 1)
    assert neuroc.info(neuroc.encode(picture, raw=False)).plugin == "raw"


def test_the_package_lists_its_public_names() -> None:
    assert {*neuroc.__all__, "__version__"} <= set(dir(neuroc))


@pytest.mark.parametrize("name", ["a.png", Path("a.png")])
def test_a_name_is_no_picture(name: Any) -> None:
    with pytest.raises(UsageError, match=r"neuroc\.read_picture"):
        neuroc.encode(name)
