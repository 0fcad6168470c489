"""range24, the reference: a range coder with 64-bit interval and 32-bit words (SPEC section 7.3).

Martin, "Range encoding", 1979. Symbols are written and read in one order, so the encoder could send words while it
runs. Here in plain Python; ``fast`` writes the same bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from . import PRECISION, TOTAL, BuiltinCoder
from .intervals import QueueingEncoder, cumulative, ends_early, not_exhausted, read_words

WORD = (1 << 32) - 1
MASK = (1 << 64) - 1
# A last symbol after all others: without it a stream gone wrong meets the right end by chance in several percent.
GUARD = 0xA5A5A5


class RangeEncoder(QueueingEncoder):
    """See coder.Encoder."""

    def finish(self) -> bytes:
        """See coder.Encoder."""
        starts, freqs = self._queue.take()
        if not starts.size:
            return b""
        low, width = 0, MASK
        words: list[int] = []
        for start, freq in zip([*starts.tolist(), GUARD], [*freqs.tolist(), 1], strict=True):
            unit = width >> PRECISION
            low, width = low + unit * start, unit * freq
            if low > MASK:
                low &= MASK
                _carry(words)
            if width < 1 << 32:
                words.append(low >> 32)
                low, width = (low & WORD) << 32, width << 32
        low += WORD  # rounded up to a whole word, it is still inside: width >= 2**32
        if low > MASK:
            low &= MASK
            _carry(words)
        words.append(low >> 32)
        return np.array(words, dtype="<u4").tobytes()


def _carry(words: list[int]) -> None:
    """Add one to the number that ``words`` spell, most significant first; it never overflows."""
    last = len(words) - 1
    while words[last] == WORD:
        words[last] = 0
        last -= 1
    words[last] += 1


class RangeDecoder:
    """See coder.Decoder."""

    def __init__(self, data: bytes) -> None:
        self._words: list[int] = read_words(data).tolist()
        self._words += (0, 0)  # what follows the last word reads as zero
        self._count = len(self._words) - 2
        self._shifts = 0
        # The encoder's low and the stream never matter by themselves, only their distance and low's lower word.
        self._distance = self._words[0] << 32 | self._words[1]
        self._width = MASK
        self._low = 0  # modulo 2**64

    def decode(self, freqs: NDArray[Any]) -> NDArray[np.int32]:
        """See coder.Decoder."""
        symbols = np.zeros(len(freqs), dtype=np.int32)
        if freqs.shape[1] == 1:
            return symbols
        for i, ends in enumerate(cumulative(freqs)):
            slot = self._distance // (self._width >> PRECISION)
            if slot >= TOTAL:
                raise StreamError("a coded stream points outside its range")
            symbol = bisect_right(ends, slot)
            start = ends[symbol - 1] if symbol else 0
            self._step(start, ends[symbol] - start)
            symbols[i] = symbol
        return symbols

    def _step(self, start: int, freq: int) -> None:
        """Narrow the range to an interval that holds the stream's point."""
        unit = self._width >> PRECISION
        self._low = self._low + unit * start & MASK
        self._distance -= unit * start
        self._width = unit * freq
        if self._width < 1 << 32:
            self._shifts += 1
            if self._shifts < self._count:
                following = self._words[self._shifts + 1]
                self._distance = self._distance << 32 | following
            self._low = self._low << 32 & MASK
            self._width <<= 32
        if self._shifts >= self._count:  # the encoder writes one word more than it shifts
            raise ends_early()

    def finish(self) -> None:
        """See coder.Decoder."""
        if self._width == MASK:  # no symbol yet
            if self._count:
                raise not_exhausted()
            return
        if self._distance // (self._width >> PRECISION) != GUARD:
            raise not_exhausted()
        self._step(GUARD, 1)
        # Rounding low up to a word is the one end that the encoder chooses.
        if self._shifts + 1 != self._count or self._distance != -self._low & WORD:
            raise not_exhausted()


class Range24:
    """See coder.Coder."""

    id = "range24"

    def encoder(self) -> RangeEncoder:
        """See coder.Coder."""
        return RangeEncoder()

    def decoder(self, data: bytes) -> RangeDecoder:
        """See coder.Coder."""
        return RangeDecoder(data)


PLAIN = Range24()
CODER = BuiltinCoder("range24")  # what is registered: plain or fast, whichever there is
