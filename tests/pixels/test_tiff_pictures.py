"""TIFF files keep samples and tags; the judges are tifffile and Pillow."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from neuroc.errors import LimitError, PictureError, UnsupportedPictureError, UsageError
from neuroc.limits import Limits
from neuroc.picture import BITS, CHANNELS, Picture, Record, same_picture
from neuroc.pixels import read_picture, unwritable, write_picture
from neuroc.pixels.ifd import Directory, Entry, block, parse, serialise, shorts

LAYOUTS = [(layout, how) for layout in ("strips", "tiles", "planes") for how in (None, "zlib")] + [
    ("predictor", "zlib")
]
KINDS = [(mode, bits) for mode in BITS for bits in BITS[mode]]


def picture_of(mode: str, bits: int, width: int = 7, height: int = 5, seed: int = 1) -> Picture:
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 1 << bits, (height, width, CHANNELS[mode])).astype(np.uint16 if bits == 16 else np.uint8)
    records = (Record("palette", rng.bytes(3 << bits)),) if mode == "P" else ()
    return Picture(samples, mode, bits, records)


def tiff(array: NDArray[Any], **options: Any) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, array, metadata=None, software=False, **options)
    return out.getvalue()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(KINDS), st.integers(1, 40), st.integers(1, 20), st.integers(0, 1 << 30))
def test_pictures_come_back(kind: tuple[str, int], width: int, height: int, seed: int) -> None:
    picture = picture_of(*kind, width, height, seed)
    again = read_picture(write_picture(picture, "tiff"))
    assert same_picture(picture, again)
    assert again.metadata == picture.metadata


@pytest.mark.parametrize(("mode", "bits"), [k for k in KINDS if k[1] in (8, 16)])
def test_what_is_written_is_what_tifffile_reads(mode: str, bits: int) -> None:
    picture = picture_of(mode, bits, 300, 700)
    assert np.array_equal(tifffile.imread(io.BytesIO(write_picture(picture, "tiff"))), picture.to_array())


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_what_is_written_is_what_pillow_reads(mode: str) -> None:
    picture = picture_of(mode, 1 if mode == "1" else 8)
    with Image.open(io.BytesIO(write_picture(picture, "tiff"))) as image:
        assert image.mode == mode
        assert np.array_equal(np.asarray(image), picture.to_array())


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize(("layout", "compression"), LAYOUTS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_layout_is_read_exactly(
    byteorder: str, bigtiff: bool, layout: str, compression: str | None, dtype: type
) -> None:
    highest = np.iinfo(dtype).max
    array: NDArray[Any] = np.random.default_rng(3).integers(0, highest, (37, 53, 3), endpoint=True).astype(dtype)
    stored = array.transpose(2, 0, 1) if layout == "planes" else array
    kinds: dict[str, dict[str, Any]] = {
        "strips": {"rowsperstrip": 8},
        "tiles": {"tile": (16, 32)},
        "planes": {"planarconfig": "separate"},
        "predictor": {"predictor": 2},
    }
    if layout == "predictor":
        pytest.importorskip("imagecodecs")
    data = tiff(
        stored, photometric="rgb", byteorder=byteorder, bigtiff=bigtiff, compression=compression, **kinds[layout]
    )
    picture = read_picture(data)
    assert picture.mode == "RGB"
    assert np.array_equal(picture.samples, array)
    assert picture.metadata == ()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_other_compressions_are_read_where_a_library_reads_them(dtype: type) -> None:
    pytest.importorskip("imagecodecs")
    array: NDArray[Any] = np.random.default_rng(3).integers(0, 9, (20, 30, 3)).astype(dtype)
    for compression in ("lzw", "zstd", "packbits"):
        data = tiff(array, photometric="rgb", compression=compression)
        assert np.array_equal(read_picture(data).samples, array)


def test_lzw_is_read_at_every_depth_and_damage_in_it_is_refused() -> None:
    array: NDArray[Any] = np.random.default_rng(3).integers(0, 9, (20, 30, 3)).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(array).save(out, "TIFF", compression="tiff_lzw")
    data = out.getvalue()
    assert np.array_equal(read_picture(data).samples, array)
    # The same bytes as samples of 16 bits: (20, 15, 3).
    deep = patched(patched(data, 256, 15), 258, 16, outside=True)
    assert np.array_equal(read_picture(deep).samples, array.reshape(20, -1).view("<u2").reshape(20, 15, 3))
    size = parse(data)[0].integers(279)[0]
    with pytest.raises(PictureError, match=r"a\.tif"):
        read_picture(patched(data, 279, size // 2), name="a.tif")


def test_compressions_that_know_pixels_are_refused_at_sixteen_bits() -> None:
    data = patched(tiff(np.zeros((4, 4), np.uint16), compression="zlib"), 259, 7)
    with pytest.raises(UnsupportedPictureError, match="deflate"):
        read_picture(data)


def test_fax_pages_are_read() -> None:
    array = np.random.default_rng(5).integers(0, 2, (16, 24)).astype(bool)
    for compression in ("raw", "group4"):
        out = io.BytesIO()
        Image.fromarray(array).save(out, "TIFF", compression=compression)
        picture = read_picture(out.getvalue())
        assert (picture.mode, picture.bits) == ("1", 1)
        assert np.array_equal(picture.to_array(), array)


def test_white_is_zero_is_turned_round() -> None:
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(read_picture(tiff(array, photometric="miniswhite")).to_array(), 255 - array)


def patched(data: bytes, tag: int, value: int, outside: bool = False) -> bytes:
    """The file with a SHORT of its first directory changed: the value itself, or all three where they lie outside."""
    at = struct.unpack_from("<I", data, 4)[0]
    for i in range(struct.unpack_from("<H", data, at)[0]):
        where = at + 2 + 12 * i
        if struct.unpack_from("<H", data, where)[0] == tag:
            new = struct.pack("<H", value)
            if outside:
                where, new = struct.unpack_from("<I", data, where + 8)[0] - 8, new * 3
            return data[: where + 8] + new + data[where + 8 + len(new) :]
    raise AssertionError(f"no tag {tag}")


def test_what_cannot_be_kept_is_refused_with_what_to_do() -> None:
    grey = np.zeros((4, 4), np.uint8)
    refused = [
        tiff(grey.astype(np.float32)),
        tiff(grey.astype(np.int16)),
        tiff(grey.astype(np.uint32)),
        tiff(np.zeros((4, 4, 4), np.uint8), photometric="separated"),
        tiff(np.zeros((4, 4, 4), np.uint8), photometric="rgb", extrasamples=["assocalpha"]),
        tiff(np.zeros((4, 4, 4), np.uint8), photometric="rgb", extrasamples=["unspecified"]),
        tiff(
            np.zeros((4, 7, 5), np.uint8),
            photometric="rgb",
            planarconfig="contig",
            extrasamples=["unassalpha", "unspecified"],
        ),
    ]
    for data in refused:
        with pytest.raises(UnsupportedPictureError, match=r"a\.tif.*(Convert|Remove)"):
            read_picture(data, name="a.tif")


def test_several_pages_need_a_frame() -> None:
    array = np.arange(32, dtype=np.uint8).reshape(2, 4, 4)
    data = tiff(array, photometric="minisblack")
    with pytest.raises(UnsupportedPictureError, match="--frame"):
        read_picture(data)
    assert np.array_equal(read_picture(data, frame=1).to_array(), array[1])
    with pytest.raises(UsageError):
        read_picture(data, frame=2)


def test_metadata_is_kept_and_restored() -> None:
    array = np.zeros((4, 4, 3), np.uint8)
    tags = [
        (34675, 7, 5, b"icc!!", True),
        (700, 1, 3, b"<x>", True),
        (274, 3, 1, 6, True),
        (33723, 7, 6, b"iptc..", True),
    ]
    data = tiff(
        array,
        photometric="rgb",
        description="a picture",
        resolution=((30000, 127), (72, 1)),
        resolutionunit=2,
        extratags=tags,
    )
    picture = read_picture(data)
    found = {r.key: r.data for r in picture.metadata}
    assert found["icc"] == b"icc!!"
    assert found["xmp"] == b"<x>"
    assert found["dpi"] == b"30000/127 72"
    exif = parse(found["exif"])[0]
    assert exif.entries[270].data == b"a picture\0"
    assert exif.integers(274) == (6,)
    assert exif.entries[33723].data == b"iptc.."
    assert unwritable(picture, "tiff") == unwritable(picture, "png") == []
    assert read_picture(write_picture(picture, "tiff")).metadata == picture.metadata
    through_png = read_picture(write_picture(picture, "png"))
    assert [r.key for r in through_png.metadata] == ["png.iCCP", "png.iTXt", "png.pHYs", "png.eXIf"]
    back = {r.key: r.data for r in read_picture(write_picture(through_png, "tiff")).metadata}
    assert (back["icc"], back["xmp"], back["exif"]) == (b"icc!!", b"<x>", found["exif"])


def test_sub_directories_move_with_their_block() -> None:
    inner = Directory({33434: Entry(5, struct.pack("<II", 1, 60)), 37121: Entry(7, b"\1\2\3\0")})
    outer = Directory({271: Entry(2, b"maker\0"), 34665: Entry(4, bytes(4), inner), 274: shorts(3)})
    picture = Picture(np.zeros((2, 2, 3), np.uint8), "RGB", 8, (Record("exif", block(outer)),))
    again = read_picture(write_picture(picture, "tiff"))
    assert again.metadata == picture.metadata
    sub = parse(again.metadata[0].data)[0].entries[34665].sub
    assert sub is not None
    assert sub.entries == inner.entries


def test_text_goes_into_the_tags_that_mean_it() -> None:
    records = (Record("png.tEXt", b"Title\0a"), Record("png.tEXt", b"Other\0b"), Record("png.gAMA", b"\0\1\x86\xa0"))
    picture = Picture(np.zeros((2, 2, 1), np.uint8), "L", 8, records)
    assert unwritable(picture, "tiff") == ["png.gAMA", "png.tEXt (Other)"]
    with tifffile.TiffFile(io.BytesIO(write_picture(picture, "tiff"))) as file:
        assert file.pages.first.tags[269].value == "a"


def test_damage_is_refused_and_never_half_a_picture() -> None:
    for compression in (None, "zlib"):
        data = tiff(
            np.random.default_rng(1).integers(0, 256, (20, 20, 3)).astype(np.uint8),
            photometric="rgb",
            compression=compression,
        )
        for size in range(0, len(data), 7):
            with pytest.raises(PictureError, match=r"a\.tif"):
                read_picture(data[:size], name="a.tif")
    good = tiff(np.zeros((4, 4), np.uint8), compression="zlib")
    short = zlib.compress(bytes(15))
    with pytest.raises(PictureError):
        read_picture(patched(patched(good + short, 273, len(good)), 279, len(short)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_flipped_bytes_never_raise_anything_else(at: int, mask: int) -> None:
    data = bytearray(write_picture(picture_of("RGB", 8), "tiff"))
    data[at % len(data)] ^= mask
    with contextlib.suppress(PictureError, LimitError):
        read_picture(bytes(data))


def test_limits_are_checked_from_the_tags() -> None:
    with pytest.raises(LimitError):
        read_picture(tiff(np.zeros((4, 4), np.uint8)), limits=Limits(pixels=15))


@given(st.integers(1, 10**18), st.integers(1, 10**18))
def test_resolutions_of_any_size_are_written_as_near_as_tiff_can(over: int, under: int) -> None:
    record = Record("dpi", f"{over}/{under}".encode())
    picture = Picture(np.zeros((1, 1, 1), np.uint8), "L", 8, (record,))
    again = read_picture(write_picture(picture, "tiff")).metadata
    assert [r.key for r in again] == ["dpi"]
    if max(Fraction(over, under).as_integer_ratio()) < 1 << 32:
        assert Fraction(again[0].data.decode()) == Fraction(over, under)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (shorts(300), shorts(300)),
        (Entry(11, struct.pack("<f", 72.5)), Entry(11, struct.pack("<f", 72.5))),
        (Entry(5, struct.pack("<II", 300, 1)), None),
        (Entry(5, struct.pack("<II", 300, 0)), Entry(5, struct.pack("<II", 300, 1))),
    ],
)
def test_a_resolution_that_is_not_two_rationals_is_kept_as_it_is(x: Entry, y: Entry | None) -> None:
    data = write_picture(Picture(np.zeros((2, 2, 1), np.uint8), "L", 8), "tiff")
    page = parse(data)[0]
    given = {282: x, 296: shorts(3)} | ({} if y is None else {283: y})
    page.entries |= given
    at = len(data) + len(data) % 2
    picture = read_picture(data[:4] + struct.pack("<I", at) + data[8:].ljust(at - 8, b"\0") + serialise(page, at))
    (record,) = picture.metadata
    assert record.key == "exif"
    assert parse(record.data)[0].entries == given
    assert unwritable(picture, "tiff") == []
    assert read_picture(write_picture(picture, "tiff")).metadata == picture.metadata
