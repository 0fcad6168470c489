"""Must-reject files: metadata that is no list of records, and frames that lie about their size (SPEC section 6)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import zstandard

from neuroc import canonical

from .assembly import join, split
from .bases import one_tile
from .entry import RejectEntry


def entries() -> Iterator[RejectEntry]:
    """All of them."""
    yield from metadata()
    yield from metadata_frames()


def entry(name: str, error: str, about: str, make: Callable[[], bytes], zstd: bool = False) -> RejectEntry:
    """One of them."""
    return RejectEntry(f"metadata-{name}", "raw", about, error, make, zstd=zstd)


def meta(content: bytes) -> Callable[[], bytes]:
    """A file with this payload of META."""
    return lambda: join(one_tile()[:24], [split(one_tile())[0], (b"META", content), *split(one_tile())[1:]])


def metadata() -> Iterator[RejectEntry]:
    """Record lists that are none."""
    pack = canonical.pack
    cases: tuple[tuple[str, str, bytes], ...] = (
        ("payload-of-3-bytes", "META of three bytes", bytes(3)),
        ("nothing", "no record list", bytes(4)),
        ("no-list", "a string", bytes(4) + pack("text")),
        ("empty-list", "a list without records", bytes(4) + pack([])),
        ("record-of-three", "a record of three values", bytes(4) + pack([["text", b"a", b"b"]])),
        ("record-of-one", "a record of one value", bytes(4) + pack([["text"]])),
        ("key-empty", "an empty key", bytes(4) + pack([["", b"a"]])),
        ("key-256", "a key of 256 bytes", bytes(4) + pack([["k" * 256, b"a"]])),
        ("key-256-utf-8", "a key of 128 characters in 256 bytes", bytes(4) + pack([["\u00e9" * 128, b"a"]])),
        ("key-bytes", "a key that is a byte string", bytes(4) + pack([[b"text", b"a"]])),
        ("data-string", "data that is a string", bytes(4) + pack([["text", "a"]])),
        ("long-form", "the length of the list in three bytes", bytes(4) + b"\xdc\x00\x01" + pack(["text", b"a"])),
        ("bytes-after", "a byte after the list", bytes(4) + pack([["text", b"a"]]) + b"\0"),
        ("list-of-2-32", "a list that claims 2^32 - 1 records", bytes(4) + b"\xdd\xff\xff\xff\xff"),
        ("data-of-2-32", "data that claims 2^32 - 1 bytes", bytes(4) + b"\x91\x92\xa1k\xc6\xff\xff\xff\xff"),
        ("key-not-utf-8", "a key that is not UTF-8", bytes(4) + b"\x91\x92\xa2\xc3\x28\xc4\x00"),
        ("deep", "arrays nested a thousand deep", bytes(4) + b"\x91" * 1000 + b"\x90"),
    )
    for name, about, content in cases:
        yield entry(name, "corrupt", about, meta(content))
    many = canonical.pack([["k", b""]] * 65537)
    yield entry(
        "65537-records",
        "corrupt",
        "one record too many",
        meta(len(many).to_bytes(4, "little") + zstandard.ZstdCompressor(19).compress(many)),
        zstd=True,
    )


def metadata_frames() -> Iterator[RejectEntry]:
    """Frames that lie about their size, or are no frames."""
    plain = canonical.pack([["text", b"hello"]])
    size = len(plain).to_bytes(4, "little")
    frame = bytes.fromhex("28b52ffd20") + bytes([len(plain)]) + (1 | len(plain) << 3).to_bytes(3, "little") + plain
    unsized = bytes.fromhex("28b52ffd0000") + (1 | len(plain) << 3).to_bytes(3, "little") + plain
    dictionary = bytes.fromhex("28b52ffd21") + b"\x07" + frame[5:]
    zeros = rle_frame(65 << 20)
    longer = canonical.pack([["text", bytes(300)]])  # a frame with a window of its own has a size of 256 or more
    content = struct.pack("<H", len(longer) - 256) + (1 | len(longer) << 3).to_bytes(3, "little") + longer
    windows = {log: bytes.fromhex("28b52ffd40") + bytes([(log - 10) << 3]) + content for log in (28, 31)}
    cases: tuple[tuple[str, str, str, bytes], ...] = (
        ("size-2-32", "limit", "s is 2^32 - 1", b"\xff\xff\xff\xff" + frame),
        ("size-64-mib-and-1", "limit", "s is 64 MiB + 1", ((64 << 20) + 1).to_bytes(4, "little") + frame),
        ("bomb-65-mib", "limit", "65 MiB of zeros, stated", (65 << 20).to_bytes(4, "little") + zeros),
        ("bomb-65-mib-hidden", "corrupt", "65 MiB of zeros where s says 20 bytes", (20).to_bytes(4, "little") + zeros),
        (
            "bomb-unsized",
            "corrupt",
            "65 MiB of zeros in a frame without size",
            (20).to_bytes(4, "little") + rle_frame(65 << 20, False),
        ),
        (
            "bomb-64-mib",
            "corrupt",
            "64 MiB of zeros, as much as the limit allows, but no record list",
            (64 << 20).to_bytes(4, "little") + rle_frame(64 << 20),
        ),
        (
            "size-mismatch",
            "corrupt",
            "s is one more than the frame's size",
            (len(plain) + 1).to_bytes(4, "little") + frame,
        ),
        (
            "frame-size-2-63",
            "corrupt",
            "the frame states 2^63 bytes",
            size + bytes.fromhex("28b52ffde0") + bytes(7) + b"\x80" + frame[6:],
        ),
        (
            "frame-longer",
            "corrupt",
            "the frame holds more than it states",
            size + frame[:6] + (1 | (len(plain) + 1) << 3).to_bytes(3, "little") + plain + b"\0",
        ),
        (
            "frame-shorter",
            "corrupt",
            "the frame holds less than it states",
            size + frame[:6] + (1 | (len(plain) - 1) << 3).to_bytes(3, "little") + plain[:-1],
        ),
        ("frame-unsized", "corrupt", "the frame states no size", size + unsized),
        ("frame-dictionary", "corrupt", "the frame asks for a dictionary", size + dictionary),
        *(
            (
                f"frame-window-{log}",
                "corrupt",
                f"the frame needs a window of 2^{log}",
                struct.pack("<I", len(longer)) + f,
            )
            for log, f in windows.items()
        ),
        ("frame-truncated", "corrupt", "the frame ends early", size + frame[:-1]),
        ("bytes-after-frame", "corrupt", "a byte after the frame", size + frame + b"\0"),
        ("two-frames", "corrupt", "a second frame after the first", size + frame + frame),
        ("no-frame", "corrupt", "s is not 0, but there is no frame", size + plain),
        (
            "frame-reserved-block",
            "corrupt",
            "a block of the reserved type",
            size + frame[:6] + (7 | len(plain) << 3).to_bytes(3, "little") + plain,
        ),
    )
    for name, error, about, content in cases:
        yield entry(name, error, about, meta(content))


def rle_frame(size: int, sized: bool = True) -> bytes:
    """A zstd frame of ``size`` zeros in blocks of 128 KiB: four bytes for each."""
    block = 1 << 17
    head = bytes.fromhex("28b52ffda0") + size.to_bytes(4, "little") if sized else bytes.fromhex("28b52ffd0038")
    whole, rest = divmod(size, block)
    sizes = [block] * whole + [rest] * bool(rest)
    out = [((i == len(sizes) - 1) | 2 | n << 3).to_bytes(3, "little") + b"\0" for i, n in enumerate(sizes)]
    return head + b"".join(out)
