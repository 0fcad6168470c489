"""PNG files are read sample for sample and chunk for chunk; the judge is tests/pngref.py."""

from __future__ import annotations

import io
import random
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

import pngref
from neuroc.errors import LimitError, PictureError, UnsupportedPictureError, UsageError
from neuroc.limits import DEFAULT_LIMITS, Limits
from neuroc.picture import Picture, Record, same_picture
from neuroc.pixels import read_picture, unwritable, write_picture
from neuroc.pixels.png import read_png

MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
KINDS = [(colour, bits) for colour, depths in pngref.DEPTHS.items() for bits in depths]
PALETTE = bytes(range(48))


def pixels_of(colour: int, bits: int, width: int, height: int, seed: int = 1) -> pngref.Pixels:
    rng = random.Random(seed)
    return [
        [tuple(rng.randrange(1 << bits) for _ in range(pngref.CHANNELS[colour])) for _ in range(width)]
        for _ in range(height)
    ]


def png(colour: int, bits: int, pixels: pngref.Pixels, **options: object) -> bytes:
    if colour == 3:
        options.setdefault("before", [("PLTE", PALETTE)])
    return pngref.encode(colour, bits, pixels, **options)  # type: ignore[arg-type]


def assert_says(picture: Picture, colour: int, bits: int, pixels: pngref.Pixels) -> None:
    assert picture.mode == ("1" if (colour, bits) == (0, 1) else MODES[colour])
    assert picture.bits == bits
    assert picture.samples.tolist() == [[list(p) for p in row] for row in pixels]


@pytest.mark.parametrize(("colour", "bits"), KINDS)
@pytest.mark.parametrize("interlaced", [False, True])
def test_every_colour_type_and_depth_is_read_exactly(colour: int, bits: int, interlaced: bool) -> None:
    for width, height in ((1, 1), (3, 5), (5, 3), (13, 9), (1, 8), (17, 1)):
        pixels = pixels_of(colour, bits, width, height)
        data = png(colour, bits, pixels, interlaced=interlaced, filters=(4, 3, 2, 1, 0))
        assert_says(read_picture(data), colour, bits, pixels)
        assert_says(read_png(data, None, DEFAULT_LIMITS, None, pillow=False), colour, bits, pixels)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 20),
    st.integers(1, 20),
    st.booleans(),
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
    st.integers(0, 40),
    st.integers(0, 1 << 30),
)
def test_random_pngs_are_read_exactly_and_come_back(
    kind: tuple[int, int], width: int, height: int, interlaced: bool, filters: list[int], split: int, seed: int
) -> None:
    colour, bits = kind
    pixels = pixels_of(colour, bits, width, height, seed)
    data = png(colour, bits, pixels, interlaced=interlaced, filters=filters, split=split)
    picture = read_picture(data)
    assert_says(picture, colour, bits, pixels)
    assert same_picture(picture, read_png(data, None, DEFAULT_LIMITS, None, pillow=False))
    written = write_picture(picture, "png")
    assert pngref.decode(written)[:3] == (colour, bits, pixels)
    assert read_picture(written).metadata == picture.metadata


def test_smooth_pictures_use_every_filter_and_come_back() -> None:
    y, x = np.mgrid[0:60, 0:70]
    rows = np.stack([3 * x + y, x * y // 16, (x - 35) ** 2 // 5], axis=2).astype(np.uint8)
    rows[20:30] = 7
    rows[40:44] = np.arange(70)[:, None]
    written = write_picture(Picture(rows, "RGB", 8), "png")
    colour, bits, pixels, _ = pngref.decode(written)
    assert (colour, bits) == (2, 8)
    assert pixels == [[tuple(p) for p in row] for row in rows.tolist()]


def test_a_png_without_ancillary_chunks_gives_no_records() -> None:
    assert read_picture(png(2, 8, pixels_of(2, 8, 4, 4))).metadata == ()


CHUNKS_FIRST = [
    ("gAMA", b"\0\1\x86\xa0"),
    ("sBIT", b"\5\6\5"),
    ("cICP", b"\1\x0d\0\1"),
    ("iCCP", b"x\0\0" + zlib.compress(b"p")),
]
CHUNKS_MIDDLE = [
    ("tRNS", b"\0\1\0\2\0\3"),
    ("bKGD", b"\0\0\0\0\0\0"),
    ("hIST", b"\0\1" * 16),
    ("pHYs", b"\0\0\x0b\x13\0\0\x0b\x13\1"),
]
CHUNKS_LAST = [
    ("tIME", b"\x07\xea\1\2\3\4\5"),
    ("eXIf", b"II*\0"),
    ("tEXt", b"a\0b"),
    ("zTXt", b"a\0\0" + zlib.compress(b"b")),
    ("prVt", b"\0\xff"),
]


def test_every_chunk_comes_back_verbatim_in_its_place() -> None:
    before = [*CHUNKS_FIRST, ("PLTE", PALETTE), *CHUNKS_MIDDLE]
    after = [*CHUNKS_LAST, ("iTXt", b"a\0\0\0\0\0\xc3\xa4")]
    data = png(2, 8, pixels_of(2, 8, 4, 4), before=before, after=after)
    picture = read_picture(data)
    assert picture.metadata[0] == Record("png.gAMA", b"\0\1\x86\xa0")
    assert picture.metadata[-1].key == "png.after.iTXt"
    assert unwritable(picture, "png") == []
    kept = [c for c in pngref.decode(write_picture(picture, "png"))[3] if c[0] not in ("IHDR", "IDAT", "IEND")]
    assert kept == before + after


@pytest.mark.parametrize(("colour", "trns"), [(0, b"\0\3"), (2, b"\0\1\0\2\0\3"), (3, b"\0\x80\xff")])
def test_transparency_leaves_the_samples_alone(colour: int, trns: bytes) -> None:
    pixels = pixels_of(colour, 8, 9, 9)
    before = [("PLTE", PALETTE)] if colour == 3 else []
    picture = read_picture(png(colour, 8, pixels, before=[*before, ("tRNS", trns)]))
    assert_says(picture, colour, 8, pixels)
    assert picture.metadata[-1] == Record("png.tRNS", trns)


def test_bytes_after_the_end_are_kept() -> None:
    data = png(0, 8, pixels_of(0, 8, 2, 2)) + b"a second life"
    picture = read_picture(data)
    assert picture.metadata == (Record("tail", b"a second life"),)
    assert write_picture(picture, "png").endswith(b"IEND\xaeB`\x82a second life")


def test_any_truncation_is_refused() -> None:
    data = png(2, 8, pixels_of(2, 8, 5, 5))
    for size in range(len(data)):
        with pytest.raises(PictureError):
            read_picture(data[:size], name="a.png")


def test_any_flipped_byte_is_refused_by_name() -> None:
    data = png(0, 8, pixels_of(0, 8, 5, 5), before=[("gAMA", b"\0\1\x86\xa0")])
    for at in range(8, len(data)):
        bad = bytearray(data)
        bad[at] ^= 0x41
        with pytest.raises((PictureError, LimitError), match=r"a\.png"):
            read_picture(bytes(bad), name="a.png")


def rebuilt(data: bytes, stream: bytes) -> bytes:
    return pngref.SIGNATURE + b"".join(
        pngref.chunk(kind, stream if kind == "IDAT" else body) for kind, body in pngref.chunks(data)
    )


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("lenient", [False, True])
def test_wrong_compressed_data_is_refused_whatever_pillow_is_told(
    interlaced: bool, lenient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", lenient)
    data = png(2, 8, pixels_of(2, 8, 8, 8), interlaced=interlaced)
    stream = b"".join(body for kind, body in pngref.chunks(data) if kind == "IDAT")
    raw = zlib.decompress(stream)
    wrong = [
        zlib.compress(raw[:-1]),
        zlib.compress(raw + b"\0"),
        zlib.compress(b"\5" + raw[1:]),
        stream[:-4],
        stream[:-1] + bytes([stream[-1] ^ 1]),
        stream + b"more",
        b"",
        b"nothing compressed",
    ]
    for bad in wrong:
        with pytest.raises(PictureError, match=r"a\.png"):
            read_picture(rebuilt(data, bad), name="a.png")


def test_misplaced_and_unknown_chunks_are_refused() -> None:
    pixels = pixels_of(3, 8, 3, 3)
    for before in ([], [("PLTE", b"ab")], [("PLTE", PALETTE), ("PLTE", PALETTE)], [("PLTE", PALETTE), ("ABCD", b"")]):
        with pytest.raises(PictureError):
            read_picture(png(3, 8, pixels, before=before))


def test_limits_are_checked_before_anything_is_decoded() -> None:
    data = rebuilt(png(0, 8, pixels_of(0, 8, 4, 4)), b"not even compressed")
    with pytest.raises(LimitError, match=r"--max-pixels 16"):
        read_picture(data, limits=Limits(pixels=15))
    with pytest.raises(LimitError):
        read_picture(png(0, 8, [[(1,)]], before=[("teSt", bytes(100))]), limits=Limits(metadata=99))


def animation() -> bytes:
    frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


def test_an_animation_needs_a_frame() -> None:
    data = animation()
    with pytest.raises(UnsupportedPictureError, match="--frame"):
        read_picture(data)
    first, last = read_picture(data, frame=0), read_picture(data, frame=2)
    assert first.samples[0, 0].tolist() == [255, 0, 0]
    assert first.metadata == ()
    assert (last.mode, last.samples[3, 5].tolist()) == ("RGBA", [0, 0, 255, 255])
    with pytest.raises(UsageError, match="there are 3"):
        read_picture(data, frame=3)


def test_an_animation_of_one_frame_keeps_its_chunks() -> None:
    before = [("acTL", struct.pack(">II", 1, 0)), ("fcTL", bytes(26))]
    picture = read_picture(png(0, 8, [[(1,)]], before=before))
    assert [r.key for r in picture.metadata] == ["png.acTL", "png.fcTL"]


def test_a_palette_picture_without_palette_is_not_written() -> None:
    with pytest.raises(UsageError, match="palette"):
        write_picture(Picture(np.zeros((2, 2, 1), np.uint8), "P", 2), "png")
