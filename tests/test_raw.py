"""The built-in codec ``raw``: exact for every shape and depth, small on graphics, safe for arbitrary bytes."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from neuroc.codecs import filters, raw
from neuroc.errors import StreamError
from neuroc.model import RawCodec, Spec

CODEC = raw.CODEC
PARAMS = raw.RawParams()


def spec_of(x: NDArray[Any], bits: int) -> Spec:
    return Spec(height=x.shape[0], width=x.shape[1], channels=x.shape[2], bits=bits)


def round_trip(x: NDArray[Any], bits: int) -> bytes:
    spec = spec_of(x, bits)
    data = CODEC.encode_tile(x, spec, PARAMS)
    back = CODEC.decode_tile(data, spec, PARAMS)
    assert back.dtype == x.dtype
    assert np.array_equal(back, x)
    assert back.flags.c_contiguous
    assert back.flags.writeable
    return data


def picture(kind: str, height: int, width: int, channels: int, bits: int, seed: int = 0) -> NDArray[Any]:
    """Samples (H, W, C): noise, flat areas, a photograph-like ramp, or few colours."""
    rng = np.random.default_rng(seed)
    top = 1 << bits
    shape = (height, width, channels)
    if kind == "noise":
        x = rng.integers(0, top, shape)
    elif kind == "flat":
        x = np.broadcast_to(rng.integers(0, top, (1, 1, channels)), shape)
    elif kind == "ramp":
        yx = np.add.outer(np.arange(height) * 3, np.arange(width) * 2)[:, :, None]
        x = (yx * max(1, top // 64) + rng.integers(0, max(1, top // 32), shape)) % top
    else:
        colours = rng.integers(0, top, (5, channels))
        x = colours[rng.integers(0, 5, (-(-height // 4), -(-width // 4))).repeat(4, 0).repeat(4, 1)[:height, :width]]
    return np.ascontiguousarray(x, dtype=np.uint16 if bits == 16 else np.uint8)


def test_raw_is_a_raw_codec() -> None:
    assert isinstance(CODEC, RawCodec)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["noise", "flat", "ramp", "colours"]),
    st.integers(1, 23),
    st.integers(1, 23),
    st.integers(1, 4),
    st.sampled_from([1, 2, 4, 8, 16]),
    st.integers(0, 99),
)
def test_every_size_depth_and_content_comes_back(kind: str, h: int, w: int, c: int, bits: int, seed: int) -> None:
    x = picture(kind, h, w, c, bits, seed)
    data = round_trip(x, bits)
    assert len(data) <= 1 + h * -(-w * c * bits // 8)


@pytest.mark.parametrize("word", [np.uint8, np.uint16])
@pytest.mark.parametrize("kind", range(6))
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 9), (3, 9, 1), (1, 7, 5), (4, 5, 13)])
def test_every_filter_is_exact_modulo_the_word(kind: int, shape: tuple[int, int, int], word: Any) -> None:
    x = np.random.default_rng(kind).integers(0, np.iinfo(word).max, shape, dtype=word, endpoint=True)
    assert np.array_equal(filters.restore(filters.residuals(x, kind), kind), x)


@pytest.mark.parametrize("word", [np.uint8, np.uint16])
def test_the_adaptive_filter_is_exact_with_every_mixture_of_rows(word: Any) -> None:
    x = np.random.default_rng(5).integers(0, np.iinfo(word).max, (3, 12, 8), dtype=word, endpoint=True)
    candidates = {k: filters.residuals(x, k) for k in range(6)}
    r, rows = filters.adaptive(x, candidates)
    assert np.array_equal(filters.restore(r, filters.ADAPTIVE, rows), x)
    rows = np.arange(12, dtype=np.uint8) % 6
    r = np.stack([candidates[int(k)][:, y] for y, k in enumerate(rows)], axis=1)
    assert np.array_equal(filters.restore(r, filters.ADAPTIVE, rows), x)


def test_the_filters_are_those_of_png() -> None:
    left, up, corner = (np.array([v], dtype=np.int16) for v in (10, 20, 25))
    predictions = [int(filters.predict(k, left, up, corner)[0]) for k in range(6)]
    assert predictions == [0, 10, 20, 15, 10, 10]


@pytest.mark.parametrize("flags", range(0, 128))
def test_every_form_that_the_flags_can_name_is_decoded_or_refused(flags: int) -> None:
    x = picture("colours", 9, 11, 3, 8)
    spec = spec_of(x, 8)
    for form in raw._forms(x, spec):
        if flags & (raw.GREEN | raw.PALETTE | raw.PACKED) != form.flags or flags & raw.FILTER > filters.ADAPTIVE:
            continue
        planar = bool(flags & raw.PLANAR)
        if planar and form.planes.shape[0] == 1:
            continue
        body = raw._body(form, flags & raw.FILTER, planar)
        count = bytes([form.palette - 1]) if form.palette else b""
        for data in (bytes([flags]) + count + body, bytes([flags | raw.ZSTD]) + count + raw._compress(body, 3)):
            assert np.array_equal(CODEC.decode_tile(data, spec, PARAMS), x)
            with pytest.raises(StreamError):
                CODEC.decode_tile(data + b"\0", spec, PARAMS)
            with pytest.raises(StreamError):
                CODEC.decode_tile(data[:-1], spec, PARAMS)


def test_a_single_pixel_takes_its_samples_and_one_byte() -> None:
    assert len(round_trip(np.array([[[1, 2, 3]]], dtype=np.uint8), 8)) == 4
    assert len(round_trip(np.array([[[1]]], dtype=np.uint8), 1)) == 2


def test_a_picture_of_one_colour_takes_a_few_bytes_whatever_its_size() -> None:
    assert len(round_trip(picture("flat", 300, 200, 4, 8), 8)) <= 6
    assert len(round_trip(picture("flat", 300, 200, 1, 1), 1)) <= 20


def test_noise_takes_one_byte_more_than_its_samples() -> None:
    x = picture("noise", 64, 64, 3, 8)
    assert len(round_trip(x, 8)) == x.nbytes + 1


def drawing(mode: str) -> Image.Image:
    """A drawing with shapes, dithering and text-like marks, large enough for a PNG above 16 kB."""
    rng = np.random.default_rng(3)
    x = np.full((256, 320, 3), 250, dtype=np.uint8)
    for _ in range(160):
        y, z, h, w = (int(v) for v in rng.integers(0, (240, 300, 60, 60)))
        x[y : y + h, z : z + w] = rng.integers(0, 256, 3)
    x[::3, 100:200] ^= rng.integers(0, 64, (86, 100, 3), dtype=np.uint8)
    marks = rng.integers(0, 2, (40, 6, 6), dtype=np.uint8) * 255
    for i in range(800):
        y, z = int(rng.integers(0, 250)), int(rng.integers(0, 314))
        x[y : y + 6, z : z + 6] &= marks[i % 40, :, :, None]
    return Image.fromarray(x).convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_a_drawing_is_never_larger_than_png(mode: str) -> None:
    im = drawing(mode)
    png = io.BytesIO()
    im.save(png, "png", optimize=True)
    x = np.asarray(im)
    data = round_trip(np.ascontiguousarray(x if x.ndim == 3 else x[:, :, None]), 8)
    assert len(data) <= len(png.getvalue()) * 1.01


def test_the_estimate_tells_graphics_from_noise_without_an_encode() -> None:
    noise, flat = picture("noise", 128, 128, 3, 8), picture("colours", 128, 128, 3, 8)
    assert CODEC.estimate(noise, spec_of(noise, 8)) > noise.nbytes // 2
    assert CODEC.estimate(flat, spec_of(flat, 8)) < flat.nbytes // 8
    for bits in (1, 16):
        x = picture("noise", 1, 1, 2, bits)
        assert 0 <= CODEC.estimate(x, spec_of(x, bits)) <= 40


def test_a_tile_larger_than_the_bands_that_choose_its_filter_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "_SAMPLE_BYTES", 2000)
    for kind in ("ramp", "colours", "flat", "noise"):
        for bits in (4, 8, 16):
            round_trip(picture(kind, 90, 31, 3, bits), bits)


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=60),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 4),
    st.sampled_from([1, 2, 4, 8, 16]),
)
def test_arbitrary_bytes_give_samples_or_a_stream_error(data: bytes, h: int, w: int, c: int, bits: int) -> None:
    spec = Spec(height=h, width=w, channels=c, bits=bits)
    try:
        x = CODEC.decode_tile(data, spec, PARAMS)
    except StreamError:
        return
    assert x.shape == (h, w, c)
    assert int(x.max()) < 1 << bits


@pytest.mark.parametrize("bits", [1, 4, 8, 16])
@pytest.mark.parametrize("kind", ["ramp", "colours", "flat"])
def test_every_flipped_byte_gives_samples_or_a_stream_error(kind: str, bits: int) -> None:
    x = picture(kind, 14, 15, 3, bits)
    spec = spec_of(x, bits)
    data = CODEC.encode_tile(x, spec, PARAMS)
    for i in range(len(data)):
        for flip in (0x01, 0x80, 0xFF):
            bad = bytearray(data)
            bad[i] ^= flip
            with contextlib.suppress(StreamError):
                assert CODEC.decode_tile(bytes(bad), spec, PARAMS).shape == x.shape


@pytest.mark.parametrize(
    ("data", "bits", "channels"),
    [
        (b"", 8, 3),
        (b"\x07" + bytes(12), 8, 3),  # no such filter
        (b"\x08" + bytes(4), 8, 1),  # green of a grey tile
        (b"\x10" + bytes(4), 8, 1),  # planes of one byte plane
        (b"\x20", 8, 3),  # palette without its size
        (b"\x20\x01" + bytes(10), 4, 3),  # palette of narrow samples
        (b"\x20\x00" + bytes(4), 8, 3),  # one colour and more
        (b"\x21\x00" + bytes(3), 8, 3),  # one colour and a filter
        (b"\x20\x01" + bytes(6) + b"\0\0\0\2", 8, 3),  # third of two colours
        (b"\x40" + bytes(12), 8, 3),  # packing of full bytes
        (b"\x40\x80\x41", 1, 1),  # a bit in the padding
        (b"\x00\x02" + bytes(3), 1, 1),  # a sample of two bits
        (b"\x06\x06" + bytes(13), 8, 3),  # no such row filter
        (b"\x80" + bytes(9), 8, 3),
        (b"\x80", 8, 3),
    ],
)
def test_what_the_encoder_cannot_have_made_is_refused(data: bytes, bits: int, channels: int) -> None:
    with pytest.raises(StreamError):
        CODEC.decode_tile(data, Spec(height=2, width=2, channels=channels, bits=bits), PARAMS)


def test_a_bomb_is_stopped_at_the_size_of_the_tile() -> None:
    bomb = b"\x80" + raw._compress(bytes(2**24), 19)
    with pytest.raises(StreamError):
        CODEC.decode_tile(bomb, Spec(height=2, width=2, channels=3, bits=8), PARAMS)


def test_the_compressed_form_is_a_standard_zstd_frame_without_its_fixed_start() -> None:
    import zstandard

    body = bytes(range(200)) * 10
    frame = bytes.fromhex("28b52ffd00") + bytes([(11 - 10) << 3]) + raw._compress(body, 19)
    assert zstandard.ZstdDecompressor().decompress(frame, max_output_size=len(body)) == body
    assert raw._window_log(len(body)) == 11


def test_the_cost_has_no_multiplications() -> None:
    cost = CODEC.cost(Spec(height=4, width=5, channels=3, bits=8), PARAMS)
    assert cost.macs == 0
    assert cost.peak_bytes > 60
