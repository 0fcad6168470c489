"""Entropy coders: round trips, one format for reference and fast, damage noticed, known answers (SPEC section 7)."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuroc.coder import BUILTIN, TOTAL, Coder, Decoder, get_coder, range24, rans24
from neuroc.coder.intervals import IntervalQueue
from neuroc.errors import PluginMissingError, StreamError

I64 = NDArray[np.int64]
Step = tuple[I64, I64]  # tables (n, alphabet), symbols (n,)

SPEC = Path(__file__).parents[1] / "SPEC.md"
PROGRAMS = re.findall(
    r"```python\n(def (?:rans|range)24_.*?)```", SPEC.read_text(encoding="utf-8") if SPEC.is_file() else "", re.DOTALL
)
HAS_CONSTRICTION = find_spec("constriction") is not None
PLAIN = [get_coder(id, fast=False) for id in BUILTIN]
FAST = [get_coder(id, fast=True) for id in BUILTIN] if HAS_CONSTRICTION else []
PAIRS = list(zip(PLAIN, FAST, strict=False))


def name(coder: object) -> str:
    return type(coder).__name__


all_coders = pytest.mark.parametrize("coder", PLAIN + FAST, ids=name)
both = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].id)


def tables(rng: np.random.Generator, n: int, alphabet: int, skew: float) -> I64:
    """Random tables (n, alphabet), all >= 1, rows sum to 2**24; a large skew leaves most symbols with frequency 1."""
    weight = rng.random((n, alphabet)) ** skew + 1e-12
    freqs: I64 = 1 + np.floor(weight / weight.sum(axis=1, keepdims=True) * (TOTAL - alphabet)).astype(np.int64)
    freqs[np.arange(n), rng.integers(0, alphabet, n)] += TOTAL - freqs.sum(axis=1)
    return freqs


def step(rng: np.random.Generator, n: int, alphabet: int, skew: float, likely: bool) -> Step:
    """Tables and symbols, drawn by their frequencies or without regard to them."""
    freqs = tables(rng, n, alphabet, skew)
    slots = rng.integers(0, TOTAL, n)
    drawn = (np.cumsum(freqs, axis=1) <= slots[:, None]).sum(axis=1)
    return freqs, drawn if likely else rng.integers(0, alphabet, n)


def interval(freqs: I64, symbols: I64) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    place = (np.arange(len(freqs)), symbols)
    freq = freqs[place]
    return (np.cumsum(freqs, axis=1)[place] - freq).astype(np.uint32), freq.astype(np.uint32)


def encode(coder: Coder, message: list[Step]) -> bytes:
    encoder = coder.encoder()
    for freqs, symbols in message:
        encoder.encode(*interval(freqs, symbols))
    return encoder.finish()


def decode(coder: Coder, data: bytes, all_freqs: list[I64], dtype: Any = np.int32) -> list[list[int]]:
    decoder = coder.decoder(data)
    symbols = [decoder.decode(freqs.astype(dtype)) for freqs in all_freqs]
    decoder.finish()
    assert all(s.dtype == np.int32 and s.shape == (len(f),) for s, f in zip(symbols, all_freqs, strict=True))
    return [s.tolist() for s in symbols]


def outcome(coder: Coder, data: bytes, all_freqs: list[I64]) -> object:
    """What decoding comes to: the symbols or StreamError, and nothing else."""
    try:
        return decode(coder, data, all_freqs)
    except StreamError:
        return StreamError


@st.composite
def messages(draw: st.DrawFn) -> list[Step]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = st.tuples(
        st.integers(0, 60),
        st.sampled_from([*range(1, 17), 2, 3, 16, 256]),
        st.sampled_from([0.5, 1.0, 8.0, 200.0]),
        st.booleans(),
    )
    return [step(rng, *draw(shape)) for _ in range(draw(st.integers(0, 5)))]


@all_coders
@settings(max_examples=40, deadline=None)
@given(messages())
def test_what_is_encoded_is_decoded(coder: Coder, message: list[Step]) -> None:
    data = encode(coder, message)
    for dtype in (np.int32, np.int64, np.uint32):
        assert decode(coder, data, [f for f, _ in message], dtype) == [s.tolist() for _, s in message]


@both
@settings(max_examples=60, deadline=None)
@given(messages())
def test_reference_and_fast_write_the_same_bytes(pair: tuple[Coder, Coder], message: list[Step]) -> None:
    plain, fast = pair
    data = encode(plain, message)
    assert encode(fast, message) == data
    assert outcome(plain, data, [f for f, _ in message]) == outcome(fast, data, [f for f, _ in message])


@both
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_intervals_make_the_same_bytes(pair: tuple[Coder, Coder], data: st.DataObject) -> None:
    ends = st.tuples(st.integers(0, TOTAL), st.integers(0, TOTAL)).filter(lambda pair: pair[0] != pair[1])
    edges = st.sampled_from([(0, 1), (0, TOTAL - 1), (1, TOTAL), (TOTAL - 1, TOTAL), (0, TOTAL), (1, TOTAL - 1)])
    drawn = data.draw(st.lists(edges | ends, min_size=1, max_size=80))
    start = np.array([min(pair) for pair in drawn], dtype=np.uint32)
    freq = np.array([max(pair) for pair in drawn], dtype=np.uint32) - start
    # One table per symbol that has it as an interval: what is left and right of it are the other symbols.
    freqs = [
        np.array([[w for w in (s, f, TOTAL - s - f) if w]]) for s, f in zip(*(start.astype(int), freq), strict=True)
    ]
    symbols = [[int(s > 0)] for s in start]
    streams = []
    for coder in pair:
        encoder = coder.encoder()
        encoder.encode(start, freq)
        streams.append(encoder.finish())
        assert decode(coder, streams[-1], freqs) == symbols
    assert streams[0] == streams[1]


@all_coders
def test_extreme_frequencies_at_both_ends(coder: Coder) -> None:
    rows = np.array([[1, TOTAL - 1], [TOTAL - 1, 1]] * 40)
    message: list[Step] = [(rows, (np.arange(80) // 2 + k) % 2) for k in (0, 1)]
    for freqs, symbols in list(message):
        wide = np.ones((len(freqs), 16), dtype=np.int64)
        wide[:, 9] = TOTAL - 15
        message.append((wide, symbols * 15))
        message.append((wide, np.full(len(freqs), 9)))
    assert decode(coder, encode(coder, message), [f for f, _ in message]) == [s.tolist() for _, s in message]


@both
def test_messages_longer_than_a_block_are_the_same(pair: tuple[Coder, Coder]) -> None:
    rng = np.random.default_rng(5)
    start, freq = (rng.integers(1, 70000, 140_000).astype(np.uint32) for _ in range(2))
    streams = []
    for coder in pair:
        encoder = coder.encoder()
        for part in (slice(1000), slice(1000, None)):
            encoder.encode(start[part], freq[part])
        streams.append(encoder.finish())
    assert streams[0] == streams[1]


@pytest.mark.parametrize(("side", "word"), [(-1, "ffffffff"), (1, "00000000")])
def test_carries_run_through_a_range_stream(side: int, word: str) -> None:
    # Narrow intervals around the middle of everything: until the last symbol takes a side, no word is decided.
    starts = []
    ahead, width = 1 << 63, (1 << 64) - 1
    for _ in range(60):
        unit = width >> 24
        starts.append(ahead // unit)
        ahead, width = ahead % unit, unit
        if width < 1 << 32:
            ahead, width = ahead << 32, width << 32
    starts.append(ahead // (width >> 24) + side)
    freqs = [np.array([[s, 1, TOTAL - s - 1]]) for s in starts]
    message: list[Step] = [(f, np.array([1])) for f in freqs]
    for coder in PLAIN[1:] + FAST[1:]:
        data = encode(coder, message)
        assert data[:4].hex() == ("ffffff7f" if side < 0 else "00000080")
        assert data[4:100].hex() == word * 24
        assert decode(coder, data, freqs) == [[1]] * 61


@all_coders
def test_an_empty_message_is_an_empty_stream(coder: Coder) -> None:
    assert coder.encoder().finish() == b""
    coder.decoder(b"").finish()
    decoder = coder.decoder(b"")
    assert decoder.decode(np.zeros((0, 16), dtype=np.int32)).shape == (0,)
    decoder.finish()


@all_coders
def test_an_alphabet_of_one_symbol_costs_nothing(coder: Coder) -> None:
    sure: Step = (np.full((7, 1), TOTAL), np.zeros(7, dtype=np.int64))
    assert encode(coder, [sure]) == b""
    assert decode(coder, b"", [sure[0]]) == [[0] * 7]
    other = step(np.random.default_rng(1), 20, 16, 1.0, True)
    data = encode(coder, [sure, other, sure])
    assert data == encode(coder, [other])
    assert decode(coder, data, [sure[0], other[0], sure[0]])[1] == other[1].tolist()


@all_coders
def test_the_encoder_keeps_its_own_copy(coder: Coder) -> None:
    start, freq = interval(*DAMAGE[0])
    encoder = coder.encoder()
    encoder.encode(start, freq)
    start[:], freq[:] = 0, 1
    assert encoder.finish() == encode(coder, DAMAGE[:1])


@all_coders
def test_the_layout_of_tables_in_memory_does_not_matter(coder: Coder) -> None:
    freqs, symbols = step(np.random.default_rng(3), 50, 16, 1.0, True)
    data = encode(coder, [(freqs, symbols)])
    spread = np.zeros((100, 32), dtype=np.int32)
    spread[::2, ::2] = freqs
    for table in (np.asfortranarray(freqs.astype(np.int32)), spread[::2, ::2]):
        decoder = coder.decoder(data)
        assert decoder.decode(table).tolist() == symbols.tolist()
        decoder.finish()


@all_coders
def test_streams_stay_close_to_the_entropy(coder: Coder) -> None:
    freqs, symbols = step(np.random.default_rng(4), 5000, 16, 4.0, True)
    bits = -np.log2(interval(freqs, symbols)[1] / TOTAL).sum()
    assert bits <= 8 * len(encode(coder, [(freqs, symbols)])) <= bits * 1.0001 + 8 * 9


DAMAGE = [
    step(np.random.default_rng(6), n, a, skew, True) for n, a, skew in ((40, 16, 4.0), (30, 2, 1.0), (9, 256, 1.0))
]
DAMAGE_FREQS = [freqs for freqs, _ in DAMAGE]
DAMAGE_SYMBOLS = [symbols.tolist() for _, symbols in DAMAGE]


def damaged(data: bytes) -> dict[str, bytes]:
    """Streams that are not ``data``."""
    made = {f"cut to {n}": data[:n] for n in range(len(data))}
    made |= {f"without first {n}": data[n:] for n in range(1, len(data))}
    made |= {f"bit {i}": _flip(data, i) for i in range(8 * len(data))}
    for extra in (b"\0", b"\0" * 4, b"\0" * 8, b"\1\0\0\0", b"\xff" * 4, data):
        made[f"then {extra[:4].hex()} {len(extra)}"] = data + extra
        made[f"after {extra[:4].hex()} {len(extra)}"] = extra + data
    return made


def _flip(data: bytes, bit: int) -> bytes:
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


@all_coders
def test_a_damaged_stream_is_noticed(coder: Coder) -> None:
    data = encode(coder, DAMAGE)
    assert outcome(coder, data, DAMAGE_FREQS) == DAMAGE_SYMBOLS
    for how, bad in damaged(data).items():
        # Another message's stream would be legal, if improbable; here none is.
        assert outcome(coder, bad, DAMAGE_FREQS) is StreamError, how


@all_coders
def test_a_stream_ends_with_its_message(coder: Coder) -> None:
    data = encode(coder, DAMAGE)
    assert outcome(coder, data, DAMAGE_FREQS[:-1]) is StreamError
    assert outcome(coder, data, [*DAMAGE_FREQS, DAMAGE_FREQS[0][:1]]) is StreamError
    assert outcome(coder, data, []) is StreamError
    assert outcome(coder, b"", DAMAGE_FREQS) is StreamError


@all_coders
@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40) | st.lists(st.sampled_from([0, 1, 255]), max_size=24).map(bytes), messages())
def test_arbitrary_bytes_raise_nothing_but_stream_error(coder: Coder, data: bytes, message: list[Step]) -> None:
    all_freqs = [freqs for freqs, _ in message]
    result = outcome(coder, data, all_freqs)
    if result is not StreamError:  # then they are the one stream of these symbols
        assert isinstance(result, list)
        symbols = [np.array(s, dtype=np.int64) for s in result]
        assert encode(coder, list(zip(all_freqs, symbols, strict=True))) == data


@both
@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0, 1, 2**31, 2**32 - 1, 123456789, 2**32 - 2**24]), max_size=6), messages())
def test_reference_and_fast_agree_on_garbage(pair: tuple[Coder, Coder], words: list[int], message: list[Step]) -> None:
    data = np.array(words, dtype="<u4").tobytes()
    decoders: list[Decoder | None] = []
    for coder in pair:
        try:
            decoders.append(coder.decoder(data))
        except StreamError:
            decoders.append(None)
    for freqs, _ in message:
        results = [_attempt(decoder.decode, freqs) if decoder else StreamError for decoder in decoders]
        assert results[0] == results[1]  # in the same call
        if results[0] is StreamError:
            return
    assert len({_attempt(decoder.finish) if decoder else StreamError for decoder in decoders}) == 1


def _attempt(call: Callable[..., Any], *arguments: Any) -> Any:
    try:
        result = call(*arguments)
    except StreamError:
        return StreamError
    return None if result is None else result.tolist()


@pytest.mark.parametrize(
    ("start", "freq"), [([0], [0]), ([TOTAL], [1]), ([1], [TOTAL]), ([0, 2**32 - 1], [1, 1]), ([0, 1], [1])]
)
def test_intervals_outside_the_unit_are_refused(start: list[int], freq: list[int]) -> None:
    with pytest.raises(ValueError, match=r"interval|length"):
        IntervalQueue().append(np.array(start, dtype=np.uint32), np.array(freq, dtype=np.uint32))


KNOWN_FREQS = np.array([[1, 3, TOTAL - 4], [TOTAL // 4, TOTAL // 2, TOTAL // 4], [TOTAL - 2, 1, 1]] * 2)
KNOWN_SYMBOLS = np.array([1, 2, 0, 2, 0, 2])
KNOWN = {"rans24": "1570c00d0200007555550500", "range24": "6f03000006ef42fe005b4a69"}


@all_coders
def test_known_streams_stay_as_they_are(coder: Coder) -> None:
    data = encode(coder, [(KNOWN_FREQS, KNOWN_SYMBOLS)])
    assert data.hex() == KNOWN[coder.id]
    assert decode(coder, data, [KNOWN_FREQS]) == [KNOWN_SYMBOLS.tolist()]


@all_coders
def test_the_worked_example_of_the_specification(coder: Coder) -> None:
    encoder = coder.encoder()
    encoder.encode(np.array([0x400000, 1], dtype=np.uint32), np.array([0x800000, 3], dtype=np.uint32))
    assert encoder.finish().hex() == {"rans24": "020040aaaaaaaa00", "range24": "780100405ada9177"}[coder.id]


@pytest.mark.skipif(not PROGRAMS, reason="SPEC.md section 7 is not here")
@pytest.mark.parametrize("coder", PLAIN, ids=name)
@settings(max_examples=25, deadline=None)
@given(message=messages(), bit=st.integers(0))
def test_the_programs_of_the_specification_do_the_same(coder: Coder, message: list[Step], bit: int) -> None:
    programs: dict[str, Any] = {}
    for block in PROGRAMS:
        exec(block, programs)
    intervals = [(int(s), int(f)) for freqs, symbols in message for s, f in zip(*interval(freqs, symbols), strict=True)]
    rows = [row for freqs, _ in message for row in freqs.tolist()]
    words = programs[f"{coder.id}_encode"](intervals)
    data = encode(coder, message)
    assert np.array(words, dtype="<u4").tobytes() == data
    bad = _flip(data, bit % (8 * len(data))) if data else bytes(4)
    for stream in (data, bad):
        expected = outcome(coder, stream, [freqs for freqs, _ in message])
        try:
            symbols = list(programs[f"{coder.id}_decode"](np.frombuffer(stream, dtype="<u4").tolist(), rows))
        except AssertionError:  # how the programs refuse
            assert expected is StreamError
        else:
            assert isinstance(expected, list)
            assert symbols == [symbol for part in expected for symbol in part]


def test_an_unknown_coder_is_reported() -> None:
    with pytest.raises(PluginMissingError, match="huffman"):
        get_coder("huffman")


@pytest.mark.skipif(not HAS_CONSTRICTION, reason="constriction is not installed")
def test_constriction_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEUROC_PLAIN_CODER", raising=False)
    assert [name(get_coder(id)) for id in BUILTIN] == ["FastRans24", "FastRange24"]
    monkeypatch.setenv("NEUROC_PLAIN_CODER", "1")
    assert [name(get_coder(id)) for id in BUILTIN] == ["Rans24", "Range24"]


@pytest.mark.parametrize("coder", [rans24.CODER, range24.CODER], ids=lambda coder: coder.id)
def test_a_registered_coder_chooses_for_itself(coder: Coder) -> None:
    data = encode(coder, DAMAGE)
    assert data == encode(get_coder(coder.id, fast=False), DAMAGE)
    assert decode(coder, data, DAMAGE_FREQS) == DAMAGE_SYMBOLS


HIDDEN = """
import sys
sys.modules["constriction"] = None
from neuroc.coder import get_coder
from neuroc.errors import PluginError
print(type(get_coder("rans24")).__name__, type(get_coder("range24")).__name__)
try:
    get_coder("rans24", fast=True)
except PluginError as error:
    print(error.code)
"""


def test_without_constriction_the_reference_is_used() -> None:
    done = subprocess.run([sys.executable, "-c", HIDDEN], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Rans24", "Range24", "plugin-missing"]
