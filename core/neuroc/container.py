"""Whole files: from header, metadata and tiles to bytes, and back without decoding anything (SPEC sections 2 and 3).

    HEAD  [META]  ancillary...  [TIDX]  TILE...  ancillary...  DONE

Reading is sans-IO: ``parse`` takes bytes (or a memory map) and gives views of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .chunks import (
    CHUNK_OVERHEAD,
    PREAMBLE_BYTES,
    Buffer,
    Chunk,
    Preamble,
    peek,
    read_chunk,
    write_file,
)
from .errors import ChecksumError, CorruptFileError, NeurocError, TooNewError, TruncatedError
from .header import MAX_HEADER_BYTES, Header
from .limits import DEFAULT_LIMITS, Limits
from .metadata import pack_metadata, unpack_metadata
from .picture import Record
from .tiles import Group, TileGrid, pack_index, plane_groups, tile_grid, unpack_groups, unpack_index

HEAD, META, TIDX, TILE, DONE = b"HEAD", b"META", b"TIDX", b"TILE", b"DONE"
KNOWN = (HEAD, META, TIDX, TILE, DONE)
MAX_ANCILLARY = 1024  # chunks

__all__ = [
    "Chunk",
    "ParsedFile",
    "Preamble",
    "build_file",
    "parse",
    "peek",
]


def build_file(
    preamble: Preamble,
    header: Header,
    tiles: Sequence[bytes],
    crcs: Sequence[int],
    *,
    metadata: Sequence[Record] = (),
    ancillary: Sequence[tuple[bytes, bytes]] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """A file from the payload of each tile (tiles.pack_groups) and the CRC-32 of its samples (digests.tile_crc).

    ``ancillary`` chunks (type, payload) go before the tiles. Raises HeaderError, LimitError or UsageError for what
    has no place in a file, ValueError for a wrong number of tiles.
    """
    grid = tile_grid(preamble.width, preamble.height, header.tile)
    if not len(grid) == len(tiles) == len(crcs):
        raise ValueError(f"{len(tiles)} tiles and {len(crcs)} CRCs for a grid of {len(grid)}")
    chunks: list[tuple[bytes, Buffer]] = [(HEAD, header.to_bytes(preamble))]
    if payload := pack_metadata(metadata, limits=limits):
        chunks.append((META, payload))
    chunks += ancillary
    if len(grid) > 1:
        chunks.append((TIDX, pack_index([len(t) for t in tiles], crcs)))
    chunks += [(TILE, tile) for tile in tiles]
    chunks.append((DONE, b""))
    return b"".join(write_file(preamble, chunks))


@dataclass(frozen=True, slots=True, eq=False)
class ParsedFile:
    """A file whose structure is sound; tiles and metadata are read when they are asked for."""

    view: memoryview
    name: str | None
    limits: Limits
    preamble: Preamble
    header: Header
    grid: TileGrid
    groups: tuple[Group, ...]
    meta: Chunk | None
    ancillary: tuple[Chunk, ...]
    starts: NDArray[np.int64]  # (tiles,) where each TILE chunk begins, -1 if unknown (only when lenient)
    lengths: NDArray[np.int64]  # (tiles,) bytes of each TILE payload
    crcs: NDArray[np.int64] | None  # (tiles,) CRC-32 of each tile's samples; None for one tile
    damage: tuple[NeurocError, ...]  # what a lenient parse had to pass over; empty otherwise

    @property
    def payload_bytes(self) -> int:
        """Bytes of the TILE payloads: the coded streams with their method bytes."""
        return int(self.lengths.sum())

    def metadata(self) -> tuple[Record, ...]:
        """The records of META; raises LimitError or CorruptFileError."""
        if self.meta is None:
            return ()
        return unpack_metadata(self.meta.payload, limits=self.limits, file=self.name, offset=self.meta.offset + 8)

    def tile_crc(self, index: int) -> int | None:
        """The stored CRC-32 of a tile's samples, None if the file has one tile (the pixel digest covers it)."""
        return None if self.crcs is None else int(self.crcs[index])

    def tile_payload(self, index: int) -> memoryview:
        """The payload of a tile, with the CRC-32 of its chunk checked; no other tile is touched.

        Raises ChecksumError, or CorruptFileError if the chunk is not the one that the index promises.
        """
        start, length = int(self.starts[index]), int(self.lengths[index])
        if start < 0 or start + CHUNK_OVERHEAD + length > len(self.view):
            raise TruncatedError(f"tile {index} is not in the file", file=self.name, offset=len(self.view))
        try:
            # Cut at the promised end, so that a damaged length cannot make a CRC run over the rest of the file.
            chunk = read_chunk(self.view[: start + CHUNK_OVERHEAD + length], start, name=self.name)
        except CorruptFileError as error:
            raise ChecksumError(
                f"tile {index} of {len(self.grid)} is damaged (the first is tile 0)",
                remedy="Copy the file again from its source; 'neuroc decode --salvage' saves intact tiles, if any",
                file=self.name,
                offset=start,
            ) from error
        if chunk.type != TILE or len(chunk.payload) != length:
            raise CorruptFileError(f"the tile index does not fit tile {index}", file=self.name, offset=start)
        return memoryview(chunk.payload)

    def tile_groups(self, index: int) -> list[tuple[int, memoryview]]:
        """(method, bytes) of each plane group of a tile; raises as tile_payload, and StreamError."""
        offset = int(self.starts[index]) + 8
        return unpack_groups(self.tile_payload(index), len(self.groups), name=self.name, offset=offset)


def parse(
    data: Buffer, *, limits: Limits = DEFAULT_LIMITS, name: str | None = None, lenient: bool = False
) -> ParsedFile:
    """Check the structure of a file: signature, preamble, header, limits, order and cover of the chunks.

    Every chunk's CRC-32 is checked, those of TILE chunks when their tile is read. With ``lenient`` a damaged META,
    TIDX, ancillary or DONE chunk and a missing end are noted in ``damage`` instead of raised.
    Raises CorruptFileError and its kinds, TooNewError, LimitError.
    """
    view = memoryview(data).cast("B")
    preamble = peek(view, name=name)
    limits.check_pixels(preamble.width, preamble.height, name)
    head = read_chunk(view, PREAMBLE_BYTES, name=name, check=False)
    if head.type != HEAD or len(head.payload) > MAX_HEADER_BYTES:
        raise CorruptFileError(
            "the first chunk is not a header", remedy="Copy it again from its source", file=name, offset=head.offset
        )
    head = read_chunk(view, PREAMBLE_BYTES, name=name)
    header = Header.from_bytes(head.payload, preamble, file=name, offset=head.offset + 8)
    grid = tile_grid(preamble.width, preamble.height, header.tile)
    limits.check_tiles(grid.columns * grid.rows, name)
    walk = _Walk(view, name, lenient, head.end, grid.columns * grid.rows)
    walk.before_tiles()
    walk.tiles()
    walk.after_tiles()
    return ParsedFile(
        view,
        name,
        limits,
        preamble,
        header,
        grid,
        plane_groups(header.mode),
        walk.meta,
        tuple(walk.ancillary),
        walk.starts,
        walk.lengths,
        walk.crcs,
        tuple(walk.damage),
    )


class _Walk:
    """One pass over the chunks after HEAD."""

    def __init__(self, view: memoryview, name: str | None, lenient: bool, pos: int, count: int) -> None:
        self.view, self.name, self.lenient, self.pos, self.count = view, name, lenient, pos, count
        self.meta: Chunk | None = None
        self.ancillary: list[Chunk] = []
        self.damage: list[NeurocError] = []
        self.crcs: NDArray[np.int64] | None = None
        self.starts: NDArray[np.int64]
        self.lengths: NDArray[np.int64]

    def corrupt(self, why: str, offset: int) -> CorruptFileError:
        return CorruptFileError(why, file=self.name, offset=offset)

    def before_tiles(self) -> None:
        """META and ancillary chunks, up to where TIDX or the only TILE begins."""
        first = TIDX if self.count > 1 else TILE
        start = self.pos
        while True:
            try:
                chunk = read_chunk(self.view, self.pos, name=self.name, check=False)
                if chunk.type == first:
                    return
                chunk = read_chunk(self.view, self.pos, name=self.name)
                if chunk.type == META and chunk.offset == start:
                    self.meta = chunk
                else:
                    self.take_ancillary(chunk)
                self.pos = chunk.end
            except CorruptFileError as error:
                self.note(error)
                self.resynchronise(first)
                return

    def take_ancillary(self, chunk: Chunk) -> None:
        kind = chunk.type.decode()
        if chunk.type in KNOWN:
            raise self.corrupt(f"a {kind} chunk is missing, repeated or out of its place", chunk.offset)
        if chunk.critical:
            raise TooNewError(
                f"the file needs the chunk {kind}, which this neuroc does not know",
                remedy="Install a newer neuroc-codec",
                file=self.name,
                offset=chunk.offset,
            )
        if len(self.ancillary) == MAX_ANCILLARY:
            raise self.corrupt(f"more than {MAX_ANCILLARY} ancillary chunks", chunk.offset)
        self.ancillary.append(chunk)

    def note(self, error: CorruptFileError) -> None:
        if not self.lenient:
            raise error
        self.damage.append(error)

    def resynchronise(self, first: bytes) -> None:
        """Lenient only: go on where ``first`` seems to begin; raises what was noted if that cannot be found."""
        pos = self._find(first if first == TILE else TIDX + (8 * self.count).to_bytes(4, "little"))
        if pos < 0 and first == TIDX:
            # The index lies right before the first tile and its size is known.
            pos = self._find(TILE) - CHUNK_OVERHEAD - 8 * self.count
        if pos < self.pos:
            raise self.damage[-1]
        self.pos = pos

    def _find(self, words: bytes) -> int:
        """Where ``words`` stand next, -1 if nowhere; re searches a view without a copy of it."""
        found = re.compile(re.escape(words)).search(self.view, self.pos)
        return found.start() if found else -1

    def tiles(self) -> None:
        if self.count == 1:
            chunk = read_chunk(self.view, self.pos, name=self.name, check=False)
            self.starts = np.array([self.pos], dtype=np.int64)
            self.lengths = np.array([len(chunk.payload)], dtype=np.int64)
            self.pos = chunk.end
            return
        start = self.pos
        first = start + CHUNK_OVERHEAD + 8 * self.count
        try:
            index = read_chunk(self.view, start, name=self.name)
            self.lengths, self.crcs = unpack_index(index.payload, self.count, name=self.name, offset=start)
            ends = first + np.cumsum(self.lengths + CHUNK_OVERHEAD)
            self.starts = ends - self.lengths - CHUNK_OVERHEAD
            self.pos = int(ends[-1])
            if self.pos > len(self.view):
                raise TruncatedError(
                    "the file is cut off within its tiles",
                    remedy="Copy it again; 'neuroc decode --salvage' saves intact tiles, if any",
                    file=self.name,
                    offset=len(self.view),
                )
        except CorruptFileError as error:
            self.note(error)
            if self.crcs is None:
                self.walk_tiles(first)

    def walk_tiles(self, pos: int) -> None:
        """Lenient only: without its index, a tile begins where the one before it ends."""
        self.starts = np.full(self.count, -1, dtype=np.int64)
        self.lengths = np.zeros(self.count, dtype=np.int64)
        for i in range(self.count):
            try:
                chunk = read_chunk(self.view, pos, name=self.name, check=False)
                if chunk.type != TILE:
                    raise self.corrupt(f"tile {i} is not where the one before it ends", pos)
            except CorruptFileError as error:
                self.damage.append(error)
                break
            self.starts[i], self.lengths[i] = pos, len(chunk.payload)
            pos = chunk.end
        self.pos = pos

    def after_tiles(self) -> None:
        """Ancillary chunks and DONE, after which nothing may follow."""
        try:
            while True:
                chunk = read_chunk(self.view, self.pos, name=self.name)
                if chunk.type == DONE:
                    break
                self.take_ancillary(chunk)
                self.pos = chunk.end
            if len(chunk.payload):
                raise self.corrupt("the end marker is not empty", chunk.offset)
            if chunk.end != len(self.view):
                raise CorruptFileError(
                    f"{len(self.view) - chunk.end} bytes follow the end marker",
                    remedy="Copy it again from its source; 'neuroc decode --salvage' passes over them",
                    file=self.name,
                    offset=chunk.end,
                )
        except CorruptFileError as error:
            self.note(error)
