"""How a picture is cut: tiles over its area, plane groups over its channels; their bytes (SPEC section 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import CorruptFileError, StreamError

CODEC, RAW = 0, 1  # methods of a plane group
MAX_LEB128 = 5  # bytes; lengths are below 2**32


class Box(NamedTuple):
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class TileGrid:
    """A picture split evenly; tiles are numbered row by row."""

    width: int
    height: int
    columns: int
    rows: int

    def __len__(self) -> int:
        return self.columns * self.rows

    def __getitem__(self, index: int) -> Box:
        """The rectangle of a tile; IndexError if there is none."""
        if not 0 <= index < len(self):
            raise IndexError(f"there is no tile {index}")
        row, column = divmod(index, self.columns)
        left, top = column * self.width // self.columns, row * self.height // self.rows
        right, bottom = (column + 1) * self.width // self.columns, (row + 1) * self.height // self.rows
        return Box(left, top, right - left, bottom - top)

    def __iter__(self) -> Iterator[Box]:
        return (self[i] for i in range(len(self)))

    def touching(self, region: Box) -> list[int]:
        """The tiles that share a pixel with ``region`` (inside the picture, at least one pixel), ascending."""
        # Tile k of n starts at floor(k * size / n), so pixel p lies in tile ceil((p + 1) * n / size) - 1.
        c0, c1 = (((p + 1) * self.columns - 1) // self.width for p in (region.x, region.x + region.width - 1))
        r0, r1 = (((p + 1) * self.rows - 1) // self.height for p in (region.y, region.y + region.height - 1))
        return [r * self.columns + c for r in range(r0, r1 + 1) for c in range(c0, c1 + 1)]


def tile_grid(width: int, height: int, tile: int) -> TileGrid:
    """The grid of tiles with sides of at most ``tile`` pixels."""
    return TileGrid(width, height, -(-width // tile), -(-height // tile))


@dataclass(frozen=True, slots=True)
class Group:
    """Channels that are coded together: ``first`` up to ``first + count``."""

    first: int
    count: int
    kind: Literal["colour", "alpha", "indices"]


_GROUPS: dict[str, tuple[Group, ...]] = {
    "1": (Group(0, 1, "indices"),),
    "P": (Group(0, 1, "indices"),),
    "L": (Group(0, 1, "colour"),),
    "LA": (Group(0, 1, "colour"), Group(1, 1, "alpha")),
    "RGB": (Group(0, 3, "colour"),),
    "RGBA": (Group(0, 3, "colour"), Group(3, 1, "alpha")),
}


def plane_groups(mode: str) -> tuple[Group, ...]:
    """The plane groups of a mode in coding order."""
    return _GROUPS[mode]


def pack_groups(groups: Sequence[tuple[int, bytes]]) -> bytes:
    """The payload of a TILE chunk from (method, bytes) of each plane group in order."""
    parts: list[bytes] = []
    for i, (method, data) in enumerate(groups):
        parts.append(bytes([method]))
        if i < len(groups) - 1:
            parts.append(leb128(len(data)))
        parts.append(data)
    return b"".join(parts)


def unpack_groups(
    payload: bytes | memoryview, count: int, *, name: str | None = None, offset: int | None = None
) -> list[tuple[int, memoryview]]:
    """(method, bytes) of each of ``count`` plane groups; ``offset`` is where the payload stands in the file.

    Raises StreamError for an unknown method or a length that is not canonical or does not fit.
    """
    view = memoryview(payload)
    found: list[tuple[int, memoryview]] = []
    pos = 0
    for i in range(count):
        at = None if offset is None else offset + pos
        if pos >= len(view):
            raise StreamError(f"the tile ends before plane group {i}", file=name, offset=at)
        method = view[pos]
        if method not in (CODEC, RAW):
            raise StreamError(f"plane group {i} has the unknown method {method}", file=name, offset=at)
        pos += 1
        length = len(view) - pos
        if i < count - 1:
            length, used = read_leb128(view[pos:], name=name, offset=at)
            pos += used
            if length > len(view) - pos:
                raise StreamError(f"plane group {i} is longer than its tile", file=name, offset=at)
        found.append((method, view[pos : pos + length]))
        pos += length
    return found


def leb128(n: int) -> bytes:
    """Seven bits a byte, least significant first, bit 7 set on all but the last; 0 <= n < 2**32."""
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def read_leb128(view: memoryview, *, name: str | None = None, offset: int | None = None) -> tuple[int, int]:
    """(value, bytes used). Raises StreamError unless it is the shortest form of a value below 2**32."""
    n = 0
    for i, byte in enumerate(view[:MAX_LEB128]):
        n |= (byte & 127) << (7 * i)
        if byte < 128:
            if n >= 2**32 or (byte == 0 and i > 0):
                break
            return n, i + 1
    raise StreamError("a length is not canonical LEB128 below 2**32", file=name, offset=offset)


def pack_index(lengths: Sequence[int], crcs: Sequence[int]) -> bytes:
    """The payload of a TIDX chunk: for each tile the length of its TILE payload and the CRC-32 of its samples."""
    return np.array([lengths, crcs], dtype="<u4").T.tobytes()


def unpack_index(
    payload: bytes | memoryview, count: int, *, name: str | None = None, offset: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(lengths, crcs), each (count,). Raises CorruptFileError if the payload is not 8 * count bytes."""
    if len(payload) != 8 * count:
        raise CorruptFileError(
            f"the tile index has {len(payload)} bytes where {count} tiles need {8 * count}", file=name, offset=offset
        )
    table = np.frombuffer(payload, dtype="<u4").reshape(count, 2).astype(np.int64)
    return table[:, 0], table[:, 1]
