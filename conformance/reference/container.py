"""The outermost layer, SPEC 2 and 3: preamble and chunks; and the refusal of a file, SPEC 13."""

import re
import zlib
from collections import namedtuple

EXITS = {"plugin": 4, "plugin-missing": 4, "too-new": 4, "weights-missing": 4, "weights": 4, "exactness": 4}
EXITS |= {"pinned": 4, "limit": 5, "io": 7}  # all others that occur here: 3, damage
SIGNATURE = bytes.fromhex("8E4E52430D0A1A0A")
LETTERS = {b"HEAD": "H", b"META": "M", b"TIDX": "I", b"TILE": "T", b"DONE": "D"}  # a: an ancillary chunk
Container = namedtuple("Container", "width height channels bits head meta tidx tiles")  # payloads; None: no such chunk


class Refusal(Exception):
    """SPEC 13: why a file is not decoded: code and message."""


def demand(holds: bool, code: str, message: str) -> None:
    """SPEC 1: a reader refuses a file that breaks a rule, with the error of section 13."""
    if not holds:
        raise Refusal(code, message)


def u32(data: bytes, at: int) -> int:
    """SPEC 1: the u32 at `at`."""
    return int.from_bytes(data[at : at + 4], "little")


def read(data: bytes) -> Container:
    """SPEC 2: the preamble, checked in the order given there; SPEC 3: the chunks, checked one by one."""
    changed = re.match(b"(\x8e|\x0e|\xc2\x8e|\xef\xbf\xbd|[?])NRC", data)  # as text
    demand(data[:8] == SIGNATURE[: len(data)], "corrupt" if changed else "not-nrc", "no signature")
    demand(len(data) >= 24, "truncated", "the file ends within the preamble")
    demand(zlib.crc32(data[:20]) == u32(data, 20), "checksum", "CRC-32 of the preamble")
    demand(data[8] <= 1 and data[9] == 0, "too-new", f"container version {data[8]}, flags {data[9]}")
    width, height, channels, bits = u32(data, 10), u32(data, 14), data[18], data[19]
    sound = data[8] == 1 and width * height > 0 and 1 <= channels <= 4 and bits in (1, 2, 4, 8, 16)
    demand(sound, "corrupt", f"preamble: {width} x {height} x {channels} of {bits} bits")
    demand(width * height <= 1 << 28, "limit", "more than 2^28 pixels")
    at, order, payloads = 24, "", []
    while not order.endswith("D"):
        kind, end = data[at : at + 4], at + 8 + u32(data, at + 4)
        demand(at + 12 <= len(data), "truncated", "the file ends before DONE")
        demand(kind.isalpha(), "corrupt", f"chunk type {kind!r}")
        demand(end + 4 <= len(data), "truncated", f"the file ends within chunk {kind!r}")
        demand(zlib.crc32(data[at:end]) == u32(data, end), "checksum", f"CRC-32 of chunk {kind!r}")
        demand(kind in LETTERS or kind[:1].islower(), "too-new", f"critical chunk {kind!r}")
        order += LETTERS.get(kind, "a")
        payloads.append(data[at + 8 : end])
        at = end + 4
    sound = re.fullmatch("HM?a*I?T+a*D", order) is not None and order.count("a") <= 1024 and at == len(data)
    demand(sound and not payloads[-1], "corrupt", "order or number of chunks, or bytes in DONE or after it")
    demand(len(payloads[0]) <= 1 << 16, "corrupt", "HEAD above 65,536 bytes")
    meta, tidx = (payloads[order.index(letter)] if letter in order else None for letter in "MI")
    tiles = payloads[order.index("T") : order.rindex("T") + 1]
    return Container(width, height, channels, bits, payloads[0], meta, tidx, tiles)
