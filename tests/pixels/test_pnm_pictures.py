"""PBM, PGM, PPM and PAM files keep samples, maxval and comments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroc.errors import PictureError, UnsupportedPictureError, UsageError
from neuroc.picture import BITS, CHANNELS, Picture, Record, same_picture
from neuroc.pixels import read_picture, unwritable, write_picture

PNM_MODES = [(mode, bits) for mode in ("1", "L", "LA", "RGB", "RGBA") for bits in BITS[mode]]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PNM_MODES), st.integers(1, 19), st.integers(1, 9), st.integers(0, 1 << 30))
def test_pictures_come_back(kind: tuple[str, int], width: int, height: int, seed: int) -> None:
    mode, bits = kind
    rng = np.random.default_rng(seed)
    dtype = np.uint16 if bits == 16 else np.uint8
    picture = Picture(rng.integers(0, 1 << bits, (height, width, CHANNELS[mode])).astype(dtype), mode, bits)
    for format in ("pnm", "pam"):
        again = read_picture(write_picture(picture, format))
        assert same_picture(picture, again)
        assert again.metadata == ()


def test_in_a_bitmap_one_is_black() -> None:
    for data in (b"P1 3 1\n1 0 0\n", b"P1\n3 1 100", b"P4 3 1\n\x80"):
        picture = read_picture(data)
        assert (picture.mode, picture.bits, picture.samples.ravel().tolist()) == ("1", 1, [0, 1, 1])
    assert write_picture(picture, "pbm") == b"P4\n3 1\n\x80"


def test_in_a_greymap_of_one_bit_one_is_white() -> None:
    picture = read_picture(b"P2 2 1 1\n0 1\n")
    assert (picture.mode, picture.samples.ravel().tolist()) == ("1", [0, 1])
    assert write_picture(picture, "pgm") == b"P5\n2 1\n1\n\0\1"


def test_plain_and_raw_files_say_the_same() -> None:
    plain = read_picture(b"P3\n2 1\n255\n1 2 3\n4 5 6\n")
    raw = read_picture(b"P6\n2 1\n255\n\1\2\3\4\5\6")
    assert same_picture(plain, raw)
    assert plain.metadata == raw.metadata == ()
    deep = read_picture(b"P5 1 2 65535\n\1\2\3\4")
    assert (deep.bits, deep.samples.ravel().tolist()) == (16, [258, 772])


@pytest.mark.parametrize(("maxval", "bits"), [(100, 8), (1000, 16), (5, 8)])
def test_an_odd_maxval_is_kept(maxval: int, bits: int) -> None:
    picture = read_picture(f"P2 2 1 {maxval} 0 {maxval}".encode())
    assert (picture.bits, picture.samples.ravel().tolist()) == (bits, [0, maxval])
    assert picture.metadata == (Record("pnm.maxval", str(maxval).encode()),)
    assert f"\n{maxval}\n".encode() in write_picture(picture, "pnm")
    assert unwritable(picture, "png") == ["pnm.maxval"]
    assert read_picture(write_picture(picture, "pgm")).metadata == picture.metadata


def test_colour_of_few_bits_is_kept_in_eight() -> None:
    picture = read_picture(b"P6 1 1 3\n\1\2\3")
    assert (picture.mode, picture.bits) == ("RGB", 8)
    assert write_picture(picture, "ppm") == b"P6\n1 1\n3\n\1\2\3"


def test_comments_are_kept() -> None:
    picture = read_picture(b"P5\n# made by hand\n1 1\n# twice\n255\n\7")
    assert [r.data for r in picture.metadata] == [b"Comment\0made by hand", b"Comment\0twice"]
    again = read_picture(write_picture(picture, "pnm"))
    assert again.metadata == picture.metadata


def test_any_map_with_alpha_is_read() -> None:
    picture = read_picture(b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n\1\2\3\4")
    assert (picture.mode, picture.samples.ravel().tolist()) == ("RGBA", [1, 2, 3, 4])
    with pytest.raises(UnsupportedPictureError, match="RGB_ALPHA"):
        read_picture(b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nTUPLTYPE X\nENDHDR\n\1\2\3\4\5")


def test_several_pictures_in_a_file_need_a_frame() -> None:
    data = b"P5 1 1 255\n\1P5 1 1 255\n\2"
    with pytest.raises(UnsupportedPictureError, match="--frame"):
        read_picture(data)
    assert read_picture(data, frame=1).samples.tolist() == [[[2]]]
    with pytest.raises(UsageError):
        read_picture(data, frame=2)


def test_bytes_after_the_picture_are_kept() -> None:
    picture = read_picture(b"P5 1 1 255\n\1\n")
    assert picture.metadata == (Record("tail", b"\n"),)
    assert write_picture(picture, "pgm") == b"P5\n1 1\n255\n\1\n"


@pytest.mark.parametrize(
    "data",
    [
        b"P5 2 2 255\n\1\2\3",
        b"P5 2 2",
        b"P5 0 2 255\n",
        b"P5 1 1 70000\n\1\1",
        b"P5 1 1 100\n\xff",
        b"P2 1 1 255 x",
        b"P2 1 1 255 -1",
        b"P2 2 1 255 1",
        b"P2 1 1 255 256",
        b"P1 2 1 2 0",
        b"P4 9 1\n\1",
        b"P7\nWIDTH 1\n",
        b"P7\nWIDTH x\nHEIGHT 1\nDEPTH 1\nMAXVAL 1\nENDHDR\n\0",
        b"P3 1 1 255 1 2",
        b"P7\nWIDTH " + b"9" * 4000 + b"\nHEIGHT " + b"9" * 4000 + b"\nDEPTH 1\nMAXVAL 255\nENDHDR\n\0",
        b"P7\nWIDTH 1_0\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\n" + bytes(10),
        b"P5 " + b"9" * 4000 + b" " + b"9" * 4000 + b" 255\n\0",
        b"P2 12345678901 1 255 0",
    ],
)
def test_damage_is_refused(data: bytes) -> None:
    with pytest.raises(PictureError, match=r"a\.pnm"):
        read_picture(data, name="a.pnm")


def test_a_mode_that_does_not_fit_is_refused_with_the_remedy() -> None:
    with pytest.raises(UsageError, match="PNG"):
        write_picture(Picture(np.zeros((1, 1, 1), np.uint8), "P", 8, (Record("palette", b"abc"),)), "pnm")
    with pytest.raises(UsageError, match=r"\.pgm"):
        write_picture(Picture(np.zeros((1, 1, 1), np.uint8), "L", 8), "ppm")
