"""Must-reject files: headers that are not canonical, out of range, contradictory or too new (SPEC section 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from neuroc import canonical

from .assembly import fields_of, replaced, with_fields
from .bases import causal, one_tile, payload
from .entry import RejectEntry


def entries() -> Iterator[RejectEntry]:
    """All of them."""
    yield from spelling()
    yield from values()
    yield from defaults()
    yield from modes()
    yield from newer()
    yield from parameters()
    yield from resources()


def entry(name: str, error: str, about: str, make: Callable[[], bytes], *also: str, codec: str = "raw") -> RejectEntry:
    """One of them."""
    return RejectEntry(f"header-{name}", codec, about, error, make, also)


def head(change: Callable[[bytes], bytes]) -> Callable[[], bytes]:
    """A file whose HEAD payload is changed as bytes."""
    return lambda: replaced(one_tile(), b"HEAD", change(payload(one_tile(), b"HEAD")))


def fields(changes: Mapping[int, Any], base: Callable[[], bytes] = one_tile) -> Callable[[], bytes]:
    """A file whose header fields are set, or taken away where they are None."""
    return lambda: with_fields(base(), changes)


def spelling() -> Iterator[RejectEntry]:
    """Other spellings of what could be a header."""
    raw = b"\xa3raw"

    def swapped(p: bytes) -> bytes:
        found = fields_of(one_tile())
        return b"\x83" + b"".join(canonical.pack(k) + canonical.pack(found[k]) for k in (7, 0, 8))

    cases: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
        ("empty", "no bytes", lambda p: b""),
        ("array", "an array instead of a map", lambda p: canonical.pack([1, 2])),
        ("empty-map", "a map without fields", lambda p: b"\x80"),
        ("long-map", "the number of fields in two bytes", lambda p: b"\xde\x00\x03" + p[1:]),
        ("long-key", "the key 0 as uint 8", lambda p: p[:1] + b"\xcc" + p[1:]),
        ("long-string", "the codec id as str 8", lambda p: p.replace(raw, b"\xd9\x03raw")),
        ("long-binary", "the pixel digest as bin 16", lambda p: p.replace(b"\xc4\x10", b"\xc5\x00\x10")),
        ("unsorted", "keys that do not ascend", swapped),
        ("duplicate-key", "the codec id twice", lambda p: b"\x84" + p[1:6] + p[1:]),
        ("bytes-after", "a byte after the map", lambda p: p + b"\0"),
        ("field-missing-at-end", "a map of four fields with three", lambda p: b"\x84" + p[1:]),
        ("nil", "a field that is nil", lambda p: b"\x84" + p[1:] + b"\x40\xc0"),
        ("float", "a field that is a float", lambda p: b"\x84" + p[1:] + b"\x40\xca" + bytes(4)),
        ("double", "a field that is a double", lambda p: b"\x84" + p[1:] + b"\x40\xcb" + bytes(8)),
        ("extension", "a field that is an extension", lambda p: b"\x84" + p[1:] + b"\x40\xd4\x01\x00"),
        ("never-used", "the byte C1", lambda p: b"\x84" + p[1:] + b"\x40\xc1"),
        ("string-key", "a key that is a string", lambda p: b"\x84" + p[1:] + b"\xa1x\x01"),
        ("signed-positive", "a positive integer as int 8", lambda p: b"\x84" + p[1:] + b"\x40\xd0\x05"),
        ("not-utf-8", "a string that is not UTF-8", lambda p: b"\x84" + p[1:] + b"\x40\xa1\xff"),
        ("surrogate", "a string with a surrogate", lambda p: b"\x84" + p[1:] + b"\x40\xa3\xed\xa0\x80"),
        ("five-deep", "containers five deep", lambda p: b"\x84" + p[1:] + b"\x40\x91\x91\x91\x91\x01"),
        ("deep", "arrays nested a thousand deep", lambda p: b"\x84" + p[1:] + b"\x40" + b"\x91" * 1000 + b"\x90"),
        (
            "array-of-2-32",
            "an array that claims 2^32 - 1 values",
            lambda p: b"\x84" + p[1:] + b"\x40\xdd\xff\xff\xff\xff",
        ),
        (
            "string-of-2-32",
            "a string that claims 2^32 - 1 bytes",
            lambda p: b"\x84" + p[1:] + b"\x40\xdb\xff\xff\xff\xff",
        ),
        ("map-of-2-32", "the map claims 2^32 - 1 fields", lambda p: b"\xdf\xff\xff\xff\xff" + p[1:]),
    )
    for name, about, change in cases:
        yield entry(name, "header", about, head(change))
    yield entry(
        "65537-bytes",
        "corrupt",
        "one byte more than a header may have",
        fields({64: bytes(65537 - len(payload(one_tile(), b"HEAD")) - 4)}),
        *("header", "limit"),
    )


def values() -> Iterator[RejectEntry]:
    """Fields of the wrong type or out of their range."""
    d = bytes(range(16))
    cases: tuple[tuple[str, str, dict[int, Any]], ...] = (
        ("no-codec", "key 0 is missing", {0: None}),
        ("no-digest", "key 7 is missing", {7: None}),
        ("no-encoder", "key 8 is missing", {8: None}),
        ("codec-number", "the codec id is a number", {0: 5}),
        ("codec-empty", "the codec id is empty", {0: ""}),
        ("codec-upper-case", "the codec id has a capital", {0: "Raw"}),
        ("codec-33", "the codec id has 33 characters", {0: "a" * 33}),
        ("codec-path", "the codec id is a path", {0: "../raw"}),
        ("bitstream-0", "bitstream version 0", {1: 0}),
        ("bitstream-negative", "bitstream version -1", {1: -1}),
        ("bitstream-2-32", "bitstream version 2^32", {1: 2**32}),
        ("bitstream-true", "the bitstream version is true", {1: True}),
        ("weights-five", "five digests of weights", {2: [d] * 5}),
        ("weights-short", "a digest of weights of 15 bytes", {2: [d[:15]]}),
        ("weights-string", "weights that are a string", {2: "rgb"}),
        ("weights-of-strings", "a digest of weights that is a string", {2: ["0" * 16]}),
        ("coder-space", "the coder id has a space", {3: "rans 24"}),
        ("numerics-unknown", "a numerics class that does not exist", {4: "approximate"}),
        ("numerics-pinned", "raw is of the class exact", {4: "pinned", 11: "build 1"}),
        ("build-of-exact", "a build string beside the class exact", {11: "build 1"}),
        ("pinned-without-build", "pinned without a build string", {4: "pinned"}),
        ("build-257", "a build string of 257 characters", {4: "pinned", 11: "b" * 257}),
        ("parameters-list", "parameters that are an array", {5: [0, 1]}),
        ("parameter-bytes", "a parameter that is a byte string", {5: {0: b"x"}}),
        ("parameter-negative-key", "a parameter with a negative key", {5: {-1: 1}}),
        ("parameter-of-raw", "raw has no parameters", {5: {0: 1}}),
        ("tile-0", "tile size 0", {6: 0}),
        ("tile-negative", "tile size -512", {6: -512}),
        ("tile-2-31", "tile size 2^31", {6: 2**31}),
        ("digest-15", "a pixel digest of 15 bytes", {7: d[:15]}),
        ("digest-17", "a pixel digest of 17 bytes", {7: d + b"x"}),
        ("digest-string", "a pixel digest that is a string", {7: "0123456789abcdef"}),
        ("encoder-empty", "an empty encoder version", {8: ""}),
        ("encoder-33", "an encoder version of 33 characters", {8: "e" * 33}),
        ("encoder-control", "an encoder version with an escape", {8: "0.1\x1b[2J"}),
        ("encoder-not-ascii", "an encoder version that is not ASCII", {8: "\u00e9"}),
    )
    for name, about, changes in cases:
        # A reader that knows no pinned codec may look at the class first.
        also = ("pinned",) if changes.get(4) == "pinned" and 11 in changes else ()
        yield entry(name, "header", about, fields(changes), *also)


def defaults() -> Iterator[RejectEntry]:
    """A field that equals its default must be absent."""
    for key, name, value in (
        (1, "bitstream", 1),
        (2, "weights", []),
        (3, "coder", "rans24"),
        (4, "numerics", "exact"),
        (5, "parameters", {}),
        (6, "tile", 512),
        (9, "features", []),
        (10, "mode", "RGB"),
        (11, "build", ""),
    ):
        yield entry(f"default-{name}", "header", f"key {key} states its default", fields({key: value}))


def modes() -> Iterator[RejectEntry]:
    """Modes that contradict the preamble."""

    def grey() -> bytes:
        return one_tile("L", 8)

    def deep() -> bytes:
        return one_tile("L", 16)

    yield entry("mode-unknown", "header", "a mode that does not exist", fields({10: "CMYK"}))
    yield entry("mode-number", "header", "a mode that is a number", fields({10: 3}))
    yield entry("mode-l-of-three", "header", "mode L with three channels", fields({10: "L"}))
    yield entry("mode-p-of-three", "header", "mode P with three channels", fields({10: "P"}))
    yield entry("mode-rgb-of-one", "header", "mode RGB with one channel", fields({10: "RGB"}, grey))
    yield entry("mode-1-of-8-bits", "header", "mode 1 with 8 bits", fields({10: "1"}, grey))
    yield entry("mode-p-of-16-bits", "header", "mode P with 16 bits", fields({10: "P"}, deep))
    one = "mode 1 without its name: L has 2 bits or more"
    yield entry("mode-l-of-1-bit", "header", one, lambda: with_fields(one_tile("1", 1), {10: None}))


def newer() -> Iterator[RejectEntry]:
    """What only a later version can have written."""
    cases: tuple[tuple[str, str, dict[int, Any]], ...] = (
        ("key-12", "an unknown key below 64", {12: 0}),
        ("key-63", "an unknown key below 64", {63: "?"}),
        ("key-12-and-bad-values", "an unknown key counts before values that are wrong", {12: 0, 6: 0, 0: "RAW"}),
        ("feature", "an unknown feature", {9: ["later"]}),
        ("features", "two unknown features", {9: ["later", "much-later"]}),
        ("bitstream-2", "bitstream version 2 of raw", {1: 2}),
        ("bitstream-largest", "bitstream version 2^32 - 1 of raw", {1: 2**32 - 1}),
    )
    for name, about, changes in cases:
        yield entry(name, "too-new", about, fields(changes))
    yield entry(
        "bitstream-2-causal59k",
        "too-new",
        "bitstream version 2 of causal59k",
        fields({1: 2}, causal),
        codec="causal59k",
    )


def parameters() -> Iterator[RejectEntry]:
    """Parameters that causal59k does not have, or has otherwise."""
    cases: tuple[tuple[str, str, dict[int, Any]], ...] = (
        ("schedule-unknown", "a schedule that does not exist", {0: "spiral"}),
        ("schedule-number", "a schedule that is a number", {0: 1}),
        ("schedule-default", "the schedule states its default", {0: "wavefront"}),
        ("unit-default", "the unit states its default", {1: -1}),
        ("unit-9", "unit 9", {1: 9}),
        ("unit-minus-2", "unit -2", {1: -2}),
        ("unit-string", "a unit that is a string", {1: "4"}),
        ("parameter-unknown", "parameter 2", {2: 0}),
    )
    for name, about, params in cases:
        yield entry(name, "header", about, fields({5: params}, causal), codec="causal59k")

    def grey() -> bytes:
        return causal("L")

    def deep() -> bytes:
        return causal("L", 16)

    yield entry(
        "diagonal-grey", "header", "the schedule diagonal for L", fields({5: {0: "diagonal"}}, grey), codec="causal59k"
    )
    yield entry("no-unit", "header", "16 bits without a unit", fields({5: None}, deep), codec="causal59k")


def resources() -> Iterator[RejectEntry]:
    """Codecs, coders and weights that are not there."""

    def rgba() -> bytes:
        return causal("RGBA")

    def first(base: Callable[[], bytes]) -> bytes:
        digest: bytes = fields_of(base())[2][0]
        return digest

    yield entry("codec-unknown", "plugin-missing", "a codec that nobody has", fields({0: "no-such-codec"}))
    yield entry(
        "codec-32", "plugin-missing", "the longest id, which nobody has", fields({0: "a-codec-that-nobody-has-0123456"})
    )
    about = "a coder that nobody has"
    yield entry("coder-unknown", "plugin-missing", about, fields({3: "no-such-coder"}, causal), codec="causal59k")
    about = "the digest of weights that nobody has"
    yield entry("weights-unknown", "weights-missing", about, fields({2: [bytes(range(16))]}, causal), codec="causal59k")
    about = "one bit of the digest of the weights changed, CRC-32 right"
    made = lambda: with_fields(causal(), {2: [bytes([first(causal)[0] ^ 1]) + first(causal)[1:]]})  # noqa: E731
    yield entry("weights-bit", "weights-missing", about, made, codec="causal59k")
    yield entry("weights-absent", "header", "no weights for a network", fields({2: None}, causal), codec="causal59k")
    about = "one digest of weights for two networks"
    yield entry(
        "weights-one-of-two", "header", about, lambda: with_fields(rgba(), {2: [first(rgba)]}), codec="causal59k"
    )
    about = "the weights of colour and alpha exchanged"
    swapped = lambda: with_fields(rgba(), {2: list(reversed(fields_of(rgba())[2]))})  # noqa: E731
    yield entry("weights-exchanged", "weights", about, swapped, codec="causal59k")
    about = "causal59k is of the class exact"
    yield entry(
        "numerics-pinned-causal59k",
        "header",
        about,
        fields({4: "pinned", 11: "build 1"}, causal),
        "pinned",
        codec="causal59k",
    )
