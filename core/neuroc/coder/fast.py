"""rans24 and range24 over constriction: the bytes of the reference modules, only faster.

constriction takes floating-point tables. Its categorical model (``perfect=False``) makes integers of them as
floor(cumulative * scale) + index with scale = (2**24 - alphabet) / sum. A row of ``freq - 1`` sums to
2**24 - alphabet, so scale is exactly 1; all partial sums are integers below 2**24, exact in float32; and what comes
out is the integer table itself. Nothing is rounded, whatever the platform.
"""

from __future__ import annotations

import importlib
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from . import TOTAL, range24, rans24
from .intervals import QueueingEncoder, ends_early, not_exhausted, read_words

_stream: Any = importlib.import_module("constriction").stream  # no type stubs
_TABLES: Any = _stream.model.Categorical(perfect=False)
_BLOCK = 1 << 16  # intervals per call: bounds the memory of the float rows
_INITIAL = np.array([rans24.INITIAL & rans24.WORD, rans24.INITIAL >> 32], dtype=np.uint32)

I32 = NDArray[np.int32]
F32 = NDArray[np.float32]


def float_rows(freqs: NDArray[Any]) -> F32:
    """Tables (n, alphabet >= 2) as constriction needs them; exact (module docstring)."""
    assert int(freqs.sum(dtype=np.int64)) == len(freqs) * TOTAL, "rows must sum to 2**24"
    rows: F32 = np.subtract(freqs, 1, dtype=np.float32, casting="unsafe", order="C")
    return rows


def three_symbols(start: NDArray[np.uint32], freq: NDArray[np.uint32]) -> tuple[I32, F32]:
    """Symbols (n,) and float rows (n, 3) whose symbol has the interval [start, start + freq); freq <= 2**24 - 2.

    The interval is the middle of three symbols, or the first where it starts at 0, or the last where it ends at
    2**24; what else such a row needs is one more symbol of frequency 1::

        0 ........ start ........ end ........ 2**24
        |  start   |     freq     |    rest    |        symbol 1
        |        freq             | 1 |  rest-1|        symbol 0, start = 0
        | start-1      | 1 |      freq         |        symbol 2, rest = 0
    """
    first = start.astype(np.int64)
    middle = freq.astype(np.int64)
    last = TOTAL - first - middle
    at_start, at_end = first == 0, last == 0
    symbols = np.where(at_start, np.int32(0), np.where(at_end, np.int32(2), np.int32(1)))
    rows = np.empty((len(first), 3), dtype=np.float32)
    rows[:, 0] = np.where(at_start, middle, np.where(at_end, first - 1, first)) - 1
    rows[:, 1] = np.where(at_start | at_end, 1, middle) - 1
    rows[:, 2] = np.where(at_start, last - 1, np.where(at_end, middle, last)) - 1
    return symbols, rows


def two_symbols(start: NDArray[np.uint32]) -> tuple[I32, F32]:
    """As ``three_symbols`` for freq = 2**24 - 1, which leaves room for one other symbol: start is 0 or 1."""
    symbols = start.astype(np.int32)
    rows = np.zeros((len(start), 2), dtype=np.float32)
    rows[np.arange(len(start)), symbols] = TOTAL - 2
    return symbols, rows


def runs(start: NDArray[np.uint32], freq: NDArray[np.uint32]) -> list[tuple[I32, F32]]:
    """Symbols and rows of a block of intervals, cut where the width of the rows changes."""
    wide = freq == TOTAL - 1
    if not wide.any():
        return [three_symbols(start, freq)]
    cuts = [0, *(np.flatnonzero(wide[1:] != wide[:-1]) + 1).tolist(), len(start)]
    return [
        two_symbols(start[a:b]) if wide[a] else three_symbols(start[a:b], freq[a:b])
        for a, b in itertools.pairwise(cuts)
    ]


class FastRansEncoder(QueueingEncoder):
    """See coder.Encoder."""

    def finish(self) -> bytes:
        """See coder.Encoder."""
        start, freq = self._queue.take()
        if not start.size:
            return b""
        ans = _stream.stack.AnsCoder(_INITIAL)
        for end in range(len(start), 0, -_BLOCK):
            block = slice(max(0, end - _BLOCK), end)
            for symbols, rows in reversed(runs(start[block], freq[block])):
                ans.encode_reverse(symbols, _TABLES, rows)
        return _to_bytes(ans.get_compressed())


class FastRansDecoder:
    """See coder.Decoder."""

    def __init__(self, data: bytes) -> None:
        words = rans24.first_words(data)
        self._ans = _stream.stack.AnsCoder(words if words.size else _INITIAL)

    def decode(self, freqs: NDArray[Any]) -> I32:
        """See coder.Decoder."""
        if freqs.shape[1] == 1:
            return np.zeros(len(freqs), dtype=np.int32)
        symbols: I32 = self._ans.decode(_TABLES, float_rows(freqs))
        if self._ans.pos()[1] < rans24.INITIAL:  # constriction goes on without words
            raise ends_early()
        return symbols

    def finish(self) -> None:
        """See coder.Decoder."""
        if self._ans.pos() != (0, rans24.INITIAL):
            raise not_exhausted()


class FastRangeEncoder(QueueingEncoder):
    """See coder.Encoder."""

    def finish(self) -> bytes:
        """See coder.Encoder."""
        start, freq = self._queue.take()
        encoder = _stream.queue.RangeEncoder()
        for begin in range(0, len(start), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            for symbols, rows in runs(start[block], freq[block]):
                encoder.encode(symbols, _TABLES, rows)
        return _range_bytes(encoder)


class FastRangeDecoder:
    """See coder.Decoder. Encodes again what it decodes, since constriction's decoder does not show its state."""

    def __init__(self, data: bytes) -> None:
        self._data = bytes(data)
        words = read_words(self._data)
        self._count = words.size
        self._decoder = _stream.queue.RangeDecoder(words)
        self._again = _stream.queue.RangeEncoder()

    def decode(self, freqs: NDArray[Any]) -> I32:
        """See coder.Decoder."""
        if freqs.shape[1] == 1 or not len(freqs):
            return np.zeros(len(freqs), dtype=np.int32)
        rows = float_rows(freqs)
        try:
            symbols: I32 = self._decoder.decode(_TABLES, rows)
        except AssertionError as error:  # constriction's for a point at or above 2**24 units
            raise StreamError("a coded stream points outside its range") from error
        self._again.encode(symbols, _TABLES, rows)
        if self._again.pos()[0] >= self._count:
            raise ends_early()
        return symbols

    def finish(self) -> None:
        """See coder.Decoder."""
        if _range_bytes(self._again) != self._data:
            raise not_exhausted()


def _range_bytes(encoder: Any) -> bytes:
    """The finished stream: with the guard, and without the zero word that constriction appends now and then."""
    if encoder.is_empty():
        return b""
    guard = np.array([range24.GUARD], dtype=np.uint32)
    symbols, rows = three_symbols(guard, np.ones(1, dtype=np.uint32))
    encoder.encode(symbols, _TABLES, rows)
    return _to_bytes(encoder.get_compressed()[: encoder.pos()[0] + 1])


def _to_bytes(words: NDArray[np.uint32]) -> bytes:
    return words.astype("<u4").tobytes()


class FastRans24:
    """See coder.Coder."""

    id = "rans24"

    def encoder(self) -> FastRansEncoder:
        """See coder.Coder."""
        return FastRansEncoder()

    def decoder(self, data: bytes) -> FastRansDecoder:
        """See coder.Coder."""
        return FastRansDecoder(data)


class FastRange24:
    """See coder.Coder."""

    id = "range24"

    def encoder(self) -> FastRangeEncoder:
        """See coder.Coder."""
        return FastRangeEncoder()

    def decoder(self, data: bytes) -> FastRangeDecoder:
        """See coder.Coder."""
        return FastRangeDecoder(data)


RANS24 = FastRans24()
RANGE24 = FastRange24()


def matches_reference() -> bool:
    """Whether the installed constriction writes and reads what the reference does, on a small fixed message."""
    # A table with the smallest frequencies, large ones, and a last symbol in each place.
    freqs = np.array([[1, TOTAL - 1003, 1, 1000, 1], [70000, 2, TOTAL - 70006, 3, 1]] * 20, dtype=np.int32)
    symbols = np.arange(len(freqs), dtype=np.int32) // 2 * 3 % 5
    place = (np.arange(len(freqs)), symbols)
    freq = freqs[place].astype(np.uint32)
    start = (np.cumsum(freqs, axis=1)[place] - freq).astype(np.uint32)
    for fast, plain in ((RANS24, rans24.PLAIN), (RANGE24, range24.PLAIN)):
        encoders = (fast.encoder(), plain.encoder())
        for encoder in encoders:
            encoder.encode(start, freq)
        data, expected = (encoder.finish() for encoder in encoders)
        decoder = fast.decoder(expected)
        if data != expected or not np.array_equal(decoder.decode(freqs), symbols):
            return False
        decoder.finish()
    return True
