"""New inputs out of old ones: blind changes of bytes, and changes of structure behind right checksums."""

from __future__ import annotations

import contextlib
import json
import struct
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import zstandard

from neuroc import canonical
from neuroc.limits import Limits

from .nrcparts import Parts, put_together, take_apart, with_true_digests
from .random_pictures import records

NUMBERS: tuple[int, ...] = (0, 1, 2, 3, 4, 7, 8, 16, 31, 64, 127, 128, 255, 256, 511, 512, 1023, 4096, 32767, 32768)
NUMBERS += (65535, 65536, 2**20, 2**24 - 1, 2**24, 2**28, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53)
NUMBERS += (2**63 - 1, 2**64 - 1)
TYPES = (b"HEAD", b"META", b"TIDX", b"TILE", b"DONE", b"abcd", b"ABCD", b"tILE", b"he\0d")
LARGEST = 1 << 14  # bytes of an input

Pool = Sequence[bytes]


def mutate(kind: str, data: bytes, pool: Pool, rng: Random, limits: Limits) -> bytes:
    """An input of a kind ("nrc", "weights", "picture", "bytes") made out of ``data`` and others of ``pool``."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        if kind == "nrc" and rng.random() < 0.75:
            data = change_nrc(data, pool, rng)
        elif kind == "weights" and rng.random() < 0.7:
            data = change_weights(data, rng)
        elif kind == "picture" and data[:4] == b"\x89PNG" and rng.random() < 0.7:
            data = change_png(data, rng)
        else:
            data = change_bytes(data, pool, rng)
    data = data if kind == "weights" else data[:LARGEST]
    if kind == "nrc" and rng.random() < 0.4:
        data = with_true_digests(data, limits)
    return data


def number(rng: Random, near: int = 0) -> int:
    """An integer that bounds are likely to be wrong at."""
    near = rng.choice((near + rng.randint(-2, 2), near ^ 1 << rng.randrange(33), rng.getrandbits(8)))
    return rng.choice((rng.choice(NUMBERS), near))


def change_bytes(data: bytes, pool: Pool, rng: Random) -> bytes:
    """Bits, bytes, pieces; nothing is known of their meaning."""
    if not data:
        return rng.randbytes(rng.randint(0, 40))
    at = rng.randrange(len(data))
    end = min(len(data), at + rng.choice((1, 2, 4, 8, rng.randint(0, len(data)))))
    match rng.randrange(9):
        case 0:
            return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[:at] + bytes([rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))]) + data[at + 1 :]
        case 2:
            return data[:at]
        case 3:
            return data[:end] + data[at:end] + data[end:]
        case 4:
            return data[:at] + data[end:]
        case 5:
            other = rng.choice(pool)
            return data[:at] + other[rng.randint(0, len(other)) :]
        case 6:
            return data[:at] + rng.randbytes(rng.randint(1, 8)) + data[at:]
        case 7:
            size, order = rng.choice((2, 4, 8)), rng.choice(("<", ">"))
            value = number(rng) & ((1 << 8 * size) - 1)
            return data[:at] + struct.pack(order + {2: "H", 4: "I", 8: "Q"}[size], value) + data[at + size :]
        case _:
            return data[:at] + data[at:end][::-1] + data[end:]


def change_nrc(data: bytes, pool: Pool, rng: Random) -> bytes:
    """One change of the parts of a file; checksums are right afterwards."""
    parts = take_apart(data)
    if parts is None or not parts.chunks:
        return change_bytes(data, pool, rng)
    rng.choice(_NRC)(parts, pool, rng)
    if rng.random() < 0.8:
        parts.index_tiles()
    return put_together(parts)


def _preamble(parts: Parts, pool: Pool, rng: Random) -> None:
    i = rng.choice((0, 1, 2, 2, 3, 3, 4, 5))
    choices = {4: (1, 2, 3, 4), 5: (1, 2, 4, 8, 16)}.get(i, ())
    parts.preamble[i] = rng.choice(choices) if choices and rng.random() < 0.8 else number(rng, parts.preamble[i])


def _header(parts: Parts, pool: Pool, rng: Random) -> None:
    fields = parts.fields()
    if fields is None:
        return
    key = rng.choice((*range(12), 0, 2, 5, 6, 10, 12, 64, 2**32, -1))
    if rng.random() < 0.15:
        fields.pop(key, None)
    else:
        fields[key] = _field(key, fields.get(key), rng)
    try:
        parts.chunks[parts.find(b"HEAD")[0]] = (b"HEAD", canonical.pack(fields))
    except TypeError:  # a number of more than 64 bits
        return


def _field(key: int, old: object, rng: Random) -> Any:
    if rng.random() < 0.15:
        return _value(rng, 3)
    match key:
        case 0:
            return rng.choice(("raw", "causal59k", "nothing", "", "RAW", "a" * 33))
        case 2:
            digests = list(old) if isinstance(old, list) else []
            return rng.choice(
                (digests[1:], digests * 2, digests * 3, [rng.randbytes(16)], [rng.randbytes(15)], digests[::-1])
            )
        case 3:
            return rng.choice(("rans24", "range24", "abacus"))
        case 4:
            return rng.choice(("exact", "pinned"))
        case 5:
            schedule = rng.choice(("serial", "diagonal", "wavefront"))
            return rng.choice(({0: schedule}, {1: rng.randint(-2, 9)}, {0: schedule, 1: rng.randint(0, 8)}, {2: 1}, {}))
        case 6:
            return rng.choice((1, 2, 3, 7, 8, 16, 511, 513, number(rng)))
        case 9:
            return rng.choice(([], ["a"], ["b", "a"], ["a", "a"]))
        case 10:
            return rng.choice(("1", "L", "LA", "P", "RGB", "RGBA", "CMYK"))
        case 8 | 11:
            return rng.choice(("", "0.1.0", "x" * 300, "\x1b[2J", "é"))
    return _value(rng, 3)


def _value(rng: Random, depth: int) -> Any:
    """Any value that canonical msgpack has."""
    match rng.randrange(7 if depth else 5):
        case 0:
            return number(rng)
        case 1:
            return -rng.choice(NUMBERS[:-2]) - 1
        case 2:
            return rng.choice(("", "a", "\0", "é" * rng.choice((1, 40, 200))))
        case 3:
            return rng.randbytes(rng.choice((0, 1, 16, 300)))
        case 4:
            return rng.random() < 0.5
        case 5:
            return [_value(rng, depth - 1) for _ in range(rng.choice((0, 1, 3, 20)))]
        case _:
            return {rng.choice(NUMBERS[:20]): _value(rng, depth - 1) for _ in range(rng.choice((0, 1, 3, 20)))}


def _chunk(parts: Parts, pool: Pool, rng: Random) -> None:
    i = rng.randrange(len(parts.chunks))
    kind, payload = parts.chunks[i]
    match rng.randrange(7):
        case 0:
            del parts.chunks[i]
        case 1:
            parts.chunks.insert(i, (kind, payload))
        case 2:
            j = rng.randrange(len(parts.chunks))
            parts.chunks[i], parts.chunks[j] = parts.chunks[j], parts.chunks[i]
        case 3:
            parts.chunks[i] = (rng.choice(TYPES), payload)
        case 4:
            parts.chunks.insert(i, (rng.choice(TYPES), rng.randbytes(rng.choice((0, 1, 8, 40)))))
        case 5:
            other = take_apart(rng.choice(pool))
            if other and other.chunks:
                parts.chunks[i] = rng.choice(other.chunks)
        case _:
            parts.chunks[i:i] = [(b"abcd", b"")] * rng.choice((2, 1023, 1024))


def _payload(parts: Parts, pool: Pool, rng: Random) -> None:
    i = rng.randrange(len(parts.chunks))
    kind, payload = parts.chunks[i]
    parts.chunks[i] = (kind, change_bytes(payload, [p for _, p in parts.chunks if p] or [b"\0"], rng))


def _tile(parts: Parts, pool: Pool, rng: Random) -> None:
    places = parts.find(b"TILE")
    if not places:
        return
    i = rng.choice(places)
    payload = parts.chunks[i][1]
    match rng.randrange(5):
        case 0:  # another method
            payload = bytes([rng.choice((0, 1, 1, 2))]) + payload[1:]
        case 1:  # other flags of ``raw``, and a body that may be as long as it needs
            payload = bytes([1, rng.randrange(256), rng.randrange(256)]) + rng.randbytes(rng.choice((0, 8, 64, 3000)))
        case 2:  # words at the ends of a stream
            words = rng.choice((b"", bytes(4), b"\xff" * 4, bytes(8), b"\0\0\0\0\1\0\0\0", rng.randbytes(8)))
            payload = rng.choice((payload[:1] + words, payload + words, payload[:-4] + words))
        case 3:
            payload = bytes([0]) + rng.randbytes(4 * rng.randint(0, 200))
        case _:
            payload = change_bytes(payload, [payload, b"\0"], rng)
    parts.chunks[i] = (b"TILE", payload)


def _index(parts: Parts, pool: Pool, rng: Random) -> None:
    for i in parts.find(b"TIDX"):
        table = parts.chunks[i][1]
        at = 4 * rng.randrange(max(1, len(table) // 4))
        value = number(rng, int.from_bytes(table[at : at + 4], "little")) & 0xFFFFFFFF
        parts.chunks[i] = (b"TIDX", table[:at] + value.to_bytes(4, "little") + table[at + 4 :])


def _metadata(parts: Parts, pool: Pool, rng: Random) -> None:
    """Records that are sound as msgpack but hold anything, or a list of them that is not, packed truly or with lies."""
    plain = canonical.pack([[r.key, r.data] for r in records(rng)])
    match rng.randrange(6):
        case 0:
            plain = change_bytes(plain, [plain], rng)
        case 1:
            plain = canonical.pack(_value(rng, 3))
        case 2:
            plain = bytes([0xDD]) + (number(rng) & 0xFFFFFFFF).to_bytes(4, "big") + plain[1:]
        case 3:
            plain = canonical.pack([["k", bytes(rng.choice((100, 70000, 10**6)))]])
    packed, size = plain, 0
    if rng.random() < 0.6:
        packed, size = (
            zstandard.ZstdCompressor(level=1, write_content_size=rng.random() < 0.9).compress(plain),
            len(plain),
        )
        if rng.random() < 0.3:
            packed = change_bytes(packed, [packed], rng)
    if rng.random() < 0.3:
        size = number(rng, size) & 0xFFFFFFFF
    chunk = (b"META", size.to_bytes(4, "little") + packed)
    places = parts.find(b"META")
    if places:
        parts.chunks[places[0]] = chunk
    else:
        parts.chunks.insert(1, chunk)


_NRC: tuple[Callable[[Parts, Pool, Random], None], ...] = (
    *(_preamble, _header, _header, _chunk, _payload, _tile, _tile, _index, _metadata),
)


def change_weights(data: bytes, rng: Random) -> bytes:
    """A change of the JSON of a safetensors file, its length made right."""
    size = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + size])
        name = rng.choice(list(header))
        entry = header[name]
        match rng.randrange(6):
            case 0:
                entry["shape"] = rng.choice(
                    ([], [0], [number(rng)] * rng.randint(1, 9), [0, *[2**28] * 3], entry["shape"][::-1])
                )
            case 1:
                entry["dtype"] = rng.choice(("I8", "U8", "I16", "I32", "I64", "F32", "F64", 3, None))
            case 2:
                entry["data_offsets"] = [number(rng, v) for v in entry["data_offsets"]][: rng.randint(0, 2)]
            case 3:
                del header[name]
            case 4:
                header[rng.choice(("__metadata__", "x", "\ud800"))] = rng.choice(
                    (entry, {"name": 3}, {"codec": "raw"}, [], 1.5)
                )
            case _:
                entry[rng.choice(("dtype", "shape", "more"))] = rng.choice(([1.0], -1, True, [[1]], 10**400, None))
        text = json.dumps(header).encode()
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        text = rng.choice((b"[" * 5000, b"{}", b'{"a":' * 3000, b"1" * 5000, b"NaN", data[8 : 8 + size][:-1]))
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def change_png(data: bytes, rng: Random) -> bytes:
    """A change of one chunk of a PNG file, its CRC-32 made right."""
    chunks, at = [], 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    if not chunks:
        return change_bytes(data, [data], rng)
    i = rng.randrange(len(chunks))
    kind, body = chunks[i]
    match rng.randrange(6):
        case 0:
            del chunks[i]
        case 1:
            chunks.insert(i, (kind, body))
        case 2:
            kinds = (b"PLTE", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"IDAT", b"zTXt", b"iCCP", b"eXIf", b"ABCD", b"IEND")
            chunks.insert(i, (rng.choice(kinds), rng.randbytes(rng.choice((0, 3, 8, 26)))))
        case 3 if kind == b"IDAT":
            with contextlib.suppress(zlib.error):
                plain = zlib.decompressobj().decompress(body, 1 << 16)
                chunks[i] = (kind, zlib.compress(change_bytes(plain, [body or b"\0"], rng)))
        case _:
            chunks[i] = (kind, change_bytes(body, [body or b"\0"], rng))
    out = [data[:8]]
    for kind, body in chunks:
        out += [len(body).to_bytes(4, "big"), kind, body, zlib.crc32(kind + body).to_bytes(4, "big")]
    return b"".join(out)
