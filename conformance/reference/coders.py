"""Entropy decoders, SPEC 7: a stream and rows of frequencies give symbols; after the last row the end is checked."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain

from container import demand, u32

GUARD = (0xA5A5A5, 1, 0x1000000 - 0xA5A5A6)


def rans24(stream: bytes, tables: Iterable[Sequence[int]]) -> Iterator[int]:
    """SPEC 7.2: the decoder. A free symbol needs no special care: steps 1 to 3 leave x as it is."""
    left = [u32(stream, at) for at in range(0, len(stream), 4)]
    sound = len(stream) % 4 == 0 and len(left) != 1 and left != [0, 1] and left[-1:] != [0]
    demand(sound, "stream", "a stream that no encoder begins")
    x = (left.pop() << 32) + left.pop() if left else 1 << 32
    for freqs in tables:
        slot, starts = x % (1 << 24), [0, *accumulate(freqs)]
        k = bisect_right(starts, slot) - 1
        x = (x >> 24) * freqs[k] + slot - starts[k]
        if x < 1 << 32:
            demand(bool(left), "stream", "the stream has run out")
            x = (x << 32) + left.pop()
        yield k
    demand(x == 1 << 32 and not left, "stream", "the stream is not exhausted")


def range24(stream: bytes, tables: Iterable[Sequence[int]]) -> Iterator[int]:
    """SPEC 7.3: the decoder."""
    demand(len(stream) % 4 == 0, "stream", "a stream is no whole number of words")
    padded, count, coded = [u32(stream, at) for at in range(0, len(stream) + 8, 4)], len(stream) // 4, False
    distance, width, low, shifts = (padded[0] << 32) + padded[1], (1 << 64) - 1, 0, 0
    for freqs in chain(tables, [GUARD]):
        if len(freqs) == 1:
            yield 0
        elif coded or freqs is not GUARD:
            unit, coded = width >> 24, True
            slot, starts = distance // unit, [0, *accumulate(freqs)]
            k = bisect_right(starts, slot) - 1
            demand(slot < 1 << 24 and (freqs is not GUARD or k == 1), "stream", "no symbol has this slot, or no guard")
            distance, low, width = distance - unit * starts[k], (low + unit * starts[k]) % (1 << 64), unit * freqs[k]
            if width < 1 << 32:
                shifts, low, width = shifts + 1, (low << 32) % (1 << 64), width << 32
                distance = (distance << 32) + padded[shifts + 1]
            demand(shifts < count, "stream", "the stream has run out")
            if freqs is not GUARD:
                yield k
    demand(shifts + coded == count and distance == -low % (1 << 32), "stream", "the stream is not exhausted")


CODERS = {"rans24": rans24, "range24": range24}
