"""Must-reject files: truncations, changed bits, chunks that are missing, doubled, misplaced or unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from .assembly import Chunks, edited, preamble, replaced, split
from .bases import flipped, four_tiles, offset, one_tile, payload, with_metadata
from .entry import RejectEntry

NOTE = (b"noTe", b"")


def entry(name: str, error: str, about: str, make: Callable[[], bytes], *also: str) -> RejectEntry:
    """``also``: codes that other decoders may as well report, because the file breaks several rules."""
    return RejectEntry(name, "raw", about, error, make, tuple(code for code in also if code != error))


def entries() -> Iterator[RejectEntry]:
    """All of them."""
    yield from signature()
    yield from truncations()
    yield from bits()
    yield from order()
    yield from index()
    yield from versions()


def signature() -> Iterator[RejectEntry]:
    """Files that are something else, or were changed as text."""
    rest = one_tile()[8:]
    yield entry("signature-png", "not-nrc", "a PNG's signature", lambda: b"\x89PNG\r\n\x1a\n" + rest)
    yield entry("signature-missing", "not-nrc", "the file begins with its version", lambda: rest)
    for name, start in (
        ("line-feeds", b"\x8eNRC\n\x1a\n"),
        ("carriage-returns", b"\x8eNRC\r\x1a\r"),
        ("seven-bits", b"\x0eNRC\r\n\x1a\n"),
        ("utf-8", b"\xc2\x8eNRC\r\n\x1a\n"),
    ):
        about = "the signature after a transfer as text"
        yield entry(f"signature-{name}", "corrupt", about, partial(bytes, start + rest), "not-nrc")


def truncations() -> Iterator[RejectEntry]:
    """Files that end within every structure."""
    data = four_tiles()
    tile = [offset(data, b"TILE", i) for i in range(4)]
    places = (
        ("empty", 0, "nothing at all"),
        ("in-signature", 5, "within the signature"),
        ("in-preamble", 17, "within the preamble"),
        ("after-preamble", 24, "after the preamble"),
        ("in-head-type", 26, "within the type of HEAD"),
        ("in-head-length", 30, "within the length of HEAD"),
        ("in-head", 40, "within the header"),
        ("after-head", offset(data, b"TIDX"), "after HEAD"),
        ("in-index", offset(data, b"TIDX") + 20, "within TIDX"),
        ("after-index", tile[0], "after TIDX"),
        ("in-first-tile", tile[0] + 9, "within the first tile"),
        ("between-tiles", tile[2], "after the second of four tiles"),
        ("in-last-tile", tile[3] + 15, "within the last tile"),
        ("in-last-tile-crc", offset(data, b"DONE") - 1, "within the CRC-32 of the last tile"),
        ("before-done", offset(data, b"DONE"), "before DONE"),
        ("in-done", len(data) - 1, "the last byte is missing"),
    )
    for name, end, about in places:
        also = ("not-nrc",) if end < 8 else ()
        yield entry(f"truncated-{name}", "truncated", f"the file ends: {about}", partial(bytes, data[:end]), *also)
    noted = with_metadata()
    at = offset(noted, b"META")
    yield entry("truncated-in-meta", "truncated", "the file ends: within META", lambda: noted[: at + 20])
    single = one_tile()
    yield entry(
        "truncated-in-only-tile",
        "truncated",
        "the file ends: within its only tile",
        lambda: single[: offset(single, b"TILE") + 30],
    )


def bits() -> Iterator[RejectEntry]:
    """One changed bit in every part."""
    data, noted = four_tiles(), with_metadata()
    done = offset(data, b"DONE")
    places = (
        ("width", data, 10, ()),
        ("channels", data, 18, ()),
        ("preamble-crc", data, 23, ()),
        ("head-payload", data, 40, ()),
        ("head-crc", data, offset(data, b"TIDX") - 1, ()),
        ("index-payload", data, offset(data, b"TIDX") + 12, ()),
        ("index-crc", data, offset(data, b"TILE") - 1, ()),
        ("tile-payload", data, offset(data, b"TILE", 1) + 10, ()),
        ("tile-crc", data, offset(data, b"TILE", 2) - 1, ()),
        ("last-tile-type", data, offset(data, b"TILE", 3) + 3, ("corrupt",)),
        ("meta-payload", noted, offset(noted, b"META") + 16, ()),
        ("done-crc", data, done + 8, ()),
    )
    for name, base, at, also in places:
        yield entry(f"bit-{name}", "checksum", f"one bit changed: {name}", partial(flipped, base, at, 1), *also)
    yield entry(
        "bit-head-length",
        "truncated",
        "the length of HEAD has one more bit",
        lambda: flipped(data, 31, 6),
        "checksum",
        "corrupt",
    )
    yield entry(
        "bit-tile-length",
        "checksum",
        "the length of a tile is not that of the index",
        lambda: flipped(data, offset(data, b"TILE", 1) + 4),
        "corrupt",
    )


def order() -> Iterator[RejectEntry]:
    """Chunks out of their places, each with a right CRC-32."""
    tiled, noted, single = four_tiles(), with_metadata(), one_tile()

    def insert(base: bytes, at: int, *new: tuple[bytes, bytes]) -> Callable[[], bytes]:
        return lambda: edited(base, lambda c: c.__setitem__(slice(at, at), new))

    def change(base: bytes, what: Callable[[Chunks], object]) -> Callable[[], bytes]:
        return lambda: edited(base, what)

    end = len(split(tiled)) - 1
    head = split(single)[0]
    cases: tuple[tuple[str, str, str, Callable[[], bytes]], ...] = (
        ("no-head", "corrupt", "the first chunk is TIDX", change(tiled, lambda c: c.pop(0))),
        ("head-second", "corrupt", "an ancillary chunk before HEAD", insert(single, 0, NOTE)),
        ("two-heads", "corrupt", "HEAD twice", insert(single, 1, head)),
        ("head-at-end", "corrupt", "another HEAD before DONE", insert(single, 2, head)),
        ("two-metas", "corrupt", "META twice", change(noted, lambda c: c.insert(2, c[1]))),
        ("meta-after-ancillary", "corrupt", "META not right after HEAD", insert(noted, 1, NOTE)),
        ("meta-after-tiles", "corrupt", "META before DONE", change(noted, lambda c: c.insert(2, c.pop(1)))),
        ("no-index", "corrupt", "four tiles without TIDX", change(tiled, lambda c: c.pop(1))),
        ("two-indices", "corrupt", "TIDX twice", change(tiled, lambda c: c.insert(1, c[1]))),
        ("index-of-one-tile", "corrupt", "TIDX in a file of one tile", insert(single, 1, (b"TIDX", bytes(8)))),
        ("ancillary-after-index", "corrupt", "a chunk between TIDX and the first tile", insert(tiled, 2, NOTE)),
        ("ancillary-between-tiles", "corrupt", "a chunk between tiles", insert(tiled, 4, NOTE)),
        ("tile-missing", "truncated", "three tiles of four", change(tiled, lambda c: c.pop(3))),
        ("no-tile", "corrupt", "no TILE at all", change(single, lambda c: c.pop(1))),
        ("tile-surplus", "corrupt", "five tiles of four", change(tiled, lambda c: c.insert(5, c[5]))),
        ("tile-surplus-of-one", "corrupt", "two tiles of one", change(single, lambda c: c.insert(1, c[1]))),
        (
            "tiles-swapped",
            "checksum",
            "two tiles of unequal length swapped",
            change(tiled, lambda c: c.insert(2, c.pop(3))),
        ),
        (
            "tile-renamed",
            "corrupt",
            "a tile is called tile",
            change(tiled, lambda c: c.insert(3, (b"tile", c.pop(3)[1]))),
        ),
        ("no-done", "truncated", "DONE is missing", change(tiled, lambda c: c.pop())),
        ("done-with-payload", "corrupt", "DONE is not empty", lambda: replaced(tiled, b"DONE", b"x")),
        ("two-dones", "corrupt", "DONE twice", insert(tiled, end + 1, (b"DONE", b""))),
        ("chunk-after-done", "corrupt", "an ancillary chunk after DONE", insert(tiled, end + 1, NOTE)),
        ("bytes-after-done", "corrupt", "one byte after DONE", lambda: tiled + b"\0"),
        (
            "hole-after-preamble",
            "corrupt",
            "one byte between preamble and HEAD",
            lambda: tiled[:24] + b"\0" + tiled[24:],
        ),
        ("ancillary-1025", "corrupt", "one ancillary chunk too many", insert(single, 1, *[NOTE] * 1025)),
        (
            "ancillary-1025-in-two-places",
            "corrupt",
            "1024 before the tile and 1 after it",
            change(single, lambda c: c.__setitem__(slice(1, None), [*[NOTE] * 1024, c[1], NOTE, c[2]])),
        ),
        ("type-not-letters", "corrupt", "a chunk type with a digit", insert(single, 1, (b"no1e", b""))),
        (
            "type-not-ascii",
            "corrupt",
            "a chunk type with a letter that is not ASCII",
            insert(single, 1, (b"\xe4bcd", b"")),
        ),
        ("critical-unknown", "too-new", "an unknown critical chunk before the tile", insert(single, 1, (b"NOTE", b""))),
        (
            "critical-unknown-at-end",
            "too-new",
            "an unknown critical chunk before DONE",
            insert(tiled, end, (b"Note", b"")),
        ),
    )
    # Where a chunk is missing the next one is found in its place; which of the two is reported is not fixed.
    also = {
        "tile-missing": ("corrupt", "checksum"),
        "tiles-swapped": ("corrupt", "truncated"),
        "no-index": ("too-new",),
        "tile-renamed": ("checksum",),
    }
    for name, error, about, make in cases:
        yield entry(f"chunks-{name}", error, about, make, *also.get(name, ()))


def index() -> Iterator[RejectEntry]:
    """TIDX that does not fit the tiles."""
    data = four_tiles()
    table = payload(data, b"TIDX")

    def with_length(number: int, add: int) -> bytes:
        at = 8 * number
        n = (int.from_bytes(table[at : at + 4], "little") + add) % 2**32
        return replaced(data, b"TIDX", table[:at] + n.to_bytes(4, "little") + table[at + 4 :])

    yield entry("index-short", "corrupt", "TIDX has an entry too few", lambda: replaced(data, b"TIDX", table[:-8]))
    yield entry(
        "index-long", "corrupt", "TIDX has an entry too many", lambda: replaced(data, b"TIDX", table + bytes(8))
    )
    yield entry("index-odd", "corrupt", "TIDX has 31 bytes", lambda: replaced(data, b"TIDX", table[:-1]))
    yield entry("index-empty", "corrupt", "TIDX is empty", lambda: replaced(data, b"TIDX", b""))
    several = ("truncated", "checksum", "corrupt")
    yield entry(
        "index-overlap",
        "corrupt",
        "the second tile is said to begin within the first",
        lambda: with_length(0, -12),
        *several,
    )
    yield entry("index-gap", "truncated", "a length is one too large", lambda: with_length(1, 1), *several)
    yield entry(
        "index-beyond",
        "truncated",
        "a length of 2^32 - 1",
        lambda: with_length(3, -int.from_bytes(table[24:28], "little") - 1),
        *several,
    )
    yield entry(
        "index-zero-length",
        "corrupt",
        "a length of 0 for a tile that has some",
        lambda: replaced(data, b"TIDX", table[:16] + bytes(4) + table[20:]),
        *several,
    )


def versions() -> Iterator[RejectEntry]:
    """Newer containers, and preambles that no picture has."""
    rest = one_tile()[24:]

    def start(**values: int) -> Callable[[], bytes]:
        fields = {"width": 7, "height": 5, "channels": 3, "bits": 8, **values}
        return lambda: preamble(**fields) + rest

    yield entry("container-version-2", "too-new", "container version 2", start(version=2))
    yield entry(
        "container-version-255", "too-new", "container version 255, and impossible values", start(version=255, bits=77)
    )
    yield entry("container-version-0", "corrupt", "container version 0", start(version=0))
    yield entry("container-flag-0", "too-new", "flags 01", start(flags=1))
    yield entry("container-flag-7", "too-new", "flags 80", start(flags=128))
    for name, value in (
        ("width", 0),
        ("height", 0),
        ("channels", 0),
        ("channels", 5),
        ("bits", 0),
        ("bits", 3),
        ("bits", 32),
    ):
        yield entry(f"preamble-{name}-{value}", "corrupt", f"{name} {value}", start(**{name: value}))
