"""Files that ask for more than a reader should give: refused by the header, within a moment, by the named option."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
import zstandard

import neuroc
from crafted import chunks, error_of, reseal
from naturalpictures import natural
from neuroc import canonical
from neuroc.chunks import write_file
from neuroc.codecs import raw
from neuroc.codecs.raw import CODEC
from neuroc.container import Preamble, build_file, parse
from neuroc.errors import CorruptFileError, LimitError, NeurocError, UsageError
from neuroc.header import Header
from neuroc.metadata import MAX_WINDOW, unpack_metadata
from neuroc.model import Spec
from neuroc.plugins import registry


def asks(width: int, height: int, codec: str = "causal59k", tile: int = 2**31 - 1, **params: object) -> bytes:
    """A file of one empty tile under a sound header; what it asks for is all that is wrong with it."""
    entry = registry().codec(codec).entry
    weights = tuple(bytes.fromhex(w.digest) for w in entry.weights[:1])
    numbers = {0: params["schedule"]} if params else {}
    header = Header(codec, bytes(16), "test", "RGB", weights=weights, tile=tile, params=numbers)  # type: ignore[arg-type]
    return build_file(Preamble(width, height, 3, 8), header, [b"\0"], [0], limits=neuroc.Limits(pixels=2**62))


@pytest.mark.parametrize(
    ("data", "option"),
    [
        (asks(2**20, 2**20), "--max-pixels"),
        (asks(2**14, 2**14, schedule="serial"), "--max-steps"),
        (asks(1, 2**25), "--max-steps"),
        (asks(2**25, 1, "raw"), "--max-steps"),
        (asks(2**14, 2**14), "--max-memory"),
    ],
    ids=["pixels", "serial", "column", "raw row", "memory"],
)
def test_a_header_that_asks_for_too_much_is_refused_by_the_option_that_would_allow_it(data: bytes, option: str) -> None:
    tracemalloc.start()
    try:
        for action in (neuroc.decode, neuroc.salvage, neuroc.verify):
            error = error_of(action, data)
            assert isinstance(error, LimitError)
            assert option in str(error)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_info_tells_the_cost_of_what_decoding_would_refuse() -> None:
    told = neuroc.info(asks(2**14, 2**14, schedule="serial"))
    assert told.cost_macs
    assert told.cost_steps == 2**28
    assert told.cost_memory
    assert told.cost_memory > neuroc.Limits().memory
    told = neuroc.info(asks(2**31 - 1, 1, "raw"), limits=neuroc.Limits(pixels=2**62))
    assert (told.cost_macs, told.cost_steps) == (0, 2**31 - 1)


def test_steps_are_those_of_all_tiles() -> None:
    data = neuroc.encode(natural(24, 24, 1), tile=8)
    assert neuroc.info(data).cost_steps in (9 * (8 + 3 * 7), 9 * (8 + 8 - 1))
    error = error_of(neuroc.encode, natural(24, 24, 1), tile=8, limits=neuroc.Limits(steps=100))
    assert isinstance(error, LimitError)
    assert "--max-steps" in str(error)


def with_head(fields: dict[int, Any]) -> bytes:
    """A file of one grey pixel under any header."""
    base: dict[int, Any] = {0: "raw", 7: bytes(16), 8: "x"}
    parts = [(b"HEAD", canonical.pack(base | fields)), (b"TILE", b"\1\0\0"), (b"DONE", b"")]
    return b"".join(write_file(Preamble(1, 1, 1, 8), parts))


@pytest.mark.parametrize(
    "fields",
    [
        {0: "x" * 60_000},
        {3: "\x1b" * 60_000},
        {4: "é" * 30_000},
        {10: "M" * 60_000},
        {9: ["f" * 30_000, "g" * 30_000]},
        {9: [f"f{i:05}" for i in range(8000)]},
        dict.fromkeys(range(-7000, -1), 0),
        {0: "causal59k", 5: {0: "s" * 60_000}},
    ],
    ids=["codec", "coder", "numerics", "mode", "long features", "many features", "many fields", "parameter"],
)
def test_a_message_stays_short_whatever_the_header_holds(fields: dict[int, Any]) -> None:
    error = error_of(neuroc.decode, with_head(fields))
    assert isinstance(error, NeurocError)
    assert 0 < len(str(error)) < 600


def test_the_price_of_raw_covers_what_it_takes() -> None:
    for bits, channels in ((8, 3), (16, 4), (8, 1), (2, 1), (16, 1)):
        spec = Spec(150, 140, channels, bits)
        x = natural(150, 140, channels, bits)
        few = x & 0x0F if bits >= 8 else x
        for samples in (x, few, np.zeros_like(x)):
            forms = [CODEC.encode_tile(samples, spec)]
            for form in raw._forms(samples, spec):
                flags = form.flags | 5 if form.palette != 1 else form.flags  # the gradient filter needs the most
                count = bytes([form.palette - 1]) if form.palette else b""
                forms.append(bytes([flags | 0x80]) + count + raw._compress(raw._body(form, flags & 7, False), 1))
            for data in forms:
                tracemalloc.start()
                decoded = CODEC.decode_tile(data, spec)
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
                assert np.array_equal(decoded, samples)
                assert peak <= CODEC.cost(spec).peak_bytes + 2**16, (bits, channels, hex(data[0]))


def meta(size: int, body: bytes) -> bytes:
    return size.to_bytes(4, "little") + body


def test_metadata_is_bounded_in_both_forms() -> None:
    limits = neuroc.Limits(metadata=1000)
    empty_blocks = b"\x28\xb5\x2f\xfd\x20\x01" + bytes(3) * 1000 + b"\x09\0\0a"
    for payload in (meta(1001, b""), meta(0, bytes(1001)), meta(1, empty_blocks)):
        assert isinstance(error_of(unpack_metadata, payload, limits=limits), LimitError)
    bomb = zstandard.ZstdCompressor().compress(bytes(2**26))
    for stated in (2**26, 2**26 - 1, 1):
        tracemalloc.start()
        error = error_of(unpack_metadata, meta(stated, bomb), limits=neuroc.Limits(metadata=2**20))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert isinstance(error, NeurocError)
        assert peak < 2**20


def test_a_window_that_not_every_decoder_grants_is_refused() -> None:
    plain = canonical.pack([["k", bytes(300)]])
    for window_log, sound in ((27, True), (28, False), (31, False)):
        head = b"\x28\xb5\x2f\xfd" + bytes([0x40, (window_log - 10) << 3]) + struct.pack("<H", len(plain) - 256)
        frame = head + (1 | len(plain) << 3).to_bytes(3, "little") + plain
        error = error_of(unpack_metadata, meta(len(plain), frame))
        assert (error is None) == sound
        assert (2**window_log <= MAX_WINDOW) == sound


def test_lost_tiles_keep_nothing_of_their_decoding() -> None:
    data = bytearray(neuroc.encode(natural(24, 24, 3), tile=6, plugin="raw"))
    for offset, length in chunks(bytes(data)):
        if data[offset : offset + 4] == b"TILE":
            data[offset + 8 + length // 2] ^= 0xFF
    _, lost, _ = neuroc.salvage(reseal(data))
    assert len(lost) > 10
    error = error_of(neuroc.decode, reseal(data))
    assert isinstance(error, CorruptFileError)
    assert error.__cause__ is error.__context__ is None


def test_salvage_of_as_many_tiles_as_there_may_be() -> None:
    """Each lost: what one costs must not grow with those before it."""
    preamble = Preamble(256, 256, 1, 8)
    header = Header("causal59k", bytes(16), "t", "L", tile=1, weights=(bytes(16),))
    data = build_file(preamble, header, [b"\2"] * 2**16, [0] * 2**16)
    found, lost, _ = neuroc.salvage(data)
    assert len(lost) == 2**16
    assert not found.samples.any()
    assert isinstance(error_of(neuroc.decode, data), CorruptFileError)


def test_a_lenient_parse_searches_without_a_copy() -> None:
    data = bytearray(neuroc.encode(natural(16, 16, 3), tile=8, plugin="raw"))
    large = zlib.compress(b"") * 2**18
    head_end = chunks(bytes(data))[0][0] + 12 + chunks(bytes(data))[0][1]
    padded = bytes(data[:head_end]) + b"zzz" + large + bytes(data[head_end:])
    tracemalloc.start()
    parsed = parse(padded, lenient=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert parsed.damage
    assert peak < len(large) // 4
    assert np.array_equal(neuroc.salvage(padded).picture.samples, natural(16, 16, 3))


def test_a_plane_group_that_the_codec_does_not_code_is_refused_by_partial_decoding_too() -> None:
    preamble = Preamble(4, 4, 1, 8)
    data = build_file(preamble, Header("causal59k", bytes(16), "t", "P"), [b"\0"], [0])
    for upto in (None, 1):
        error = error_of(neuroc.decode_partly, data, upto)
        assert isinstance(error, CorruptFileError | UsageError)
    assert isinstance(error_of(neuroc.decode_partly, data, 1), CorruptFileError)
