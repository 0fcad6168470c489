"""Pictures made to cost time or memory are refused at the price of their own bytes."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from crafted import error_of
from neuroc.errors import LimitError, NeurocError, PictureError
from neuroc.limits import MAX_RECORDS
from neuroc.picture import Picture, Record
from neuroc.pixels import read_picture, unwritable, write_picture
from neuroc.pixels.chunks import SIGNATURE, join
from neuroc.pixels.ifd import Directory, longs, serialise, shorts
from neuroc.pixels.records import Allowance, from_png_chunk, generic_records


def memory(action: Callable[[], object]) -> int:
    """The most that Python and numpy hold while ``action`` runs, in bytes."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refused(data: bytes, kind: type[NeurocError] = PictureError, **keywords: int) -> str:
    error = error_of(read_picture, data, **keywords)
    assert isinstance(error, kind), repr(error)
    assert len(str(error)) < 500
    return str(error)


def png(width: int, height: int, *chunks: tuple[bytes, bytes], idat: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = [join(b"IHDR", head), *(join(*c) for c in chunks), join(b"IDAT", idat), join(b"IEND", b"")]
    return SIGNATURE + b"".join(body)


def tiff(tags: Mapping[int, tuple[int, ...]], pixels: bytes) -> bytes:
    """A grey TIFF of 8 bits; tags 273 and 324 count from the start of the file, where pixels are at 8."""
    directory = Directory({258: shorts(8), 262: shorts(1), 277: shorts(1)})
    directory.entries |= {tag: longs(*values) for tag, values in tags.items()}
    pixels += bytes(len(pixels) & 1)
    return b"II*\0" + (8 + len(pixels)).to_bytes(4, "little") + pixels + serialise(directory, 8 + len(pixels))


def test_pixels_beyond_what_the_header_states_are_not_decompressed() -> None:
    bomb = png(8, 8, idat=zlib.compress(bytes(2**24), 9))
    assert memory(lambda: refused(bomb)) < 2**23


def test_a_png_of_endless_height_is_refused_by_its_header() -> None:
    assert "--max-steps" in refused(png(1, 2**27), LimitError)
    assert "--max-pixels" in refused(png(2**20, 2**20), LimitError)


def test_more_chunks_than_a_file_can_keep_are_refused_while_they_are_read() -> None:
    refused(png(1, 1, *[(b"abCd", b"")] * (MAX_RECORDS + 1)), LimitError)


def test_tiles_far_wider_than_the_picture_are_refused() -> None:
    tall = {256: (1,), 257: (2**22,), 322: (4097,), 323: (2**22,), 324: (8,), 325: (64,), 259: (8,)}
    assert "segments of" in refused(tiff(tall, zlib.compress(bytes(2**22), 9)[:64]))


def test_segments_that_share_their_bytes_do_not_multiply_them() -> None:
    count, size = 4096, 2**16
    rows = {256: (16,), 257: (count,), 278: (1,), 273: (8,) * count, 279: (size,) * count}
    assert "overlap" in refused(tiff(rows, bytes(size)))


def test_long_lists_of_segments_are_counted_before_they_are_read() -> None:
    rows = {256: (4,), 257: (4,), 278: (1,), 273: (8,) * 200_000, 279: (16,) * 200_000}
    data = tiff(rows, bytes(16))
    assert memory(lambda: refused(data)) < 3 * len(data)


def test_directories_without_entries_are_not_free() -> None:
    count = 2**17
    chain = b"".join(struct.pack("<HI", 0, 8 + 6 * (i + 1)) for i in range(count)) + struct.pack("<HI", 0, 0)
    data = b"II*\0\x08\0\0\0" + chain
    assert memory(lambda: refused(data)) < 16 * len(data)


def test_offsets_of_64_bits_are_errors_of_the_file() -> None:
    for at in (2**63, 2**64 - 1, 2**40):
        refused(b"II+\0\x08\0\0\0" + at.to_bytes(8, "little") + bytes(40))


def test_plain_pnm_takes_little_more_memory_than_its_bytes() -> None:
    for kind in (b"P1", b"P2 "):
        maxval = b"" if kind == b"P1" else b" 9"
        many = kind + b" 1 1" + maxval + b"\n" + b"1 " * 2**18
        assert memory(lambda many=many: refused(many)) < 25 * 2**18  # type: ignore[misc]
    with_zeros = b"P2 2 1 9\n" + b"0" * 8 + b"7" + b" " * 2**21 + b"3"
    assert read_picture(with_zeros).samples.ravel().tolist() == [7, 3]


def test_a_pam_header_ends() -> None:
    refused(b"P7\n" + b"TUPLTYPE " + b"x" * 4000 + b"\n" + b"TUPLTYPE x\n" * 200_000)
    refused(b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\n" + b"TUPLTYPE x\n" * 1000 + b"ENDHDR\n\0")


def test_comments_of_a_pnm_are_counted() -> None:
    refused(b"P2 1 1\n" + b"#\n" * (MAX_RECORDS + 1) + b"9\n1\n", LimitError)


def test_a_later_picture_of_a_pnm_is_found_without_copies() -> None:
    data = b"P5 1 1 255\nx" * 2000
    assert read_picture(data, frame=1999).samples.ravel().tolist() == [ord("x")]
    assert memory(lambda: read_picture(data, frame=500)) < 2**20


def test_the_canvas_of_a_webp_is_judged_before_its_decoder_is_made() -> None:
    canvas = b"\0\0\0\0" + (2**24 - 1).to_bytes(3, "little") + (255).to_bytes(3, "little")
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + canvas
    assert "--max-pixels" in refused(b"RIFF" + len(body).to_bytes(4, "little") + body, LimitError)


def test_compressed_texts_share_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuroc.pixels.records.MAX_TEXT", 2**20)
    bomb = Record("png.zTXt", b"k\0\0" + zlib.compress(bytes(2**18), 9))
    records = (*[bomb] * 40, Record("png.tEXt", b"Title\0last"))
    generic = list(generic_records(records))
    assert sum(len(g.data) for _, g in generic if g.key == "text") <= 2**20 + 100
    assert generic[-1][1].data == b"Title\0last"
    picture = Picture(np.zeros((1, 1, 1), dtype=np.uint8), "L", 8, records)
    assert len(unwritable(picture, "tiff")) >= 36


def test_what_does_not_decompress_uses_up_the_allowance_too() -> None:
    long = zlib.compress(bytes(10_000))
    for data in (long, long[:-3] + b"abc", long[:-8]):
        allowance = Allowance(9_000 if data == long else 10_000)
        assert from_png_chunk(Record("png.zTXt", b"k\0\0" + data), allowance) is None
        assert allowance.left <= 2_500


def test_many_tails_are_joined_and_not_copied_again_and_again() -> None:
    picture = Picture(np.zeros((1, 1, 1), dtype=np.uint8), "L", 8, (Record("tail", bytes(200)),) * MAX_RECORDS)
    for kind in ("png", "pgm"):
        assert write_picture(picture, kind).endswith(bytes(200 * MAX_RECORDS))


def test_a_tiff_has_each_piece_once_and_says_what_it_left_out() -> None:
    records = [Record(k, v) for k in ("icc", "xmp", "exif") for v in (b"II*\0\x08\0\0\0\0\0\0\0\0\0", b"b")]
    records += [Record("dpi", b"x"), Record("dpi", b"72"), Record("aspect", b"1 2")]
    picture = Picture(np.zeros((1, 1, 1), dtype=np.uint8), "L", 8, tuple(records))
    assert unwritable(picture, "tiff") == ["icc", "xmp", "exif", "dpi", "aspect"]
    kept = {r.key: r.data for r in read_picture(write_picture(picture, "tiff")).metadata}
    assert (kept["dpi"], kept["icc"][:2]) == (b"72", b"II")


@pytest.mark.filterwarnings("error")
def test_pillow_does_not_warn_on_the_terminal() -> None:
    frames = join(b"acTL", struct.pack(">II", 2, 0))
    plain = png(4, 4, idat=zlib.compress(bytes(20)))
    assert read_picture(plain).width == 4
    refused(plain[:33] + frames + plain[33:], frame=1)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a system without /dev/zero")
def test_a_device_without_end_is_no_picture() -> None:
    assert isinstance(error_of(read_picture, "/dev/zero"), PictureError)
