"""rans24, the reference: range asymmetric numeral systems, 64-bit state, 32-bit words (SPEC section 7.2).

Duda, "Asymmetric numeral systems", arXiv:1311.2540. The encoder runs through the symbols backwards and the decoder
reads the words backwards, so that symbols come out in order. Here in plain Python; ``fast`` writes the same bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from . import PRECISION, BuiltinCoder
from .intervals import QueueingEncoder, cumulative, ends_early, not_exhausted, read_words

# Between symbols the state is in [2**32, 2**64). Starting at the lower end lets the decoder check the end: a stream
# that runs out falls below and cannot come back, any other wrong end meets this one value by chance only.
INITIAL = 1 << 32
WORD = (1 << 32) - 1
SLOT = (1 << PRECISION) - 1


class RansEncoder(QueueingEncoder):
    """See coder.Encoder."""

    def finish(self) -> bytes:
        """See coder.Encoder."""
        starts, freqs = self._queue.take()
        state = INITIAL
        words: list[int] = []
        for start, freq in zip(starts[::-1].tolist(), freqs[::-1].tolist(), strict=True):
            if state >> (64 - PRECISION) >= freq:  # the step below would pass 2**64
                words.append(state & WORD)
                state >>= 32
            quotient, remainder = divmod(state, freq)
            state = quotient << PRECISION | (start + remainder)
        if not starts.size:
            return b""
        words += (state & WORD, state >> 32)
        return np.array(words, dtype="<u4").tobytes()


class RansDecoder:
    """See coder.Decoder."""

    def __init__(self, data: bytes) -> None:
        self._words: list[int] = first_words(data).tolist()
        self._state = self._words.pop() << 32 | self._words.pop() if self._words else INITIAL

    def decode(self, freqs: NDArray[Any]) -> NDArray[np.int32]:
        """See coder.Decoder."""
        symbols = np.zeros(len(freqs), dtype=np.int32)
        if freqs.shape[1] == 1:
            return symbols
        state, words = self._state, self._words
        for i, ends in enumerate(cumulative(freqs)):
            slot = state & SLOT
            symbol = bisect_right(ends, slot)
            start = ends[symbol - 1] if symbol else 0
            state = (state >> PRECISION) * (ends[symbol] - start) + slot - start
            if state < INITIAL:
                if not words:
                    raise ends_early()
                state = state << 32 | words.pop()
            symbols[i] = symbol
        self._state = state
        return symbols

    def finish(self) -> None:
        """See coder.Decoder."""
        if self._state != INITIAL or self._words:
            raise not_exhausted()


def first_words(data: bytes) -> NDArray[np.uint32]:
    """The words of ``data``; StreamError where the last two are not a state that the encoder writes."""
    words = read_words(data)
    if words.size and (words.size < 2 or not words[-1]):
        raise StreamError("a coded stream does not begin with a state of its coder")
    if words.size == 2 and int(words[1]) << 32 | int(words[0]) == INITIAL:
        raise StreamError("an empty coded stream is stored with a length")
    return words


class Rans24:
    """See coder.Coder."""

    id = "rans24"

    def encoder(self) -> RansEncoder:
        """See coder.Coder."""
        return RansEncoder()

    def decoder(self, data: bytes) -> RansDecoder:
        """See coder.Coder."""
        return RansDecoder(data)


PLAIN = Rans24()
CODER = BuiltinCoder("rans24")  # what is registered: plain or fast, whichever there is
