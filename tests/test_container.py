"""A file is covered by its chunks without holes; whatever is not as the writer writes it is refused."""

from __future__ import annotations

import pickle
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroc.chunks import SIGNATURE, Preamble, peek, read_chunk, write_file
from neuroc.container import MAX_ANCILLARY, ParsedFile, build_file, parse
from neuroc.errors import (
    ChecksumError,
    CorruptFileError,
    HeaderError,
    LimitError,
    NeurocError,
    NotNrcError,
    TooNewError,
    TruncatedError,
    UsageError,
)
from neuroc.header import Header
from neuroc.limits import Limits
from neuroc.picture import Record
from neuroc.tiles import pack_groups

RGBA = Preamble(width=20, height=9, channels=4, bits=8)
HEADER = Header(codec="causal59k", pixel_digest=bytes(range(16)), encoder="0.1.0", mode="RGBA", weights=(b"w" * 16,))
TILED = Header(codec="causal59k", pixel_digest=bytes(range(16)), encoder="0.1.0", mode="RGBA", tile=7)
TILES = [pack_groups([(0, bytes([i]) * (i + 1)), (1, b"alpha")]) for i in range(6)]
CRCS = [100 + i for i in range(6)]
RECORDS = (Record("exif", b"Exif\0\0"), Record("icc", bytes(100)))


def one_tile() -> bytes:
    return build_file(RGBA, HEADER, TILES[:1], CRCS[:1], metadata=RECORDS, ancillary=[(b"noTe", b"hello")])


def six_tiles() -> bytes:
    return build_file(RGBA, TILED, TILES, CRCS, metadata=RECORDS, ancillary=[(b"noTe", b"hello")])


def chunk(kind: bytes, payload: bytes = b"") -> bytes:
    body = kind + struct.pack("<I", len(payload)) + payload
    return body + struct.pack("<I", zlib.crc32(body))


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    found, pos = [], 24
    while pos < len(data):
        c = read_chunk(memoryview(data), pos)
        found.append((c.type, bytes(c.payload)))
        pos = c.end
    return found


def rebuilt(data: bytes, edit: Callable[[list[tuple[bytes, bytes]]], object]) -> bytes:
    """``data`` with its list of chunks edited in place and every CRC right."""
    found = chunks_of(data)
    edit(found)
    return data[:24] + b"".join(chunk(k, p) for k, p in found)


def read_all(data: bytes) -> tuple[object, ...]:
    """Everything that a decoder would take from a file."""
    file = parse(data)
    groups = [[(m, bytes(d)) for m, d in file.tile_groups(i)] for i in range(len(file.grid))]
    return file.preamble, file.header, file.metadata(), groups, [file.tile_crc(i) for i in range(len(file.grid))]


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(8, 40),
    st.data(),
    st.lists(st.builds(Record, st.text(min_size=1, max_size=9), st.binary(max_size=50)), max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_files_come_back(w: int, h: int, tile: int, data: st.DataObject, records: list[Record]) -> None:
    header = Header(codec="raw", pixel_digest=bytes(16), encoder="1", mode="LA", tile=tile)
    count = -(-w // tile) * -(-h // tile)
    groups = [[(1, data.draw(st.binary(max_size=9))), (0, data.draw(st.binary(max_size=9)))] for _ in range(count)]
    tiles = [pack_groups(g) for g in groups]
    made = build_file(Preamble(w, h, 2, 16), header, tiles, range(count), metadata=records)
    file = parse(made)
    assert (file.preamble, file.header, file.metadata()) == (Preamble(w, h, 2, 16), header, tuple(records))
    assert [[(m, bytes(d)) for m, d in file.tile_groups(i)] for i in range(count)] == groups
    assert [file.tile_crc(i) for i in range(count)] == ([None] if count == 1 else list(range(count)))
    assert file.payload_bytes == sum(map(len, tiles))
    assert file.damage == ()


def test_the_first_bytes_stand_where_the_specification_says() -> None:
    data = one_tile()
    assert data[:20] == bytes.fromhex("8E4E52430D0A1A0A 01 00 14000000 09000000 04 08")
    assert data[20:24] == struct.pack("<I", zlib.crc32(data[:20]))
    assert peek(data[:24]) == RGBA
    assert [k for k, _ in chunks_of(data)] == [b"HEAD", b"META", b"noTe", b"TILE", b"DONE"]
    assert [k for k, _ in chunks_of(six_tiles())] == [b"HEAD", b"META", b"noTe", b"TIDX"] + 6 * [b"TILE"] + [b"DONE"]


def test_a_plain_picture_costs_at_most_160_bytes_beyond_its_stream() -> None:
    header = Header(codec="causal59k", pixel_digest=bytes(16), encoder="0.1.0", mode="RGB", weights=(bytes(16),))
    stream = b"s" * 1000
    made = build_file(Preamble(512, 512, 3, 8), header, [pack_groups([(0, stream)])], [0])
    assert len(made) - len(stream) == 119


@pytest.mark.parametrize("data", [one_tile(), six_tiles()])
def test_every_truncation_is_refused(data: bytes) -> None:
    for end in range(len(data)):
        with pytest.raises(CorruptFileError) as caught:
            read_all(data[:end])
        assert not isinstance(caught.value, NotNrcError)


@pytest.mark.parametrize("data", [one_tile(), six_tiles()])
def test_every_changed_byte_is_noticed(data: bytes) -> None:
    for at in range(len(data)):
        for flip in (*(1 << k for k in range(8)), 0x20, 0xFF):
            broken = bytearray(data)
            broken[at] ^= flip
            with pytest.raises(CorruptFileError):
                read_all(bytes(broken))


@given(st.sampled_from([one_tile(), six_tiles()]), st.data())
@settings(max_examples=60, deadline=None)
def test_cut_and_pasted_files_raise_nothing_but_neuroc_errors(data: bytes, draw: st.DataObject) -> None:
    a, b = sorted(draw.draw(st.tuples(st.integers(0, len(data)), st.integers(0, len(data)))))
    broken = data[:a] + draw.draw(st.binary(max_size=20)) + data[b:]
    for lenient in (False, True):
        try:
            file = parse(broken, lenient=lenient)
            damaged_tiles(file)
            file.metadata()
        except NeurocError:
            pass


@pytest.mark.parametrize(
    "start",
    [
        SIGNATURE.replace(b"\r\n", b"\n"),
        SIGNATURE.replace(b"\n", b"\r\n"),
        SIGNATURE.replace(b"\r\n", b"\r"),
        bytes(b & 127 for b in SIGNATURE),
        SIGNATURE.decode("latin-1").encode(),
        SIGNATURE.decode(errors="replace").encode(),
    ],
)
def test_a_text_mode_transfer_is_named(start: bytes) -> None:
    with pytest.raises(CorruptFileError, match="binary mode"):
        parse(start + one_tile()[8:])


def test_foreign_and_empty_files_are_told_apart() -> None:
    for data in (b"\x89PNG\r\n\x1a\n" + bytes(100), b"text", bytes(3)):
        with pytest.raises(NotNrcError) as caught:
            parse(data, name="x.nrc")
        assert (caught.value.file, caught.value.offset) == ("x.nrc", 0)
    with pytest.raises(TruncatedError, match="empty"):
        parse(b"")


def preamble(version: int = 1, flags: int = 0, width: int = 20, height: int = 9, chan: int = 4, bits: int = 8) -> bytes:
    body = SIGNATURE + struct.pack("<BBIIBB", version, flags, width, height, chan, bits)
    return body + struct.pack("<I", zlib.crc32(body))


@pytest.mark.parametrize(("version", "flags"), [(2, 0), (255, 0), (1, 1), (1, 128)])
def test_a_newer_container_says_so(version: int, flags: int) -> None:
    with pytest.raises(TooNewError, match="newer neuroc-codec"):
        parse(preamble(version, flags) + one_tile()[24:])


@pytest.mark.parametrize(
    "bad",
    [preamble(version=0), preamble(width=0), preamble(height=0), preamble(chan=0), preamble(chan=5), preamble(bits=3)],
)
def test_an_impossible_preamble_is_refused(bad: bytes) -> None:
    with pytest.raises(CorruptFileError, match="impossible preamble"):
        parse(bad + one_tile()[24:])


def test_a_preamble_that_does_not_fit_the_header_is_refused() -> None:
    with pytest.raises(HeaderError, match="mode 'RGB' with"):
        parse(preamble(chan=3, bits=4) + one_tile()[24:])


def test_limits_hold_before_anything_is_read() -> None:
    with pytest.raises(LimitError, match="pixels"):
        parse(preamble(width=2**32 - 1, height=2**32 - 1))
    with pytest.raises(LimitError, match="tiles"):
        parse(six_tiles(), limits=Limits(tiles=5))
    with pytest.raises(LimitError, match="metadata"):
        parse(six_tiles(), limits=Limits(metadata=50)).metadata()


SWAPS: dict[str, Callable[[list[tuple[bytes, bytes]]], object]] = {
    "no HEAD": lambda c: c.pop(0),
    "two HEADs": lambda c: c.insert(1, c[0]),
    "two METAs": lambda c: c.insert(1, c[1]),
    "META later": lambda c: c.insert(2, c.pop(1)),
    "META after the tiles": lambda c: c.insert(-1, c[1]),
    "HEAD after the tiles": lambda c: c.insert(-1, c[0]),
    "no TIDX": lambda c: c.pop(3),
    "two TIDXs": lambda c: c.insert(4, c[3]),
    "something between the index and the tiles": lambda c: c.insert(4, (b"noTe", b"")),
    "something between tiles": lambda c: c.insert(6, (b"noTe", b"")),
    "a tile too few": lambda c: c.pop(5),
    "a tile too many": lambda c: c.insert(5, c[5]),
    "tiles swapped": lambda c: c.insert(5, c.pop(4)),
    "TIDX too short": lambda c: c.insert(3, (b"TIDX", c.pop(3)[1][:-8])),
    "TIDX too long": lambda c: c.insert(3, (b"TIDX", c.pop(3)[1] + bytes(8))),
    "a tile renamed": lambda c: c.insert(5, (b"tile", c.pop(5)[1])),
    "DONE is missing": lambda c: c.pop(),
    "DONE with a payload": lambda c: c.insert(99, (b"DONE", c.pop()[1] + b"x")),
    "two DONEs": lambda c: c.append(c[-1]),
    "a chunk after DONE": lambda c: c.append((b"noTe", b"")),
    "too many ancillary chunks": lambda c: c.__setitem__(slice(2, 2), MAX_ANCILLARY * [(b"noTe", b"")]),
}


@pytest.mark.parametrize("name", SWAPS)
def test_chunks_out_of_their_places_are_refused(name: str) -> None:
    with pytest.raises(CorruptFileError) as caught:
        read_all(rebuilt(six_tiles(), SWAPS[name]))
    assert caught.value.offset is not None


def test_one_tile_has_no_index() -> None:
    with pytest.raises(CorruptFileError, match="TIDX"):
        parse(rebuilt(one_tile(), lambda c: c.insert(3, (b"TIDX", bytes(8)))))


@pytest.mark.parametrize("kind", [b"no1e", b"no e", b"\xe4bcd", bytes(4)])
def test_a_type_that_is_not_four_letters_is_refused(kind: bytes) -> None:
    with pytest.raises(CorruptFileError, match="not a chunk type"):
        parse(rebuilt(one_tile(), lambda c: c.insert(2, (kind, b""))))


@pytest.mark.parametrize("place", [2, -1])
def test_unknown_chunks_are_skipped_or_too_new(place: int) -> None:
    def edited(data: bytes, kind: bytes) -> bytes:
        return rebuilt(data, lambda c: c.insert(place, (kind, b"?")))

    for data in (one_tile(), six_tiles()):
        assert read_all(edited(data, b"nEWS")) == read_all(data)
        assert [c.type for c in parse(edited(data, b"nEWS")).ancillary] == (
            [b"nEWS", b"noTe"] if place == 2 else [b"noTe", b"nEWS"]
        )
        with pytest.raises(TooNewError, match="NEWS"):
            parse(edited(data, b"NEWS"))


def test_trailing_bytes_and_holes_are_refused() -> None:
    with pytest.raises(CorruptFileError, match="1 bytes follow"):
        parse(one_tile() + b"\0")
    with pytest.raises(CorruptFileError):
        parse(one_tile()[:24] + b"\0" + one_tile()[24:])


def test_a_tile_is_read_without_looking_at_the_others() -> None:
    data = bytearray(six_tiles())
    file = parse(bytes(data))
    for i in (0, 1, 2, 4, 5):
        start, length = int(file.starts[i]), int(file.lengths[i])
        data[start : start + length + 12] = bytes(length + 12)
    assert bytes(parse(bytes(data)).tile_payload(3)) == TILES[3]
    with pytest.raises(ChecksumError, match="tile 2 of 6"):
        parse(bytes(data)).tile_payload(2)


def damaged_tiles(file: ParsedFile) -> list[int]:
    lost = []
    for i in range(len(file.grid)):
        try:
            file.tile_groups(i)
        except CorruptFileError:
            lost.append(i)
    return lost


def salvage(data: bytes) -> tuple[ParsedFile, list[int]]:
    file = parse(data, lenient=True)
    return file, damaged_tiles(file)


def test_salvage_finds_an_intact_file_intact() -> None:
    for data in (one_tile(), six_tiles()):
        file, lost = salvage(data)
        assert (file.damage, lost) == ((), [])


def test_salvage_loses_only_the_tiles_that_are_damaged() -> None:
    data = six_tiles()
    sound = parse(data)
    for i in range(6):
        for at in range(int(sound.starts[i]), int(sound.starts[i]) + 12 + int(sound.lengths[i])):
            broken = bytearray(data)
            broken[at] ^= 0x41
            assert salvage(bytes(broken))[1] == [i]


def test_salvage_of_a_cut_file_keeps_what_came_before() -> None:
    data = six_tiles()
    sound = parse(data)
    file, lost = salvage(data[: int(sound.starts[4]) + 5])
    assert lost == [4, 5]
    assert any(isinstance(e, TruncatedError) for e in file.damage)


def test_salvage_survives_damage_anywhere_after_the_header() -> None:
    data = six_tiles()
    after_head = read_chunk(memoryview(data), 24).end
    for at in range(after_head, len(data)):
        broken = bytearray(data)
        broken[at] ^= 0x41
        file, lost = salvage(bytes(broken))
        assert len(lost) <= 1
        assert lost or file.damage
        assert all(bytes(file.tile_payload(i)) == TILES[i] for i in range(6) if i not in lost)


def test_the_writer_refuses_what_a_file_cannot_hold() -> None:
    with pytest.raises(UsageError):
        Preamble(0, 5, 3, 8).to_bytes()
    with pytest.raises(ValueError, match="grid of 6"):
        build_file(RGBA, TILED, TILES[:5], CRCS[:5])


def test_errors_survive_the_way_back_from_a_worker() -> None:
    with pytest.raises(CorruptFileError) as caught:
        parse(one_tile()[:-1], name="cut.nrc")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.offset) == (str(caught.value), len(one_tile()) - 1)


def test_write_file_gives_payloads_uncopied() -> None:
    payload = b"p" * 100
    assert any(piece is payload for piece in write_file(RGBA, [(b"TILE", payload)]))
