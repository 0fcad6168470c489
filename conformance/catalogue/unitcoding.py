"""Unit vectors of entropy coders and distributions, from the formulas of SPEC sections 7 and 8."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from neuroc.exact.tables import exp2_table, mantissa_table, sigmoid_table

from .entry import UnitEntry
from .pictures import hashed

ONE = 1 << 24
Interval = tuple[int, int]
Message = list[list[int]]  # [table, symbol, count]


def entries() -> Iterator[UnitEntry]:
    """All of them."""
    for id, encode in (("rans24", rans24), ("range24", range24)):
        about = f"SPEC section 7: messages of {id} to streams and back, and streams that no message has"
        yield UnitEntry(f"coder-{id}", "coder", about, partial(coder, id, encode))
    about = "SPEC section 8.2: weights, and frequencies of each digit"
    for bits in (1, 2, 4, 8, 16):
        yield UnitEntry(f"mixture-{bits}-bits", "mixture", f"{about}, {bits} bits", partial(mixtures, bits))
    yield UnitEntry("table", "table", "SPEC section 8.3: frequencies of an alphabet as digits", tables)
    yield UnitEntry("softmax", "softmax", "SPEC section 8.3: logits of an alphabet as digits", softmaxes)


def rans24(intervals: Sequence[Interval]) -> list[int]:
    """SPEC section 7.2."""
    if not intervals:
        return []
    x, words = 1 << 32, []
    for start, freq in reversed(intervals):
        if x >> 40 >= freq:
            words.append(x % (1 << 32))
            x >>= 32
        x = (x // freq << 24) + start + x % freq
    return [*words, x % (1 << 32), x >> 32]


def range24(intervals: Sequence[Interval]) -> list[int]:
    """SPEC section 7.3."""
    if not intervals:
        return []
    low, width, count = 0, (1 << 64) - 1, 2
    for start, freq in [*intervals, (0xA5A5A5, 1)]:
        unit = width >> 24
        low, width = low + unit * start, unit * freq
        if width < 1 << 32:
            low, width, count = low << 32, width << 32, count + 1
    whole = (low + (1 << 32) - 1) >> 32
    return [whole >> 32 * i & 0xFFFFFFFF for i in reversed(range(count - 1))]


def stream(encode: Callable[[Sequence[Interval]], list[int]], tables: list[list[int]], message: Message) -> bytes:
    """The stream of a message."""
    intervals = [(sum(tables[t][:s]), tables[t][s]) for t, s, count in message for _ in range(count)]
    return b"".join(w.to_bytes(4, "little") for w in encode([i for i in intervals if i[1] < ONE]))


def coder(id: str, encode: Callable[[Sequence[Interval]], list[int]]) -> dict[str, object]:
    """Messages and refused streams of one coder."""
    half, free = [ONE // 2, ONE // 2], [ONE]
    rare = [1, ONE - 2, 1]
    sixteen = [1 + 4096 * k for k in range(15)]
    sixteen.append(ONE - sum(sixteen))
    wide = [ONE // 256] * 256
    example = [0x400000, 0x800000, 0x400000]
    worked = [1, 3, ONE - 4]
    mixed = [[int(v) % 3, 0, 1] for v in hashed(np.arange(60), np.arange(60), 5)]
    for k, row in enumerate(mixed):
        row[1] = int(hashed(np.array(k), np.array(1), 9)) % (2, 16, 3)[row[0]]
    cases: tuple[tuple[str, list[list[int]], Message], ...] = (
        ("the example of SPEC", [example, worked], [[0, 1, 1], [1, 1, 1]]),
        ("nothing", [half], []),
        ("free symbols alone", [free], [[0, 0, 5]]),
        ("one symbol", [half], [[0, 1, 1]]),
        ("one rare symbol", [rare], [[0, 0, 1]]),
        ("one symbol of frequency 2^24 - 2", [rare], [[0, 1, 1]]),
        ("the last symbol of frequency 1", [rare], [[0, 2, 1]]),
        ("free symbols between others", [half, free], [[1, 0, 3], [0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 0, 2]]),
        ("a long run of a likely symbol", [rare], [[0, 1, 3000]]),
        ("a long run of a likely symbol and a rare one", [rare], [[0, 1, 2000], [0, 0, 1], [0, 1, 5]]),
        ("a run of rare first symbols", [rare], [[0, 0, 20]]),
        ("a run of rare last symbols", [rare], [[0, 2, 20]]),
        ("every symbol of an alphabet of 16", [sixteen], [[0, s, 1] for s in range(16)]),
        ("an alphabet of 256", [wide], [[0, s, 1] for s in (0, 255, 128, 1, 254, 0, 0)]),
        ("bits", [half], [[0, int(v) & 1, 1] for v in hashed(np.arange(70), np.arange(70), 3)]),
        ("tables by turns", [half, sixteen, rare], mixed),
    )
    messages: list[dict[str, Any]] = [
        {"name": n, "tables": t, "message": m, "stream": stream(encode, t, m).hex()} for n, t, m in cases
    ]
    sound = stream(encode, [sixteen], [[0, s % 16, 1] for s in range(40)])
    read = [[0, 40]]
    broken: tuple[tuple[str, bytes, list[list[int]]], ...] = (
        ("empty, where symbols are expected", b"", read),
        ("a word too few at the end", sound[:-4], read),
        ("a word too few at the start", sound[4:], read),
        ("a word of zeros at the end", sound + bytes(4), read),
        ("a word of zeros at the start", bytes(4) + sound, read),
        ("a byte too many", sound + b"\0", read),
        ("a byte too few", sound[:-1], read),
        ("one word", sound[:4], read),
        ("a symbol fewer is read", sound, [[0, 39]]),
        ("a symbol more is read", sound, [[0, 41]]),
        ("not empty, where nothing is read", sound, []),
        ("not empty, where free symbols are read", sound, [[1, 4]]),
        ("zeros", bytes(len(sound)), read),
        ("ones", b"\xff" * len(sound), read),
        ("the two words 0, 1, where nothing is read", bytes(4) + b"\1\0\0\0", []),
    )
    refused = [{"name": n, "tables": [sixteen, free], "read": r, "stream": s.hex()} for n, s, r in broken]
    return {"coder": id, "messages": messages, "refused": refused}


def digit_widths(bits: int) -> list[int]:
    """SPEC section 8.1."""
    return ([bits % 4] if bits % 4 else []) + [4] * (bits // 4)


def digits(f: Callable[[int], int], bits: int, sample: int) -> list[dict[str, object]]:
    """Frequencies and interval of each digit of a sample under a cumulative function on 0 ... 2^bits."""
    found: list[dict[str, object]] = []
    left = bits
    for width in digit_widths(bits):
        prefix, left, size = sample >> left, left - width, 1 << width
        values = [f((prefix * size + k) << left) for k in range(size + 1)]
        span = values[-1] - values[0]
        if span:
            c = [k + (ONE - size) * (v - values[0]) // span for k, v in enumerate(values)]
        else:
            c = [k * ONE // size for k in range(size + 1)]
        digit = (sample >> left) % size
        freqs = [b - a for a, b in pairwise(c)]
        found.append({"freqs": freqs, "interval": [c[digit], freqs[digit]]})
    return found


def weights_of(logits: Sequence[int]) -> list[int]:
    """SPEC section 8.2."""
    table = exp2_table().tolist()
    top = max(logits)
    e = [table[top - a] if top - a < 4096 else 0 for a in logits]
    total = (1 << 14) - 4
    w = [v * total // sum(e) for v in e]
    w[0] += total - sum(w)
    return w


def mixture_function(
    w: Sequence[int], m: Sequence[int], q: Sequence[int], bits: int, unit: int
) -> Callable[[int], int]:
    """F of SPEC section 8.2."""
    f = 7 if bits <= 8 else 13
    table, mantissas = sigmoid_table(f).tolist(), mantissa_table().tolist()
    coarser, finer = max(0, unit), max(0, -unit)

    def cumulative(b: int) -> int:
        if b in (0, 1 << bits):
            return 0 if b == 0 else 1 << 30
        total = b << (18 - bits)
        for wj, mj, qj in zip(w, m, q, strict=True):
            d = ((16 * b - 8) << finer) - mj
            if bits > 8:
                d = min(max(d, -(1 << 21)), (1 << 21) - 1)
            z = (d * mantissas[qj % 128] << (f - 7)) >> (6 + coarser - (qj >> 7))
            total += wj * table[min(max(z + (1 << f + 4), 0), (1 << f + 5) - 1)]
        return total

    return cumulative


def mixtures(bits: int) -> dict[str, object]:
    """Ordinary and extreme parameters, pseudo-random ones, at the ends of the range of samples."""
    unit = max(-6, bits - 8) if bits <= 8 else 4
    top, scale = (1 << bits) - 1, 16 << max(0, -unit)
    middle = top * scale // 2
    shaped: list[tuple[int, list[int], list[int], list[int], int]] = [
        (unit, [0, 0, 0], [middle, middle, middle], [0, 0, 0], top // 2),
        (unit, [4095, -4095, -4095], [middle, 0, top * scale], [640, 640, 640], top // 2),
        (unit, [-4095, 4095, 4095], [0, top * scale, middle], [-896, -896, -896], top),
        (unit, [0, 1, 0], [0, 0, 0], [640, 640, 640], top),
        (unit, [5, 0, 0], [-16383, 16383, 0], [-895, 639, -1], 0),
        (unit, [300], [middle], [-100], top // 3),
        (unit, [0, -4095, 4095, 17, 256], [middle] * 5, [-128, -127, 127, 128, 1], top // 2),
    ]
    if bits == 16:
        shaped += [(u, [100, 0, -50], [(1 << 19) * k for k in (0, 1, 2)], [-300, 50, 400], 1 << 15) for u in range(9)]
        shaped += [(0, [0, 0], [(1 << 24) - 1, -(1 << 24) + 1], [640, 640], 65535)]
    if bits == 8:
        shaped += [(u, [100, 0, -50], [1000, 2000, 3000], [-300, 50, 400], 77) for u in (-6, -1, 1, 8)]
    k = np.arange(12)
    for case in range(8):
        r = [int(v) for v in hashed(k, k, 40 + case)]
        means = [v * (top + 1) * scale >> 16 for v in r[3:6]]
        shaped.append((unit, [v % 1600 - 800 for v in r[:3]], means, [v % 1537 - 896 for v in r[6:9]], r[9] & top))
    cases = []
    for u, logits, means, scales, sample in shaped:
        w = weights_of(logits)
        f = mixture_function(w, means, scales, bits, u)
        stated = {"bits": bits, "unit": u, "logits": logits, "means": means, "scales": scales, "weights": w}
        cases.append({**stated, "sample": sample, "digits": digits(f, bits, sample)})
    return {"cases": cases}


def of_frequencies(n: Sequence[int]) -> Callable[[int], int]:
    """F of SPEC section 8.3."""
    return lambda b: sum(n[:b])


def tables() -> dict[str, object]:
    """Frequencies with holes, of one symbol, of the largest total."""
    r = [int(v) for v in hashed(np.arange(256), np.arange(256), 77)]
    shaped: list[tuple[list[int], int]] = [
        ([1, 1], 0),
        ([0, 1], 1),
        ([0, 1], 0),
        ([1 << 30, 0, 0, 0], 0),
        ([1 << 30, 0, 0, 0], 3),
        ([3, 0, 0, 5], 2),
        ([0] * 200 + [7] + [0] * 55, 200),
        ([0] * 200 + [7] + [0] * 55, 16),
        ([v * v % 1000 for v in r], 99),
        ([v >> 8 if v % 5 == 0 else 0 for v in r], 255),
        ([1] * 16, 15),
        ([1 << 22] * 256, 128),
    ]
    cases = []
    for n, sample in shaped:
        bits = len(n).bit_length() - 1
        cases.append({"bits": bits, "n": n, "sample": sample, "digits": digits(of_frequencies(n), bits, sample)})
    return {"cases": cases}


def softmaxes() -> dict[str, object]:
    """Equal, distant and pseudo-random logits."""
    table = exp2_table().tolist()
    r = [int(v) for v in hashed(np.arange(256), np.arange(256), 78)]
    shaped: list[tuple[list[int], int]] = [
        ([0, 0], 1),
        ([-(2**20), 2**20], 0),
        ([0, -4095, -4096, -4097], 1),
        ([0, -4095, -4096, -4097], 3),
        ([5] * 16, 7),
        ([v % 3000 - 1500 for v in r], 200),
        ([v // 4 for v in r], 3),
        ([100 - abs(v - 60) * 40 for v in range(256)], 60),
    ]
    cases = []
    for logits, sample in shaped:
        bits = len(logits).bit_length() - 1
        below = [max(logits) - a for a in logits]
        f = of_frequencies([table[b] if b < 4096 else 0 for b in below])
        cases.append({"bits": bits, "logits": logits, "sample": sample, "digits": digits(f, bits, sample)})
    return {"cases": cases}
