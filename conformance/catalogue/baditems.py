"""Must-reject files: tiles, items, streams and digests that no encoder writes (SPEC sections 5, 7 and 11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from .assembly import edited, fields_of, replaced, with_fields
from .bases import causal, equal_tiles, flipped, one_tile, payload
from .entry import RejectEntry
from .rawtile import GREEN, PACKED, PALETTE, PLANAR, ZSTD

CODERS = ("rans24", "range24")


def entries() -> Iterator[RejectEntry]:
    """All of them."""
    yield from methods()
    yield from lengths()
    yield from streams()
    yield from digests()
    yield from raw_flags()
    yield from raw_bodies()
    yield from raw_frames()


def entry(name: str, error: str, about: str, make: Callable[[], bytes], *also: str, codec: str = "raw") -> RejectEntry:
    """One of them."""
    return RejectEntry(name, codec, about, error, make, also)


def tile(base: Callable[[], bytes], change: Callable[[bytes], bytes], number: int = 0) -> Callable[[], bytes]:
    """A file whose TILE payload is changed, with its CRC-32."""
    return lambda: replaced(base(), b"TILE", change(payload(base(), b"TILE", number)), number)


def methods() -> Iterator[RejectEntry]:
    """Method bytes."""
    yield entry("method-2", "stream", "method 2", tile(one_tile, lambda p: b"\x02" + p[1:]))
    yield entry("method-255", "stream", "method 255", tile(one_tile, lambda p: b"\xff" + p[1:]))
    yield entry("tile-empty", "stream", "a tile of no bytes", tile(one_tile, lambda p: b""))
    about = "method 0 in a file of the codec raw"
    yield entry("method-0-of-raw", "corrupt", about, tile(one_tile, lambda p: b"\0" + p[1:]))
    for mode, bits in (("P", 8), ("1", 1)):
        base = partial(one_tile, mode, bits)
        yield entry(
            f"method-0-of-{mode.lower()}",
            "corrupt",
            f"mode {mode} by causal59k",
            tile(lambda b=base: with_fields(b(), {0: "causal59k"}), lambda p: b"\0" + p[1:]),  # type: ignore[misc]
            codec="causal59k",
        )


def lengths() -> Iterator[RejectEntry]:
    """Lengths of plane groups."""
    rgba = partial(one_tile, "RGBA", 8)  # 106 bytes of colour, so one byte of length

    def with_length(data: bytes) -> Callable[[], bytes]:
        return tile(rgba, lambda p: p[:1] + data + p[2:])

    cases = (
        ("overlong", "a length in two bytes where one is enough", b"\xea\x00"),
        ("overlong-zero", "a length of 0 in three bytes", b"\x80\x80\x00"),
        ("five-bytes", "a length of 2^32", b"\x80\x80\x80\x80\x10"),
        ("six-bytes", "a length of six bytes", b"\x80\x80\x80\x80\x80\x01"),
        ("largest", "a length of 2^32 - 1", b"\xff\xff\xff\xff\x0f"),
        ("endless", "a length that does not end", b"\xff" * 200),
        ("too-long", "a plane group longer than its tile", b"\xff\x01"),
    )
    for name, about, data in cases:
        yield entry(f"length-{name}", "stream", about, with_length(data))
    yield entry("length-missing", "stream", "a tile that ends after its first method", tile(rgba, lambda p: p[:1]))
    yield entry("length-cut", "stream", "a tile that ends within a length", tile(rgba, lambda p: p[:1] + b"\x80"))
    about = "a tile that ends after its first plane group"
    yield entry("second-group-missing", "stream", about, tile(rgba, lambda p: p[: 2 + p[1]]))
    about = "a length of 0: the first plane group has no bytes"
    yield entry("length-zero", "stream", about, with_length(b"\x00"))


def streams() -> Iterator[RejectEntry]:
    """Streams of both coders."""
    for coder in CODERS:
        base = partial(causal, coder=coder)

        def made(
            name: str, about: str, change: Callable[[bytes], bytes], *also: str, coder: str = coder, base: Any = base
        ) -> RejectEntry:
            full = tile(base, lambda p: p[:1] + change(p[1:]))
            return entry(f"{coder}-{name}", "stream", f"{coder}: {about}", full, *also, codec="causal59k")

        yield made("empty", "no bytes for a picture", lambda s: b"")
        yield made("one-word", "four bytes", lambda s: s[:4])
        yield made("odd", "one byte too many", lambda s: s + b"\0")
        yield made("odd-short", "one byte too few", lambda s: s[:-1])
        yield made("first-word-missing", "the first word is missing", lambda s: s[4:], "digest")
        yield made("last-word-missing", "the last word is missing", lambda s: s[:-4], "digest")
        yield made("word-before", "a word of zeros before the stream", lambda s: bytes(4) + s, "digest")
        yield made("word-after", "a word of zeros after the stream", lambda s: s + bytes(4), "digest")
        yield made("word-missing", "a word in the middle is missing", lambda s: s[: mid(s)] + s[mid(s) + 4 :], "digest")
        yield made(
            "word-doubled", "a word in the middle stands twice", lambda s: s[: mid(s) + 4] + s[mid(s) :], "digest"
        )
        yield made(
            "words-exchanged",
            "two words exchanged",
            lambda s: s[: mid(s)] + s[mid(s) + 4 :][:4] + s[mid(s) :][:4] + s[mid(s) + 8 :],
            "digest",
        )
        yield made("bit-first", "one bit of the first byte changed", lambda s: bytes([s[0] ^ 1]) + s[1:], "digest")
        yield made("bit-middle", "one bit in the middle changed", lambda s: flipped(s, mid(s), 4), "digest")
        yield made("bit-last", "one bit of the last byte changed", lambda s: s[:-1] + bytes([s[-1] ^ 4]), "digest")
        yield made("zeros", "a stream of zeros", lambda s: bytes(len(s)), "digest")
        yield made("ones", "a stream of ones", lambda s: b"\xff" * len(s), "digest")
        other = "rans24" if coder == "range24" else "range24"
        yield entry(
            f"{coder}-of-{other}",
            "stream",
            f"a stream of {other} in a file that names {coder}",
            lambda c=coder, o=other: with_fields(causal(coder=o), {3: None if c == "rans24" else c}),  # type: ignore[misc]
            "digest",
            codec="causal59k",
        )
    about = "a stream that is only the two words 0, 1"
    yield entry(
        "rans24-empty-message",
        "stream",
        about,
        tile(causal, lambda p: p[:1] + bytes(4) + b"\1\0\0\0"),
        codec="causal59k",
    )
    several = partial(causal, tile=4)
    about = "a bit of a stream in the third of four tiles"
    yield entry(
        "stream-in-third-tile",
        "stream",
        about,
        tile(several, lambda p: p[:20] + bytes([p[20] ^ 1]) + p[21:], 2),
        "digest",
        codec="causal59k",
    )
    about = "the stream of alpha is missing"
    rgba = partial(causal, "RGBA")
    yield entry(
        "stream-of-alpha-missing",
        "stream",
        about,
        tile(rgba, lambda p: p[: 3 + p[1] % 128 + 128 * p[2] if p[1] > 127 else 2 + p[1]]),
        codec="causal59k",
    )
    about = "16 bits: the last word is missing"
    yield entry(
        "stream-16-bits", "stream", about, tile(partial(causal, "L", 16), lambda p: p[:-4]), "digest", codec="causal59k"
    )


def mid(stream: bytes) -> int:
    """The offset of a word near the middle."""
    return len(stream) // 8 * 4


def digests() -> Iterator[RejectEntry]:
    """Samples that are decoded without complaint and are the wrong ones."""

    def digest_of(base: Callable[[], bytes]) -> Callable[[], bytes]:
        return lambda: with_fields(base(), {7: bytes([fields_of(base())[7][0] ^ 1]) + fields_of(base())[7][1:]})

    yield entry("digest-raw", "digest", "the pixel digest has one bit changed", digest_of(one_tile))
    yield entry(
        "digest-causal59k", "digest", "the pixel digest has one bit changed", digest_of(causal), codec="causal59k"
    )
    yield entry("digest-of-tiles", "digest", "tiles are right, the pixel digest is not", digest_of(equal_tiles))
    about = "one sample changed, CRC-32 of the chunk right"
    yield entry("digest-sample", "digest", about, tile(one_tile, lambda p: p[:9] + bytes([p[9] ^ 1]) + p[10:]))

    def crc() -> bytes:
        table = payload(equal_tiles(), b"TIDX")
        return replaced(equal_tiles(), b"TIDX", table[:12] + bytes([table[12] ^ 1]) + table[13:])

    yield entry("digest-tile-crc", "digest", "the CRC-32 of the samples of a tile has one bit changed", crc)
    about = "two tiles of equal length exchanged"
    yield entry(
        "digest-tiles-exchanged", "digest", about, lambda: edited(equal_tiles(), lambda c: c.insert(2, c.pop(3)))
    )
    about = "the mode P instead of L: the samples are equal, the digest covers the mode"
    yield entry("digest-mode", "digest", about, lambda: with_fields(one_tile("L", 8), {10: "P"}))


def item(mode: str, bits: int, data: bytes) -> Callable[[], bytes]:
    """A file of 7 x 5 pixels whose only item is ``data``."""
    return tile(partial(one_tile, mode, bits), lambda p: b"\x01" + data)


def raw_flags() -> Iterator[RejectEntry]:
    """Flags that contradict each other or the picture; bodies are of the right size."""
    rgb, grey = bytes(105), bytes(35)
    cases: tuple[tuple[str, str, str, int, bytes], ...] = (
        ("filter-7", "filter 7", "RGB", 8, b"\x07" + rgb),
        ("green-grey", "GREEN with one channel", "L", 8, bytes([GREEN]) + grey),
        ("green-palette", "GREEN with PALETTE", "RGB", 8, bytes([GREEN | PALETTE, 1]) + bytes(6) + grey),
        ("planar-bytes", "PLANAR with one byte a site", "L", 8, bytes([PLANAR]) + grey),
        ("planar-palette", "PLANAR with PALETTE", "RGB", 8, bytes([PLANAR | PALETTE, 1]) + bytes(6) + grey),
        ("palette-4-bits", "PALETTE with 4 bits", "L", 4, bytes([PALETTE, 1]) + bytes(2) + grey),
        ("packed-8-bits", "PACKED with 8 bits", "L", 8, bytes([PACKED]) + grey),
        ("packed-large-palette", "PACKED with 17 colours", "L", 8, bytes([PALETTE | PACKED, 16]) + bytes(17) + grey),
        ("one-colour-filter", "one colour and a filter", "RGB", 8, bytes([PALETTE | 1, 0]) + bytes(3)),
        ("one-colour-packed", "one colour and PACKED", "RGB", 8, bytes([PALETTE | PACKED, 0]) + bytes(3)),
    )
    for name, about, mode, bits, data in cases:
        yield entry(f"raw-{name}", "stream", f"raw: {about}", item(mode, bits, data))


def raw_bodies() -> Iterator[RejectEntry]:
    """Bodies of the wrong size, and values that do not exist."""
    rgb, grey = bytes(105), bytes(35)
    cases: tuple[tuple[str, str, str, int, bytes], ...] = (
        ("empty", "no bytes", "RGB", 8, b""),
        ("no-colours", "PALETTE without a number of colours", "RGB", 8, bytes([PALETTE])),
        ("short", "one byte too few", "RGB", 8, b"\0" + rgb[1:]),
        ("long", "one byte too many", "RGB", 8, b"\0" + rgb + b"\0"),
        ("no-body", "flags alone", "RGB", 8, b"\0"),
        ("palette-short", "a palette that ends early", "RGB", 8, bytes([PALETTE, 255]) + rgb),
        ("one-colour-long", "one colour and a byte after it", "RGB", 8, bytes([PALETTE, 0]) + bytes(4)),
        ("row-filter-6", "the filter 6 for a row", "L", 8, b"\x06" + bytes([0, 1, 6, 0, 0]) + grey),
        ("index-beyond", "the index 3 of 3 colours", "RGB", 8, bytes([PALETTE, 2]) + bytes(9) + b"\x03" + grey[1:]),
        (
            "index-beyond-packed",
            "the index 3 of 3 colours, packed",
            "RGB",
            8,
            bytes([PALETTE | PACKED, 2]) + bytes(9) + b"\xc0" + bytes(9),
        ),
        ("sample-beyond", "the sample 16 of 4 bits", "L", 4, b"\0" + b"\x10" + grey[1:]),
        ("sample-beyond-1", "the sample 2 of 1 bit", "1", 1, b"\0" + b"\x02" + grey[1:]),
        ("sample-beyond-filtered", "a sample of 2 bits beyond 3 after its filter", "L", 2, b"\x01\x03\x01" + grey[2:]),
        ("padding", "set bits in the padding of a row", "1", 1, bytes([PACKED]) + b"\x01" + bytes(4)),
        ("padding-last-row", "set bits in the padding of the last row", "L", 4, bytes([PACKED]) + bytes(19) + b"\x0f"),
        ("indices-beyond-depth", "the index 4 of mode P with 2 bits", "P", 2, b"\0" + b"\x04" + grey[1:]),
    )
    for name, about, mode, bits, data in cases:
        yield entry(f"raw-{name}", "stream", f"raw: {about}", item(mode, bits, data))


def raw_frames() -> Iterator[RejectEntry]:
    """Frames that do not decompress to the body; 105 bytes are right."""
    rle = block(1, 105, b"\0")
    bomb = b"".join(block(1, 1 << 17, b"\0", False) for _ in range(1000)) + rle
    cases = (
        ("nothing", "no frame", b""),
        ("garbage", "bytes that are no frame", b"\xff" * 40),
        ("short", "104 bytes", block(1, 104, b"\0")),
        ("long", "106 bytes", block(1, 106, b"\0")),
        ("bomb", "131 million bytes", bomb),
        ("cut", "a frame that ends early", block(0, 105, bytes(105))[:-1]),
        ("not-last", "no block is the last one", block(1, 105, b"\0", False)),
        ("bytes-after", "a byte after the frame", rle + b"\0"),
        ("reserved-block", "a block of the reserved type", block(3, 105, bytes(105))),
        ("second-frame", "a second frame after the first", rle + bytes.fromhex("28b52ffd0000") + rle),
        ("skippable-frame", "a skippable frame after the first", rle + bytes.fromhex("502a4d1800000000")),
    )
    for name, about, data in cases:
        yield entry(f"raw-frame-{name}", "stream", f"raw: {about}", item("RGB", 8, bytes([ZSTD]) + data))


def block(kind: int, size: int, content: bytes, last: bool = True) -> bytes:
    """A zstd block: 0 raw, 1 RLE, 3 reserved."""
    return (last | kind << 1 | size << 3).to_bytes(3, "little") + content
