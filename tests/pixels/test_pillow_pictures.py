"""Formats that Pillow reads exactly, and Pillow images themselves."""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from neuroc.errors import LimitError, PictureError, UnsupportedPictureError, UsageError
from neuroc.limits import Limits
from neuroc.picture import BITS, CHANNELS, Picture, Record, same_picture
from neuroc.pixels import read_picture, source_remark, unwritable, write_picture
from neuroc.pixels.pillow import from_pillow, to_pillow

KINDS = [(mode, bits) for mode in BITS for bits in BITS[mode]]
RNG = np.random.default_rng(7)
RGB = RNG.integers(0, 256, (11, 13, 3)).astype(np.uint8)


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


@pytest.mark.parametrize("format", ["BMP", "TGA", "SGI", "QOI"])
def test_lossless_formats_are_read_exactly(format: str) -> None:
    picture = read_picture(saved(Image.fromarray(RGB), format))
    assert picture.mode == "RGB"
    assert np.array_equal(picture.samples, RGB)
    assert {r.key for r in picture.metadata} <= {"dpi"}


@pytest.mark.skipif(not features.check("webp"), reason="this Pillow has no WebP")
def test_webp_with_alpha_is_read_exactly() -> None:
    array = RNG.integers(0, 256, (11, 13, 4)).astype(np.uint8)
    data = saved(Image.fromarray(array), "WEBP", lossless=True, exact=True)
    assert np.array_equal(read_picture(data).samples, array)
    assert source_remark(data) is None


def test_gif_keeps_indices_palette_transparency_and_comment() -> None:
    image = Image.frombytes("P", (3, 2), bytes([0, 1, 2, 3, 2, 1]))
    image.putpalette(bytes(range(10, 22)))
    picture = read_picture(saved(image, "GIF", transparency=2, comment=b"hello", optimize=False))
    assert (picture.mode, picture.bits) == ("P", 2)
    assert picture.samples.ravel().tolist() == [0, 1, 2, 3, 2, 1]
    assert picture.metadata == (
        Record("palette", bytes(range(10, 22))),
        Record("png.tRNS", b"\xff\xff\0"),
        Record("text", b"Comment\0hello"),
    )
    again = read_picture(write_picture(picture, "png"))
    assert same_picture(picture, again)
    assert sorted(r.key for r in again.metadata) == ["palette", "png.tEXt", "png.tRNS"]


def test_an_animated_gif_needs_a_frame() -> None:
    frames = [Image.new("RGB", (4, 4), c) for c in ("red", "blue")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(UnsupportedPictureError, match="--frame"):
        read_picture(data)
    assert to_pillow(read_picture(data, frame=1)).convert("RGB").getpixel((0, 0)) == (0, 0, 255)
    with pytest.raises(UsageError, match="there are 2"):
        read_picture(data, frame=2)


def test_a_jpeg_keeps_its_metadata_and_gets_a_remark() -> None:
    exif = Image.Exif()
    exif[274] = 6
    image = Image.fromarray(RGB)
    data = saved(image, "JPEG", dpi=(300, 300), icc_profile=b"p" * 40, exif=exif, xmp=b"<x/>", comment=b"gr\xfc\xdfe")
    picture = read_picture(data)
    with Image.open(io.BytesIO(data)) as reference:
        assert np.array_equal(picture.samples, np.asarray(reference))
    found = {r.key: r.data for r in picture.metadata}
    assert found["icc"] == b"p" * 40
    assert found["exif"] == exif.tobytes().removeprefix(b"Exif\0\0")
    assert found["xmp"] == b"<x/>"
    assert found["dpi"] == b"300"
    assert found["text"] == "Comment\0grüße".encode()
    assert "JPEG is already lossy" in (source_remark(data) or "")
    with Image.open(io.BytesIO(write_picture(picture, "png"))) as restored:
        assert restored.info["icc_profile"] == b"p" * 40
        assert restored.getexif()[274] == 6
        assert restored.info["Comment"] == "grüße"
        assert restored.size == image.size  # orientation is kept, never applied
        assert round(restored.info["dpi"][0]) == 300
    assert unwritable(picture, "png") == []
    assert unwritable(picture, "ppm") == ["icc", "exif", "xmp", "dpi"]


def test_other_segments_of_a_jpeg_are_kept_and_said_to_be_lost() -> None:
    data = saved(Image.fromarray(RGB), "JPEG")
    data = data[:2] + b"\xff\xed\0\x06abcd" + data[2:]
    picture = read_picture(data)
    assert Record("jpeg.APP13", b"abcd") in picture.metadata
    assert unwritable(picture, "png") == unwritable(picture, "tiff") == ["jpeg.APP13"]


def test_what_a_phone_appends_to_a_jpeg_is_kept() -> None:
    data = saved(Image.fromarray(RGB), "JPEG", quality=95, exif=b"Exif\0\0\xff\xd9")
    assert read_picture(data + b"a film").metadata[-1] == Record("tail", b"a film")
    assert "tail" not in [r.key for r in read_picture(data).metadata]


def test_every_comment_of_a_jpeg_is_kept_in_order() -> None:
    data = saved(Image.fromarray(RGB), "JPEG", comment=b"second")
    data = data[:2] + b"\xff\xfe\0\x07first" + data[2:]
    texts = [r for r in read_picture(data).metadata if r.key == "text"]
    assert texts == [Record("text", b"Comment\0first"), Record("text", b"Comment\0second")]


PALETTED = Image.fromarray(RGB).quantize(200)


@pytest.mark.parametrize(
    ("format", "image", "options"),
    [
        ("BMP", Image.fromarray(RGB), {}),
        ("BMP", PALETTED, {}),
        ("BMP", Image.fromarray(RGB[:, :, 0] > 99), {}),
        ("GIF", PALETTED, {}),
        ("GIF", PALETTED, {"comment": b"c" * 700, "transparency": 3}),
        ("TGA", Image.fromarray(RGB), {}),
        ("TGA", Image.fromarray(RGB), {"compression": "tga_rle"}),
        ("TGA", PALETTED, {"id_section": b"made here"}),
        ("TGA", PALETTED, {"compression": "tga_rle"}),
        pytest.param(
            "WEBP",
            Image.fromarray(RGB),
            {"lossless": True},
            marks=pytest.mark.skipif(not features.check("webp"), reason="this Pillow has no WebP"),
        ),
    ],
)
def test_bytes_after_the_picture_are_kept(format: str, image: Image.Image, options: dict[str, Any]) -> None:
    data = saved(image, format, **options)
    plain = read_picture(data)
    assert "tail" not in [r.key for r in plain.metadata]
    picture = read_picture(data + b"a film")
    assert same_picture(picture, plain)
    expected = b"a film" if format != "TGA" else data[-26:] + b"a film"
    assert picture.metadata == (*plain.metadata, Record("tail", expected))


def test_bytes_after_a_run_length_bitmap_are_kept() -> None:
    rows = b"\4\1\0\0\4\2\0\1"
    head = struct.pack("<IiiHHIIiiII", 40, 4, 2, 1, 8, 1, len(rows), 0, 0, 3, 0)
    start = 14 + 40 + 12
    data = struct.pack("<2sIII", b"BM", start + len(rows), 0, start) + head + bytes(range(12)) + rows
    assert "tail" not in [r.key for r in read_picture(data).metadata]
    assert read_picture(data + b"more").metadata[-1] == Record("tail", b"more")


@pytest.mark.parametrize("compression", [None, "tga_rle"])
def test_a_targa_keeps_its_id_field_and_its_extension_area(compression: str | None) -> None:
    data = saved(Image.fromarray(RGB), "TGA", id_section=b"made\0here", compression=compression)
    body, footer = data[:-26], data[-26:]
    assert read_picture(data).metadata == (Record("tga.id", b"made\0here"),)
    area = (495).to_bytes(2, "little") + b"by nobody".ljust(493, b"\0")
    footer = len(body).to_bytes(4, "little") + footer[4:]
    picture = read_picture(body + area + footer)
    assert picture.metadata == (Record("tga.id", b"made\0here"), Record("tail", area + footer))
    assert unwritable(picture, "png") == ["tga.id"]
    assert unwritable(picture, "tiff") == ["tga.id", "tail"]


def test_a_bitmap_keeps_its_resolution_exactly() -> None:
    data = bytearray(saved(Image.fromarray(RGB), "BMP"))
    data[38:46] = (2835).to_bytes(4, "little") * 2
    assert read_picture(bytes(data)).metadata == (Record("dpi", b"72009/1000"),)


@pytest.mark.parametrize("mode", ["CMYK"])
def test_pixels_that_cannot_be_kept_are_refused(mode: str) -> None:
    with pytest.raises(UnsupportedPictureError, match=r"CMYK.*Convert"):
        read_picture(saved(Image.new(mode, (4, 4)), "JPEG"), name="a.jpg")


@pytest.mark.parametrize("mode", ["F", "I", "CMYK", "YCbCr", "LAB", "HSV", "RGBX", "PA", "La"])
def test_images_that_cannot_be_kept_are_refused(mode: str) -> None:
    with pytest.raises(UnsupportedPictureError, match="Convert"):
        from_pillow(Image.new(mode, (2, 2)))


def test_depth_is_never_reduced_silently() -> None:
    sgi = bytearray(saved(Image.fromarray(RGB), "SGI"))
    sgi[3] = 2
    with pytest.raises(UnsupportedPictureError, match="16 bits"):
        read_picture(bytes(sgi))
    deep = write_picture(Picture(RNG.integers(0, 65536, (4, 4, 3)).astype(np.uint16), "RGB", 16), "png")
    with Image.open(io.BytesIO(deep)) as image, pytest.raises(UnsupportedPictureError, match="read_picture"):
        from_pillow(image)


@pytest.mark.skipif(not features.check("jpg_2000"), reason="this Pillow has no JPEG 2000")
def test_deep_jpeg_2000_is_refused() -> None:
    assert np.array_equal(read_picture(saved(Image.fromarray(RGB), "JPEG2000")).samples, RGB)
    image = Image.frombytes("I;16", (8, 8), bytes(128))
    with pytest.raises(UnsupportedPictureError, match="16 bits"):
        read_picture(saved(image, "JPEG2000"))


def test_damage_is_refused() -> None:
    for format in ("BMP", "GIF", "JPEG", "TGA", "WEBP"):
        data = saved(Image.fromarray(RGB), format)
        for size in (len(data) // 2, 30):
            with pytest.raises(PictureError, match=r"a\.file"):
                read_picture(data[:size], name="a.file")


def test_pillows_own_limit_does_not_matter_but_ours_does(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.new("RGB", (3000, 1000)), "BMP")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10**6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_picture(data).samples.shape == (1000, 3000, 3)
    with pytest.raises(LimitError, match="--max-pixels 3000000"):
        read_picture(data, limits=Limits(pixels=10**6))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([(m, b) for m in BITS for b in BITS[m]]), st.integers(1, 20), st.integers(1, 9), st.integers(0, 99)
)
def test_pictures_come_back_from_pillow(kind: tuple[str, int], width: int, height: int, seed: int) -> None:
    mode, bits = kind
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 1 << bits, (height, width, CHANNELS[mode])).astype(np.uint16 if bits == 16 else np.uint8)
    records = (Record("palette", rng.bytes(3 << bits)), Record("png.tRNS", b"\1\2")) if mode == "P" else ()
    picture = Picture(samples, mode, bits, records)
    if bits == 16 and mode != "L":
        with pytest.raises(UnsupportedPictureError):
            to_pillow(picture)
        return
    again = from_pillow(to_pillow(picture))
    assert np.array_equal(again.samples, samples)
    assert again.mode == mode
    assert again.metadata == records
    assert again.bits == (8 if mode == "L" and bits < 8 else bits)
