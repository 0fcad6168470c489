"""What all coders share: the queue of intervals to encode, words from bytes, cumulative tables (SPEC section 7.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from . import TOTAL

U32 = NDArray[np.uint32]


class IntervalQueue:
    """Intervals in decoding order, until the stream is finished; free ones (freq == 2**24) are dropped."""

    def __init__(self) -> None:
        self._starts: list[U32] = []
        self._freqs: list[U32] = []

    def append(self, start: NDArray[Any], freq: NDArray[Any]) -> None:
        """Copy n intervals, ``start`` and ``freq`` (n,); ValueError where one does not fit into [0, 2**24)."""
        if start.ndim != 1 or start.shape != freq.shape:
            raise ValueError(f"start {start.shape} and freq {freq.shape} must be of one length")
        if not start.size:
            return
        end = np.add(start, freq, dtype=np.int64)
        if int(start.min()) < 0 or int(freq.min()) < 1 or int(end.max()) > TOTAL:
            raise ValueError("an interval is empty or reaches beyond 2**24")
        if int(freq.max()) == TOTAL:
            coded = freq < TOTAL
            start, freq = start[coded], freq[coded]
        self._starts.append(np.array(start, dtype=np.uint32))
        self._freqs.append(np.array(freq, dtype=np.uint32))

    def take(self) -> tuple[U32, U32]:
        """All intervals as (m,), (m,), leaving the queue empty."""
        empty = np.zeros(0, dtype=np.uint32)
        start = np.concatenate([*self._starts, empty])
        self._starts.clear()
        freq = np.concatenate([*self._freqs, empty])
        self._freqs.clear()
        return start, freq


class QueueingEncoder:
    """What encoders share that code their whole message when it is finished."""

    def __init__(self) -> None:
        self._queue = IntervalQueue()

    def encode(self, start: NDArray[np.uint32], freq: NDArray[np.uint32]) -> None:
        """See coder.Encoder."""
        self._queue.append(start, freq)


def read_words(data: bytes) -> U32:
    """The 32-bit little-endian words of ``data``; StreamError where its length is no multiple of 4."""
    if len(data) % 4:
        raise StreamError(f"a coded stream of {len(data)} bytes does not consist of 32-bit words")
    return np.frombuffer(data, dtype="<u4").astype(np.uint32)


def ends_early() -> StreamError:
    """The error of a decoder that needs more words than there are."""
    return StreamError("a coded stream ends before its last symbol")


def not_exhausted() -> StreamError:
    """The error of a decoder that finds another end than the encoder writes."""
    return StreamError("a coded stream does not end with its last symbol")


def cumulative(freqs: NDArray[Any]) -> list[list[int]]:
    """Right ends of the intervals of tables (n, alphabet): row[k] is the sum of freqs[row, :k + 1]."""
    ends = np.cumsum(freqs, axis=1, dtype=np.int64)
    assert not ends.size or bool((ends[:, -1] == TOTAL).all()), "rows must sum to 2**24"
    rows: list[list[int]] = ends.tolist()
    return rows
