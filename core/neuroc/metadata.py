"""Metadata records to the payload of the META chunk and back, verbatim and bounded (SPEC section 6)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import zstandard

from . import canonical
from .errors import CorruptFileError, LimitError
from .limits import DEFAULT_LIMITS, MAX_RECORDS, Limits
from .picture import Record

MAX_KEY = 255  # bytes of UTF-8
MAX_WINDOW = 2**27  # bytes; what every zstd decoder grants without being asked
LEVEL = 19
_U32 = struct.Struct("<I")


def pack_metadata(records: Sequence[Record], *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The payload of META, or b"" if there are no records: then the file has no META chunk.

    Raises LimitError if a reader with the same limits would refuse it.
    """
    if not records:
        return b""
    limits.check_records(len(records))
    for record in records:
        if not 0 < len(record.key.encode()) <= MAX_KEY:
            raise LimitError(f"a metadata key of {len(record.key)} characters; 1 to {MAX_KEY} bytes are possible")
    limits.check_metadata(sum(len(r.data) for r in records))
    plain = record_list(records)
    limits.check_metadata(len(plain))
    packed = zstandard.ZstdCompressor(level=LEVEL, write_content_size=True).compress(plain)
    if len(packed) < len(plain):
        return _U32.pack(len(plain)) + packed
    return _U32.pack(0) + plain


def record_list(records: Sequence[Record]) -> bytes:
    """What META holds, before compression."""
    return canonical.pack([[r.key, r.data] for r in records])


def unpack_metadata(
    payload: bytes | memoryview, *, limits: Limits = DEFAULT_LIMITS, file: str | None = None, offset: int = 0
) -> tuple[Record, ...]:
    """The records in the payload of META, which stands at ``offset``.

    Raises LimitError before anything is decompressed, CorruptFileError for what pack_metadata cannot have written.
    """
    if len(payload) < 4:
        raise CorruptFileError("the META chunk is too short", file=file, offset=offset)
    (size,) = _U32.unpack_from(payload)
    limits.check_metadata(max(size, len(payload) - 4), file)  # what is compressed may be the larger of the two
    body = bytes(payload[4:])
    plain = _decompress(body, size, file, offset + 4) if size else body
    values = canonical.unpack(
        plain,
        max_values=3 * MAX_RECORDS + 1,
        error=CorruptFileError,
        file=file,
        offset=None if size else offset + 4,
    )
    if type(values) is not list or not 0 < len(values) <= MAX_RECORDS:
        raise CorruptFileError("the metadata is not a list of records", file=file, offset=offset)
    records = []
    for item in values:
        match item:
            case [str(key), bytes(data)] if 0 < len(key.encode()) <= MAX_KEY:
                records.append(Record(key, data))
            case _:
                raise CorruptFileError("a metadata record is not a key and its bytes", file=file, offset=offset)
    return tuple(records)


def _decompress(frame: bytes, size: int, file: str | None, offset: int) -> bytes:
    """``size`` bytes out of exactly one zstd frame that states this size itself."""

    def bad(why: str) -> CorruptFileError:
        return CorruptFileError(f"the metadata does not decompress: {why}", file=file, offset=offset)

    try:
        # zstandard allocates what the frame promises, whatever max_output_size says; so the promise is checked first.
        head = zstandard.get_frame_parameters(frame)
        if head.content_size != size:
            raise bad(f"the frame states {head.content_size} bytes where the chunk states {size}")
        if head.window_size > MAX_WINDOW:
            raise bad(f"the frame needs a window of {head.window_size} bytes")
        return zstandard.ZstdDecompressor().decompress(frame, max_output_size=size, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise bad(str(error)) from None
