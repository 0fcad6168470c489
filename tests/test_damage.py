"""Damage anywhere in a file is found or harmless: decoding never gives wrong pixels, and never fails in another way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neuroc
from crafted import chunks, error_of, reseal
from naturalpictures import natural
from neuroc.errors import CorruptFileError, LimitError, NeurocError, PluginError, TruncatedError
from neuroc.picture import Picture, Record, same_picture

PICTURE = Picture(natural(16, 15), "RGB", 8, (Record("text", b"hello\0world" * 3),))


def encoded() -> dict[str, bytes]:
    kinds = {
        "network": neuroc.encode(PICTURE),
        "network, range coder": neuroc.encode(PICTURE, coder="range24"),
        "network, tiles": neuroc.encode(natural(8, 16), tile=8),
        "raw": neuroc.encode(PICTURE, plugin="raw"),
        "deep": neuroc.encode(natural(12, 12, 1, 16), unit=7),
    }
    assert {neuroc.info(d).plugin for d in kinds.values()} == {"causal59k", "raw"}
    return kinds


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return encoded()


KINDS = ["network", "network, range coder", "network, tiles", "raw", "deep"]


def never_wrong(bad: bytes, original: Picture) -> NeurocError | None:
    """Decode ``bad``: an error of neuroc, or exactly the picture."""
    result = neuroc.decode_many([bad])[0]
    if isinstance(result, NeurocError):
        assert isinstance(result, CorruptFileError | PluginError) or result.exit_code == 5, repr(result)
        assert str(result)
        return result
    assert same_picture(result, original)
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_any_byte_is_found(files: dict[str, bytes], kind: str) -> None:
    data = files[kind]
    original = neuroc.decode(data)
    for n in range(len(data)):
        for mask in (1 << (n % 8), 0xFF)[: 1 if "tiles" in kind else 2]:
            bad = bytearray(data)
            bad[n] ^= mask
            assert never_wrong(bytes(bad), original) is not None, f"byte {n}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_is_refused(files: dict[str, bytes], kind: str) -> None:
    data = files[kind]
    for n in range(len(data)):
        assert isinstance(error_of(neuroc.decode, data[:n]), CorruptFileError)
        assert isinstance(error_of(neuroc.info, data[:n]), CorruptFileError)
    assert isinstance(error_of(neuroc.decode, data[: len(data) - 3]), TruncatedError)
    assert isinstance(error_of(neuroc.decode, data + b"\0"), CorruptFileError)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_behind_right_checksums_never_gives_wrong_pixels(files: dict[str, bytes], kind: str) -> None:
    """Bytes changed and every CRC-32 made right again: header, index and streams have to notice by themselves."""
    data = files[kind]
    original = neuroc.decode(data)
    payload = [p for offset, length in chunks(data) for p in range(offset + 8, offset + 8 + length)]
    places = [*range(8, 20), *payload[:90], *payload[90 :: max(1, len(payload) // 25)], payload[-1]]
    for n in places:
        bad = bytearray(data)
        bad[n] ^= 1 << (n % 7)
        never_wrong(reseal(bad), original)


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_garbage_is_no_file(garbage: bytes) -> None:
    for data in (garbage, b"\x8eNRC\r\n\x1a\n" + garbage):
        for action in (neuroc.decode, neuroc.info, neuroc.salvage):
            assert isinstance(error_of(action, data), CorruptFileError | PluginError)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_several_damages_at_once_are_found(files: dict[str, bytes], data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    bad = bytearray(files[kind])
    for _ in range(data.draw(st.integers(1, 5))):
        begin = data.draw(st.integers(0, len(bad) - 1))
        piece = data.draw(st.binary(max_size=8))
        end = begin + data.draw(st.integers(0, 8))
        bad[begin:end] = piece
    if bytes(bad) != files[kind]:
        never_wrong(bytes(bad), neuroc.decode(files[kind]))
        error_of(neuroc.salvage, bytes(bad))


def test_salvage_keeps_the_intact_tiles_and_names_the_lost_ones() -> None:
    x = natural(24, 36, 4)
    data = bytearray(neuroc.encode(x, tile=12))
    whole, lost, _ = neuroc.salvage(bytes(data))
    assert lost == []
    assert np.array_equal(whole.samples, x)
    tiles = [(o, n) for o, n in chunks(bytes(data)) if data[o : o + 4] == b"TILE"]
    assert len(tiles) == 6
    for k in (1, 4):
        data[tiles[k][0] + 8 + tiles[k][1] // 2] ^= 4
    assert isinstance(error_of(neuroc.decode, bytes(data)), CorruptFileError)
    for damaged in (bytes(data), reseal(bytearray(data))):
        found, lost, _ = neuroc.salvage(damaged)
        assert lost == [1, 4]
        wanted = x.copy()
        wanted[:12, 12:24] = 0
        wanted[12:, 12:24] = 0
        assert np.array_equal(found.samples, wanted)


def test_salvage_of_a_cut_file_keeps_its_beginning() -> None:
    x = natural(12, 48)
    data = neuroc.encode(x, tile=12)
    tiles = [(o, n) for o, n in chunks(data) if data[o : o + 4] == b"TILE"]
    found, lost, _ = neuroc.salvage(data[: tiles[2][0] + 20])
    assert lost == [2, 3]
    assert np.array_equal(found.samples[:, :24], x[:, :24])
    assert not found.samples[:, 24:].any()


def test_a_region_does_not_need_the_other_tiles() -> None:
    x = natural(12, 36)
    data = bytearray(neuroc.encode(x, tile=12))
    offset, length = [c for c in chunks(bytes(data)) if data[c[0] : c[0] + 4] == b"TILE"][2]
    data[offset + 8 + length // 2] ^= 1
    assert np.array_equal(neuroc.decode(bytes(data), region=(2, 3, 20, 8)).samples, x[3:11, 2:22])
    assert isinstance(error_of(neuroc.decode, bytes(data), region=(2, 3, 23, 8)), CorruptFileError)


def test_one_damaged_file_does_not_spoil_those_it_is_decoded_with(files: dict[str, bytes]) -> None:
    good = files["network"]
    offset, length = next(c for c in chunks(good) if good[c[0] : c[0] + 4] == b"TILE")
    bad = bytearray(good)
    bad[offset + 8 + length // 2] ^= 32
    seen: list[tuple[int, int]] = []
    first, second, third = neuroc.decode_many([good, reseal(bad), good], progress=lambda *p: seen.append(p))
    assert seen == sorted(seen)
    assert seen[-1] == (3 * 16 * 15, 3 * 16 * 15)
    assert isinstance(first, Picture)
    assert isinstance(third, Picture)
    assert same_picture(first, PICTURE)
    assert same_picture(third, PICTURE)
    assert isinstance(second, CorruptFileError)


def test_salvage_never_drops_metadata_without_a_word() -> None:
    picture = Picture(natural(20, 20), "RGB", 8, (Record("text", b"a\0" + bytes(range(256)) * 4),))
    data = neuroc.encode(picture, tile=8)
    with pytest.raises(LimitError):
        neuroc.salvage(data, limits=neuroc.Limits(metadata=100))
    wrong = bytearray(data)
    offset = next(o for o, _ in chunks(data) if data[o : o + 4] == b"META")
    wrong[offset + 14] ^= 0xFF  # inside the zstd frame
    found, lost, damage = neuroc.salvage(reseal(wrong))
    assert (lost, found.metadata) == ([], ())
    assert np.array_equal(found.samples, picture.samples)
    assert damage
