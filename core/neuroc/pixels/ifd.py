"""TIFF directories (also the inside of EXIF): parsed to little-endian entries, and written back.

Pixels are not touched here; see tiff.py and tiffwrite.py.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from ..errors import PictureError

SUB_DIRECTORIES = (34665, 34853, 40965)  # EXIF, GPS, interoperability: tags whose value is another directory
_SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_SMALLEST = 64  # bytes of the smallest sound directory: empty ones must not be free
_WORD = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag: TIFF field type and its value in little-endian bytes, or a sub-directory."""

    kind: int
    data: bytes
    sub: Directory | None = None

    @property
    def count(self) -> int:
        return len(self.data) // _SIZE[self.kind]

    def integers(self) -> tuple[int, ...]:
        """The values of an integer field."""
        size = _SIZE[self.kind]
        if self.kind not in (1, 3, 4, 6, 8, 9, 13, 16, 17, 18):
            raise ValueError(f"field type {self.kind} is not an integer")
        signed = self.kind in (6, 8, 9, 17)
        return tuple(
            int.from_bytes(self.data[i : i + size], "little", signed=signed) for i in range(0, len(self.data), size)
        )


@dataclass(slots=True)
class Directory:
    """An IFD: entries by tag."""

    entries: dict[int, Entry] = field(default_factory=dict)

    def integers(self, tag: int, default: tuple[int, ...] = (), most: int = 1024) -> tuple[int, ...]:
        """The values of a tag; raises ValueError for more than ``most`` of them, which take 40 bytes each."""
        entry = self.entries.get(tag)
        if entry is not None and entry.count > most:
            raise ValueError(f"tag {tag} has {entry.count} values where at most {most} can be right")
        return default if entry is None else entry.integers()


def shorts(*values: int) -> Entry:
    """An entry of 16-bit values."""
    return Entry(3, struct.pack(f"<{len(values)}H", *values))


def longs(*values: int) -> Entry:
    """An entry of 32-bit values."""
    return Entry(4, struct.pack(f"<{len(values)}I", *values))


def parse(data: bytes, name: str | None = None) -> list[Directory]:
    """The chain of directories of a TIFF, BigTIFF or EXIF block.

    Raises:
        PictureError: damaged.
    """
    try:
        order = {b"II": "<", b"MM": ">"}[data[:2]]
        version = struct.unpack_from(order + "H", data, 2)[0]
        if version == 43:
            at = struct.unpack_from(order + "Q", data, 8)[0]
        elif version == 42:
            at = struct.unpack_from(order + "I", data, 4)[0]
        else:
            raise ValueError(f"version {version}")
        chain: list[Directory] = []
        walk = _Walk(data, order, version == 43)
        while at:
            directory, at = walk.directory(at)
            chain.append(directory)
        if not chain:
            raise ValueError("no directory")
        return chain
    except (KeyError, ValueError, OverflowError, struct.error) as e:
        raise PictureError(f"damaged TIFF structure ({e})", remedy="Fetch the file again", file=name) from e


class _Walk:
    """One pass through the directories of a file, bounded by its size: damage must not cost time or memory."""

    def __init__(self, data: bytes, order: str, big: bool) -> None:
        self.data, self.order, self.big = data, order, big
        self.seen: set[int] = set()
        self.budget = 2 * len(data) + (1 << 20)  # bytes of entries and values; sound files share few of them

    def _spend(self, size: int) -> None:
        self.budget -= size
        if self.budget < 0:
            raise ValueError("its directories overlap")

    def directory(self, at: int, depth: int = 0) -> tuple[Directory, int]:
        """The directory at ``at`` and the offset of the next one."""
        data, order = self.data, self.order
        if at in self.seen or depth > 3:
            raise ValueError("its directories form a loop")
        self.seen.add(at)
        number, offset, inline = ("Q", "Q", 8) if self.big else ("H", "I", 4)
        count = struct.unpack_from(order + number, data, at)[0]
        at += struct.calcsize(order + number)
        size = 4 + 2 * inline
        self._spend(count * size + _SMALLEST)
        if at + count * size > len(data):
            raise ValueError("truncated directory")
        directory = Directory()
        for where in range(at, at + count * size, size):
            tag, kind, length = struct.unpack_from(order + "HH" + offset, data, where)
            if kind not in _SIZE:
                raise ValueError(f"tag {tag} has the unknown field type {kind}")
            where += 4 + inline
            if length * _SIZE[kind] > inline:
                where = struct.unpack_from(order + offset, data, where)[0]
            entry = Entry(kind, self._value(tag, kind, length, where))
            if tag in SUB_DIRECTORIES and kind in (4, 13, 16, 18) and length == 1:
                entry = Entry(kind, entry.data, self.directory(entry.integers()[0], depth + 1)[0])
            directory.entries[tag] = entry
        return directory, int(struct.unpack_from(order + offset, data, at + count * size)[0])

    def _value(self, tag: int, kind: int, length: int, where: int) -> bytes:
        """A value in little-endian bytes."""
        size = length * _SIZE[kind]
        self._spend(size)
        if where + size > len(self.data):
            raise ValueError(f"the value of tag {tag} lies outside the file")
        value = self.data[where : where + size]
        word = _WORD.get(kind, 1)
        if self.order == ">" and word > 1:
            value = b"".join(value[k : k + word][::-1] for k in range(0, len(value), word))
        return value


def serialise(directory: Directory, at: int) -> bytes:
    """A directory as classic little-endian TIFF for file offset ``at`` (even), values and sub-directories behind it."""
    entries = sorted(directory.entries.items())
    head = bytearray(struct.pack("<H", len(entries)))
    start = at + 2 + 12 * len(entries) + 4
    body = bytearray()
    for tag, entry in entries:
        kind, value = entry.kind, entry.data
        if entry.sub is not None:
            kind = 4
            body += bytes(len(body) & 1)
            value = struct.pack("<I", start + len(body))
            body += serialise(entry.sub, start + len(body))
        elif len(value) > 4:
            body += bytes(len(body) & 1)
            where = start + len(body)
            body += value
            value = struct.pack("<I", where)
            head += struct.pack("<HHI", tag, kind, entry.count) + value
            continue
        count = 1 if entry.sub is not None else entry.count
        head += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    return bytes(head + b"\0\0\0\0" + body)


def block(directory: Directory) -> bytes:
    """A directory as a file of its own: the data of an "exif" record."""
    return b"II*\0\x08\0\0\0" + serialise(directory, 8)
