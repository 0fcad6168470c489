"""The signature, the preamble and single chunks: the outermost bytes of a file (SPEC sections 2 and 3)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .errors import ChecksumError, CorruptFileError, NotNrcError, TooNewError, TruncatedError, UsageError

SIGNATURE = bytes.fromhex("8E4E52430D0A1A0A")
CONTAINER_VERSION = 1
PREAMBLE_BYTES = 24
CHUNK_OVERHEAD = 12  # type, length, CRC-32

Buffer = bytes | bytearray | memoryview

_PREAMBLE = struct.Struct("<8sBBIIBB")
_U32 = struct.Struct("<I")
_CHUNK = struct.Struct("<4sI")
_BITS = (1, 2, 4, 8, 16)
# What the signature's first bytes become in transfers that take the file for text: bit 7 stripped, UTF-8, replaced.
_MANGLED = (b"\x8eNRC", b"\x0eNRC", b"\xc2\x8eNRC", b"\xef\xbf\xbdNRC", b"?NRC")


@dataclass(frozen=True, slots=True)
class Preamble:
    """What stands in the first 24 bytes: enough for ``file``, thumbnailers and limits."""

    width: int
    height: int
    channels: int
    bits: int
    version: int = CONTAINER_VERSION

    def problem(self) -> str | None:
        """Why these values are not allowed, or None."""
        for name, value in (("width", self.width), ("height", self.height)):
            if not 1 <= value < 2**32:
                return f"{name} {value} is not from 1 to 2**32 - 1"
        if not 1 <= self.channels <= 4:
            return f"{self.channels} channels"
        if self.bits not in _BITS:
            return f"{self.bits} bits per sample"
        return None

    def to_bytes(self) -> bytes:
        """The 24 bytes. Raises UsageError for values that have no place in a file."""
        if problem := self.problem():
            raise UsageError(f"a file cannot hold this picture: {problem}")
        body = _PREAMBLE.pack(SIGNATURE, self.version, 0, self.width, self.height, self.channels, self.bits)
        return body + _U32.pack(zlib.crc32(body))


def peek(prefix: Buffer, *, name: str | None = None) -> Preamble:
    """The preamble from the first 24 bytes or more of a file.

    Raises NotNrcError, TruncatedError, ChecksumError, CorruptFileError, or TooNewError for a newer container.
    """
    head = bytes(memoryview(prefix)[:PREAMBLE_BYTES])
    _check_signature(head, name)
    if len(head) < PREAMBLE_BYTES:
        raise TruncatedError(
            f"the file ends after {len(head)} bytes, within its preamble",
            remedy="Copy it again from its source",
            file=name,
            offset=len(head),
        )
    body = head[: _PREAMBLE.size]
    if zlib.crc32(body) != _U32.unpack_from(head, _PREAMBLE.size)[0]:
        raise ChecksumError(
            "the preamble is damaged (CRC-32)",
            remedy="Copy it again from its source",
            file=name,
            offset=_PREAMBLE.size,
        )
    _, version, flags, width, height, channels, bits = _PREAMBLE.unpack(body)
    if version > CONTAINER_VERSION or flags:
        what = f"container version {version}" if version > CONTAINER_VERSION else f"container flags {flags:#04x}"
        raise TooNewError(
            f"the file has {what}, which this neuroc does not know",
            remedy="Install a newer neuroc-codec",
            file=name,
            offset=8 if version > CONTAINER_VERSION else 9,
        )
    preamble = Preamble(width, height, channels, bits, version)
    problem = preamble.problem() or ("container version 0" if version == 0 else None)
    if problem:
        raise CorruptFileError(f"impossible preamble: {problem}", file=name, offset=8)
    return preamble


def _check_signature(head: bytes, name: str | None) -> None:
    if head.startswith(SIGNATURE):
        return
    if not head:
        raise TruncatedError("the file is empty", remedy="Copy it again from its source", file=name, offset=0)
    if SIGNATURE.startswith(head):
        raise TruncatedError(
            f"the file ends after {len(head)} bytes, within its signature",
            remedy="Copy it again from its source",
            file=name,
            offset=len(head),
        )
    if head.startswith(_MANGLED):
        raise CorruptFileError(
            "the signature was changed as if the file were text (line endings or the eighth bit)",
            remedy="Transfer it again in binary mode",
            file=name,
            offset=0,
        )
    raise NotNrcError("not a .nrc file", remedy="Name a file that 'neuroc encode' wrote", file=name, offset=0)


class Chunk(NamedTuple):
    """One chunk; ``offset`` is where its type stands in the file."""

    type: bytes  # 4 ASCII letters; the first is upper case if a reader must know the chunk
    payload: bytes | memoryview
    offset: int

    @property
    def end(self) -> int:
        return self.offset + CHUNK_OVERHEAD + len(self.payload)

    @property
    def critical(self) -> bool:
        return self.type[:1].isupper()


def write_file(preamble: Preamble, chunks: Iterable[tuple[bytes, Buffer]]) -> Iterator[bytes | bytearray | memoryview]:
    """The pieces of a file in order; payloads are passed through, not copied."""
    yield preamble.to_bytes()
    for kind, payload in chunks:
        if len(payload) >= 2**32:
            raise UsageError(
                f"a {kind.decode()} chunk of {len(payload)} bytes does not fit", remedy="Use smaller tiles"
            )
        head = _CHUNK.pack(kind, len(payload))
        yield head
        yield payload
        yield _U32.pack(zlib.crc32(payload, zlib.crc32(head)))


def read_chunk(view: memoryview, offset: int, *, name: str | None = None, check: bool = True) -> Chunk:
    """The chunk at ``offset``; its payload is a view. ``check=False`` leaves the CRC-32 for later.

    Raises TruncatedError, CorruptFileError for an impossible type, or ChecksumError.
    """
    if len(view) - offset < CHUNK_OVERHEAD:
        raise TruncatedError(
            "the file ends before its end marker", remedy="Copy it again from its source", file=name, offset=len(view)
        )
    kind, length = _CHUNK.unpack_from(view, offset)
    if not (kind.isalpha() and kind.isascii()):
        raise CorruptFileError(f"{kind.hex().upper()} is not a chunk type", file=name, offset=offset)
    end = offset + 8 + length
    if end + 4 > len(view):
        raise TruncatedError(
            f"the file is cut off within its {kind.decode()} chunk, or the length of this chunk is damaged",
            remedy="Copy it again from its source",
            file=name,
            offset=offset,
        )
    if check and zlib.crc32(view[offset:end]) != _U32.unpack_from(view, end)[0]:
        raise ChecksumError(
            f"the {kind.decode()} chunk is damaged (CRC-32)",
            remedy="Copy it again from its source",
            file=name,
            offset=offset,
        )
    return Chunk(kind, view[offset + 8 : end], offset)
