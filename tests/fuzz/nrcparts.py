"""A .nrc file as preamble fields and chunks, sound or not, and put together again with every CRC-32 right."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field, replace

import numpy as np

from neuroc import canonical
from neuroc.chunks import SIGNATURE
from neuroc.container import ParsedFile, parse
from neuroc.decoder import _decode_tiles
from neuroc.digests import pixel_digest, tile_crc
from neuroc.errors import DigestError, NeurocError
from neuroc.limits import Limits
from neuroc.opened import DecodeOptions, OpenFile

PREAMBLE = struct.Struct("<BBIIBB")  # version, flags, width, height, channels, bits


@dataclass(slots=True)
class Parts:
    """What stands between the checksums."""

    preamble: list[int]
    chunks: list[tuple[bytes, bytes]] = field(default_factory=list)  # type, payload

    def find(self, kind: bytes) -> list[int]:
        """Places of the chunks of a type."""
        return [i for i, (k, _) in enumerate(self.chunks) if k == kind]

    def fields(self) -> dict[int, object] | None:
        """The header, None if it is not canonical."""
        try:
            found = canonical.unpack(self.chunks[self.find(b"HEAD")[0]][1], max_values=4096)
        except (NeurocError, IndexError):
            return None
        return found if isinstance(found, dict) else None

    def index_tiles(self) -> None:
        """Make the lengths in TIDX those of the TILE chunks; CRCs stay."""
        places = self.find(b"TIDX")
        if len(places) != 1:
            return
        lengths = [len(self.chunks[i][1]) for i in self.find(b"TILE")]
        table = self.chunks[places[0]][1]
        rows = [table[8 * i + 4 : 8 * i + 8].ljust(4, b"\0") for i in range(len(lengths))]
        packed = b"".join(n.to_bytes(4, "little") + crc for n, crc in zip(lengths, rows, strict=True))
        self.chunks[places[0]] = (b"TIDX", packed)


def take_apart(data: bytes) -> Parts | None:
    """The parts of a file, as far as chunks follow each other; None without a preamble."""
    if len(data) < 24 or data[:8] != SIGNATURE:
        return None
    parts = Parts(list(PREAMBLE.unpack_from(data, 8)))
    at = 24
    while at + 12 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if at + 12 + size > len(data):
            break
        parts.chunks.append((kind, data[at + 8 : at + 8 + size]))
        at += 12 + size
    return parts


def put_together(parts: Parts) -> bytes:
    """The file, whatever the parts say; numbers wrap round."""
    version, flags, width, height, channels, bits = parts.preamble
    head = SIGNATURE + PREAMBLE.pack(
        version & 255, flags & 255, width & 0xFFFFFFFF, height & 0xFFFFFFFF, channels & 255, bits & 255
    )
    out = [head, zlib.crc32(head).to_bytes(4, "little")]
    for kind, payload in parts.chunks:
        chunk = kind + len(payload).to_bytes(4, "little") + payload
        out += [chunk, zlib.crc32(chunk).to_bytes(4, "little")]
    return b"".join(out)


def with_true_digests(data: bytes, limits: Limits) -> bytes:
    """The same file with the digest, and the CRC-32 of each tile, of the samples that it decodes to.

    Returns ``data`` as it is if something else is wrong with it.
    """
    try:
        parsed = parse(data, limits=limits)
        options = DecodeOptions(limits=limits)
        file = OpenFile.file(parsed, options)
        _decode_tiles([file], options, None, salvage=True)
    except NeurocError:
        return data
    if any(not isinstance(e, DigestError) for e in file.failures.values()):
        return data
    return _resealed(data, parsed, file)


def _resealed(data: bytes, parsed: ParsedFile, file: OpenFile) -> bytes:
    parts = take_apart(data)
    assert parts is not None
    digest = pixel_digest(file.samples, parsed.header.mode, parsed.preamble.bits)
    header = replace(parsed.header, pixel_digest=digest).to_bytes(parsed.preamble)
    parts.chunks[0] = (b"HEAD", header)
    for place in parts.find(b"TIDX"):
        crcs = [tile_crc(file.place(t)) for t in range(len(parsed.grid))]
        parts.chunks[place] = (b"TIDX", np.array([parsed.lengths, crcs], dtype="<u4").T.tobytes())
    return put_together(parts)
