"""What every format has in common: sniffing, limits, messages, arrays, lean imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroc.errors import LimitError, PictureError, StorageError, UnsupportedPictureError, UsageError
from neuroc.limits import Limits
from neuroc.picture import Picture, Record, same_picture
from neuroc.pixels import OUTPUTS, from_array, read_picture, source_remark, unwritable, write_picture

GREY = Picture(np.arange(6, dtype=np.uint8).reshape(2, 3, 1), "L", 8)


def test_the_format_is_told_from_the_bytes_not_the_name(tmp_path: Path) -> None:
    for kind in ("png", "tiff", "pnm"):
        path = tmp_path / "picture.jpg"
        path.write_bytes(write_picture(GREY, kind))
        assert same_picture(read_picture(path), GREY)
        assert same_picture(read_picture(str(path)), GREY)
        assert source_remark(path) is None


def test_files_that_are_no_pictures_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for data in (b"", b"\0", b"hello world, this is text", bytes(100), b"\x89NRC\r\n\x1a\n" + bytes(40)):
        path.write_bytes(data)
        with pytest.raises(PictureError, match=r"a\.txt"):
            read_picture(path)


def test_foreign_formats_are_refused_with_the_remedy() -> None:
    for data in (b"\xff\x0a" + bytes(20), b"\0\0\0\x18ftypheic" + bytes(20)):
        with pytest.raises(UnsupportedPictureError, match="PNG"):
            read_picture(data)


def test_files_that_cannot_be_read_are_storage_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.png", tmp_path):
        with pytest.raises(StorageError, match="Check the path"):
            read_picture(path)


def test_the_size_of_a_file_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(write_picture(GREY, "png"))
    with pytest.raises(LimitError):
        read_picture(path, limits=Limits(file=20))


def test_unknown_outputs_are_refused() -> None:
    for call in (write_picture, unwritable):
        with pytest.raises(UsageError, match=", ".join(OUTPUTS)):
            call(GREY, "webp")


def test_a_frame_that_does_not_exist_is_a_usage_error() -> None:
    for kind in ("png", "tiff", "pnm"):
        assert same_picture(read_picture(write_picture(GREY, kind), frame=0), GREY)
        with pytest.raises(UsageError):
            read_picture(write_picture(GREY, kind), frame=1)


KEYS = ["png.gAMA", "png.tRNS", "png.IDAT", "png.ab", "png.after.tIME", "png.\xe4aaa", "palette", "tail", "icc", "exif"]
KEYS += ["xmp", "dpi", "aspect", "text", "pnm.maxval", "jpeg.APP1", "", "what"]
DATA = st.one_of(
    st.binary(max_size=12), st.sampled_from([b"1/0", b"72", b"1/3 9999999999999", b"70000", b"3", b"a\0b"])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KEYS), DATA), max_size=5), st.sampled_from(["L", "P"]))
def test_records_of_any_content_never_break_an_output(records: list[tuple[str, bytes]], mode: str) -> None:
    picture = Picture(GREY.samples, mode, 8, tuple(Record(key, data) for key, data in records))
    for kind in ("png", "tiff", "pnm"):
        assert {lost.split(" (")[0] for lost in unwritable(picture, kind)} <= {key for key, _ in records}
        try:
            written = write_picture(picture, kind)
        except UsageError:
            assert mode == "P"
            continue
        again = read_picture(written)
        assert (again.mode, again.samples.tolist()) == (mode, GREY.samples.tolist())


def test_arrays_become_pictures() -> None:
    for shape, mode in (((2, 3), "L"), ((2, 3, 1), "L"), ((2, 3, 2), "LA"), ((2, 3, 3), "RGB"), ((2, 3, 4), "RGBA")):
        for dtype in (np.uint8, np.uint16):
            picture = from_array(np.ones(shape, dtype))
            assert (picture.mode, picture.bits) == (mode, 8 * np.dtype(dtype).itemsize)
    assert (from_array(np.ones((2, 3), bool)).mode, from_array(np.ones((2, 3), bool)).bits) == ("1", 1)
    assert from_array(np.ones((2, 3), np.uint8), mode="P", bits=4).mode == "P"
    assert from_array(np.ones((2, 3), np.uint16), bits=4).samples.dtype == np.uint8
    assert from_array(np.asfortranarray(np.ones((2, 3, 3), np.uint8))).samples.flags.c_contiguous


@pytest.mark.parametrize(
    "array",
    [
        np.ones((2, 3)),
        np.ones((2, 3), np.int32),
        np.ones((2, 3), np.int8),
        np.ones(3, np.uint8),
        np.ones((2, 3, 5), np.uint8),
        np.ones((0, 3), np.uint8),
        np.ones((2, 3, 3), bool),
        [["a"]],
    ],
)
def test_other_arrays_are_refused(array: object) -> None:
    with pytest.raises(UnsupportedPictureError):
        from_array(array)  # type: ignore[arg-type]


def test_importing_the_package_loads_no_picture_library() -> None:
    code = (
        "import sys, neuroc.pixels; print([m for m in ('PIL', 'tifffile', 'png', 'imagecodecs') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
