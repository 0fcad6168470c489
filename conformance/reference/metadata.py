"""Metadata, SPEC 6, and zstd frames, RFC 8878: where one ends is found here, its blocks are left to the library."""

from container import Refusal, demand, u32
from header import unpack


def records(payload: bytes) -> list[tuple[str, bytes]]:
    """SPEC 6: the records in order; SPEC 9: their limits."""
    size = u32(payload, 0)
    demand(max(size, len(payload) - 4) <= 64 << 20, "limit", "more than 64 MiB of metadata")
    packed = decompress(payload[4:], size, "corrupt", True) if size else payload[4:]
    found, end = unpack(packed, "corrupt")
    sound = type(found) is list and end == len(packed) and 1 <= len(found) <= 1 << 16
    demand(sound, "corrupt", "META is not one list of 1 to 65,536 records")
    for record in found:
        demand(type(record) is list and [type(part) for part in record] == [str, bytes], "corrupt", "a record of META")
        demand(1 <= len(record[0].encode()) <= 255, "corrupt", "a key of META")
    return [(key, data) for key, data in found]


def decompress(frame: bytes, size: int, code: str, stated: bool) -> bytes:
    """SPEC 6 and 11.2: the `size` bytes of a frame that fills `frame`; whether it must state its content size."""
    demand(frame[:4] == b"\x28\xb5\x2f\xfd" and len(frame) > 5, code, "no zstd frame")
    single, flag, window = frame[4] >> 5 & 1, frame[4] >> 6, 8 + frame[5] % 8 << 7 + frame[5] // 8
    at, length = 6 - single + (0, 1, 2, 4)[frame[4] & 3], (single, 2, 4, 8)[flag]
    demand(not any(frame[6 - single : at]) and (single == 1 or window <= 1 << 27), code, "dictionary or window of zstd")
    content = int.from_bytes(frame[at : at + length], "little") + (256 if flag == 1 else 0)
    demand(bool(length) == stated and content == size * stated, code, "content size of the zstd frame")
    at, last, blocks = at + length, 0, 0
    while not last:
        block, blocks = int.from_bytes(frame[at : at + 3], "little"), blocks + 1
        demand(at + 3 <= len(frame) and block >> 1 & 3 != 3, code, "the zstd frame is cut or damaged")
        last, at = block & 1, at + 3 + (1 if block >> 1 & 3 == 1 else block >> 3)
    demand(at + (frame[4] & 4) == len(frame), code, "the zstd frame does not end with the bytes")
    demand(size <= blocks << 17, code, "a zstd frame too short for its content")  # before space for it is taken
    try:
        import zstandard  # only where a file needs it

        out = bytes(zstandard.ZstdDecompressor().decompress(frame, max_output_size=size))
    except ImportError:
        raise Refusal("plugin", "this file needs the module zstandard") from None
    except zstandard.ZstdError as error:
        raise Refusal(code, f"zstd: {error}") from None
    demand(len(out) == size, code, "the zstd frame has another size")
    return out
