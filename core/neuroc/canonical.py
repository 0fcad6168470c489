"""Canonical msgpack: the one spelling of each value, for the header and the metadata (SPEC section 1).

Only integers, strings, byte strings, booleans, arrays and maps with ascending integer keys exist, each in its
shortest form. The reader is written out because it must refuse every other spelling, say where it stands, and
allocate nothing on the word of a length field.
"""

from __future__ import annotations

from typing import Any, NoReturn

from .errors import CorruptFileError, HeaderError

MAX_DEPTH = 4  # containers within containers
_UINTS = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_INTS = {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_BINS = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_STRS = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_ARRAYS = {0xDC: 2, 0xDD: 4}
_MAPS = {0xDE: 2, 0xDF: 4}


def pack(value: Any) -> bytes:
    """The canonical bytes of a value; map keys are sorted. Raises TypeError for what has no canonical form."""
    match value:
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            return _pack_int(value)
        case str():
            text = value.encode()
            return _pack_length(len(text), 0xA0, 31, _STRS) + text
        case bytes() | memoryview():
            return _pack_length(len(value), 0, -1, _BINS) + bytes(value)
        case list() | tuple():
            return _pack_length(len(value), 0x90, 15, _ARRAYS) + b"".join(map(pack, value))
        case dict():
            if not all(type(key) is int for key in value):
                raise TypeError("canonical msgpack has integer keys only")
            return _pack_length(len(value), 0x80, 15, _MAPS) + b"".join(pack(k) + pack(value[k]) for k in sorted(value))
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _pack_int(value: int) -> bytes:
    if -32 <= value < 128:
        return (value & 0xFF).to_bytes(1, "big")
    for code, size in (_UINTS if value >= 0 else _INTS).items():
        if (value >> (8 * size)) == 0 if value >= 0 else value >= -(1 << (8 * size - 1)):
            return bytes([code]) + value.to_bytes(size, "big", signed=value < 0)
    raise TypeError(f"{value} does not fit in 64 bits")


def _pack_length(n: int, short: int, short_max: int, codes: dict[int, int]) -> bytes:
    if n <= short_max:
        return bytes([short + n])
    for code, size in codes.items():
        if n >> (8 * size) == 0:
            return bytes([code]) + n.to_bytes(size, "big")
    raise TypeError(f"a length of {n} does not fit in 32 bits")


def unpack(
    data: bytes | memoryview,
    *,
    max_values: int,
    error: type[CorruptFileError] = HeaderError,
    file: str | None = None,
    offset: int | None = 0,
) -> Any:
    """The value that ``data`` is the canonical spelling of.

    ``offset`` is where ``data`` starts in ``file`` (None: it stands nowhere in it, as after decompression).
    Raises ``error`` for any other spelling, bytes left over, or more than ``max_values`` values in all.
    """
    reader = _Reader(bytes(data), max_values, error, file, offset)
    value = reader.value(MAX_DEPTH)
    if reader.pos != len(reader.data):
        reader.fail("bytes after the last value")
    return value


class _Reader:
    __slots__ = ("base", "data", "error", "file", "left", "pos")

    def __init__(
        self, data: bytes, max_values: int, error: type[CorruptFileError], file: str | None, base: int | None
    ) -> None:
        self.data, self.left, self.error, self.file, self.base = data, max_values, error, file, base
        self.pos = 0

    def fail(self, why: str) -> NoReturn:
        offset = None if self.base is None else self.base + self.pos
        raise self.error(f"not canonical msgpack: {why}", file=self.file, offset=offset)

    def take(self, n: int) -> bytes:
        if n > len(self.data) - self.pos:
            self.fail("a value is longer than its container")
        self.pos += n
        return self.data[self.pos - n : self.pos]

    def value(self, depth: int) -> Any:
        self.left -= 1
        if self.left < 0:
            self.fail("too many values")
        code = self.take(1)[0]
        if code < 0x80:
            return code
        if code >= 0xE0:
            return code - 256
        if code in (0xC2, 0xC3):
            return code == 0xC3
        if code < 0x90:
            return self.map(code & 15, depth)
        if code < 0xA0:
            return self.array(code & 15, depth)
        if code < 0xC0:
            return self.text(code & 31)
        if code in _UINTS:
            return self.number(_UINTS[code], 127)
        if code in _INTS:
            return self.negative(_INTS[code])
        if code in _BINS:
            return self.take(self.number(_BINS[code], -1))
        if code in _STRS:
            return self.text(self.number(_STRS[code], 31))
        if code in _ARRAYS:
            return self.array(self.number(_ARRAYS[code], 15), depth)
        if code in _MAPS:
            return self.map(self.number(_MAPS[code], 15), depth)
        self.pos -= 1
        self.fail(f"type {code:02X} is not used")

    def number(self, size: int, short_max: int) -> int:
        """``size`` bytes, refused where a shorter form exists: up to ``short_max``, or fewer bytes."""
        n = int.from_bytes(self.take(size), "big")
        smaller = {1: 0, 2: 1, 4: 2, 8: 4}[size]
        # Arrays and maps have no one-byte lengths: 16 to 255 elements take two bytes.
        shortest = size == 2 and short_max == 15
        if n <= short_max or (smaller and not shortest and n >> (8 * smaller) == 0):
            self.fail("a number is not in its shortest form")
        return n

    def negative(self, size: int) -> int:
        n = int.from_bytes(self.take(size), "big", signed=True)
        if n >= (-32 if size == 1 else -(1 << (4 * size - 1))):
            self.fail("a number is not in its shortest form")
        return n

    def text(self, n: int) -> str:
        raw = self.take(n)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.fail("a string is not UTF-8")

    def array(self, n: int, depth: int) -> list[Any]:
        if depth == 0:
            self.fail("nested too deeply")
        return [self.value(depth - 1) for _ in range(n)]

    def map(self, n: int, depth: int) -> dict[int, Any]:
        if depth == 0:
            self.fail("nested too deeply")
        found: dict[int, Any] = {}
        last: int | None = None
        for _ in range(n):
            key = self.value(0)
            if type(key) is not int or (last is not None and key <= last):
                self.fail("map keys are not ascending integers")
            found[key] = self.value(depth - 1)
            last = key
        return found
