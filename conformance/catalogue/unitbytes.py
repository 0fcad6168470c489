"""Unit vectors of bytes: msgpack, header, metadata, lengths, tiles, digests (SPEC sections 1, 4, 5 and 6)."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import Any

from .bases import one_tile, payload
from .entry import UnitEntry
from .pictures import natural


def entries() -> Iterator[UnitEntry]:
    """All of them."""
    yield UnitEntry("msgpack", "msgpack", "SPEC section 1: canonical msgpack and other spellings", msgpack)
    yield UnitEntry("header", "header", "SPEC section 4: payloads of HEAD", header)
    yield UnitEntry("metadata", "metadata", "SPEC section 6: payloads of META", metadata)
    yield UnitEntry("leb128", "leb128", "SPEC section 1: LEB128", leb128)
    yield UnitEntry("tiles", "tiles", "SPEC section 5.1: how pictures are split", tiles)
    yield UnitEntry("digests", "digests", "SPEC sections 1, 4 and 5.1: CRC-32, digests, pixel digests", digests)


BAD_MSGPACK = """
cc7f cc00 cd00ff ce0000ffff cf00000000ffffffff d000 d07f d0e0 d0ff d1ff80 d10080 d2ffff8000 d3ffffffff80000000
d30000000000000001 cc cd00 d900 db0000000161 a1 a1ff a2c328 a3eda080 a2c080 a4f4908080 c50001ff c600000001ff c402ff
dc000100 9201 ddffffffff de000100c3 df0000000100c3 8100 8200c300c3 8201c300c3 82000100 81a16100 81c400c3 81c200 c0 c1
ca00000000 cb0000000000000000 c70101ff d401ff d80100000000000000000000000000000000 0000 c3c3 919191919101 9191919190
"""


def msgpack() -> dict[str, object]:
    """Every form at its ends, and the neighbouring form that is not the shortest."""
    integers = (
        ("00", 0),
        ("7f", 127),
        ("cc80", 128),
        ("ccff", 255),
        ("cd0100", 256),
        ("cdffff", 65535),
        ("ce00010000", 65536),
        ("ceffffffff", 2**32 - 1),
        ("cf0000000100000000", 2**32),
        ("cfffffffffffffffff", 2**64 - 1),
        ("ff", -1),
        ("e0", -32),
        ("d0df", -33),
        ("d080", -128),
        ("d1ff7f", -129),
        ("d18000", -32768),
        ("d2ffff7fff", -32769),
        ("d280000000", -(2**31)),
        ("d3ffffffff7fffffff", -(2**31) - 1),
        ("d38000000000000000", -(2**63)),
    )
    accepted: list[dict[str, object]] = [
        {"bytes": b, "value": v if abs(v) < 2**53 else {"int": str(v)}} for b, v in integers
    ]
    more: tuple[tuple[str, object], ...] = (
        ("c2", False),
        ("c3", True),
        ("a0", ""),
        ("a161", "a"),
        ("bf" + "61" * 31, "a" * 31),
        ("d920" + "61" * 32, "a" * 32),
        ("d9ff" + "61" * 255, "a" * 255),
        ("da0100" + "61" * 256, "a" * 256),
        ("a4f09f9880", "\U0001f600"),
        ("c400", {"bin": ""}),
        ("c401ff", {"bin": "ff"}),
        ("c4ff" + "07" * 255, {"bin": "07" * 255}),
        ("c50100" + "07" * 256, {"bin": "07" * 256}),
        ("90", []),
        ("93010203", [1, 2, 3]),
        ("9f" + "00" * 15, [0] * 15),
        ("dc0010" + "00" * 16, [0] * 16),
        ("80", {"map": []}),
        ("8100c3", {"map": [[0, True]]}),
        ("82ff000001", {"map": [[-1, 0], [0, 1]]}),
        ("82d0df0000c2", {"map": [[-33, 0], [0, False]]}),
        ("8f" + "".join(f"{k:02x}00" for k in range(15)), {"map": [[k, 0] for k in range(15)]}),
        ("de0010" + "".join(f"{k:02x}00" for k in range(16)), {"map": [[k, 0] for k in range(16)]}),
        ("9191919101", [[[[1]]]]),
        ("810081008100810001", {"map": [[0, {"map": [[0, {"map": [[0, {"map": [[0, 1]]}]]}]]}]]}),
    )
    accepted += [{"bytes": b, "value": v} for b, v in more]
    bad = [*BAD_MSGPACK.split(), "", "d91f" + "61" * 31, "da00ff" + "61" * 255, "c500ff" + "07" * 255]
    bad += ["dc000f" + "00" * 15, "dd00000010" + "00" * 16, "de000f" + "".join(f"{k:02x}00" for k in range(15))]
    refused = [{"name": b or "nothing", "bytes": b, "error": "header"} for b in bad]
    return {"accepted": accepted, "refused": refused}


def header() -> dict[str, object]:
    """The least header, one of every field, and what breaks a rule."""
    digest = bytes(range(16)).hex()
    least = "8300a372617707c410" + digest + "08a15f"
    full = (
        "8b00a6636f6465632d"
        + "0107"
        + "0292c410"
        + "11" * 16
        + "c410"
        + "22" * 16
        + "03a772616e67653234"
        + "04a670696e6e6564"
        + "058300a17801c302cd0100"
        + "06cd0100"
        + "07c410"
        + digest
        + "08a3312e30"
        + "0ba56275696c64"
        + "4093010203"
    )
    accepted: list[dict[str, Any]] = [
        {
            "name": "least",
            "channels": 3,
            "bits": 8,
            "payload": least,
            "fields": {
                "codec": "raw",
                "bitstream": 1,
                "weights": [],
                "coder": "rans24",
                "numerics": "exact",
                "params": {"map": []},
                "tile": 512,
                "pixel_digest": {"bin": digest},
                "encoder": "_",
                "features": [],
                "mode": "RGB",
                "build": "",
            },
        },
        {
            "name": "most",
            "channels": 4,
            "bits": 16,
            "payload": full,
            "fields": {
                "codec": "codec-",
                "bitstream": 7,
                "weights": [{"bin": "11" * 16}, {"bin": "22" * 16}],
                "coder": "range24",
                "numerics": "pinned",
                "params": {"map": [[0, "x"], [1, True], [2, 256]]},
                "tile": 256,
                "pixel_digest": {"bin": digest},
                "encoder": "1.0",
                "features": [],
                "mode": "RGBA",
                "build": "build",
                "extra": {"map": [[64, [1, 2, 3]]]},
            },
        },
    ]
    for channels, bits, mode in ((1, 8, "L"), (2, 8, "LA"), (4, 8, "RGBA"), (1, 2, "L"), (1, 16, "L")):
        accepted.append(
            {
                "name": f"default of {channels}",
                "channels": channels,
                "bits": bits,
                "payload": least,
                "fields": {"mode": mode},
            }
        )
    named = "84" + least[2:] + "0aa150"
    for bits in (1, 2, 4, 8):
        accepted.append(
            {"name": f"P of {bits}", "channels": 1, "bits": bits, "payload": named, "fields": {"mode": "P"}}
        )
    bilevel = "84" + least[2:] + "0aa131"
    accepted.append({"name": "mode 1", "channels": 1, "bits": 1, "payload": bilevel, "fields": {"mode": "1"}})
    bad: tuple[tuple[str, int, int, str, str], ...] = (
        ("L of 1 bit", 1, 1, least, "header"),
        ("RGB of 4 bits", 3, 4, least, "header"),
        ("LA of 2 bits", 2, 2, least, "header"),
        ("P of 16 bits", 1, 16, named, "header"),
        ("P of two channels", 2, 8, named, "header"),
        ("mode 1 of 8 bits", 1, 8, bilevel, "header"),
        ("unknown key", 3, 8, "84" + least[2:] + "0c00", "too-new"),
        ("unknown feature", 3, 8, "84" + least[2:] + "0991a178", "too-new"),
        ("default stated", 3, 8, "84" + least[2:] + "0aa3524742", "header"),
        ("five weights", 3, 8, "8400a37261770295" + ("c410" + "00" * 16) * 5 + least[12:], "header"),
    )
    refused = [{"name": n, "channels": c, "bits": b, "payload": p, "error": e} for n, c, b, p, e in bad]
    example = payload(one_tile(), b"HEAD").hex()
    accepted.append({"name": "of a file", "channels": 3, "bits": 8, "payload": example, "fields": {"codec": "raw"}})
    return {"accepted": accepted, "refused": refused}


def metadata() -> dict[str, object]:
    """Plain lists and hand-made frames."""
    plain = "9192a161c40162"
    size = len(plain) // 2
    block = (1 | size << 3).to_bytes(3, "little").hex() + plain
    frame = "28b52ffd20" + f"{size:02x}" + block
    stated = size.to_bytes(4, "little").hex()
    run = 300  # zeros, as an RLE block between two raw ones
    start, end = "9192a17ac5012c", ""
    run_frame = (
        "28b52ffd60"
        + (len(start) // 2 + run - 256).to_bytes(2, "little").hex()
        + (len(start) // 2 << 3).to_bytes(3, "little").hex()
        + start
        + (1 | 2 | run << 3).to_bytes(3, "little").hex()
        + "00"
        + end
    )
    checked = "28b52ffd24" + f"{size:02x}" + block
    accepted = [
        {"name": "plain", "payload": "00000000" + plain, "records": [["a", "62"]]},
        {"name": "frame", "payload": stated + frame, "records": [["a", "62"]]},
        {
            "name": "run",
            "payload": (len(start) // 2 + run).to_bytes(4, "little").hex() + run_frame,
            "records": [["z", "00" * run]],
        },
        {"name": "two records", "payload": "00000000" + "9292a161c40092a161c400", "records": [["a", ""], ["a", ""]]},
    ]
    bad = (
        ("nothing", "", "corrupt"),
        ("short", "000000", "corrupt"),
        ("no list", "00000000", "corrupt"),
        ("empty list", "0000000090", "corrupt"),
        ("size above the frame's", (size + 1).to_bytes(4, "little").hex() + frame, "corrupt"),
        ("size below the frame's", (size - 1).to_bytes(4, "little").hex() + frame, "corrupt"),
        ("checksum missing", stated + checked, "corrupt"),
        ("bytes after the frame", stated + frame + "00", "corrupt"),
        ("64 MiB and one byte", "01000004" + frame, "limit"),
        ("frame cut", stated + frame[:-2], "corrupt"),
    )
    return {"accepted": accepted, "refused": [{"name": n, "payload": p, "error": e} for n, p, e in bad]}


def leb128() -> dict[str, object]:
    """The ends of each length; longer forms; what does not end."""
    values = (0, 1, 127, 128, 300, 16383, 16384, 2097151, 2097152, 268435455, 268435456, 2**32 - 1)
    accepted = []
    for value in values:
        n, data = value, b""
        while n > 127:
            data += bytes([n & 127 | 128])
            n >>= 7
        accepted.append({"value": value, "bytes": (data + bytes([n])).hex()})
    bad = ("", "80", "8000", "ff00", "808000", "ffff", "8080808010", "ffffffff1f", "808080808001", "ffffffffff")
    return {"accepted": accepted, "refused": [{"name": b or "nothing", "bytes": b, "error": "stream"} for b in bad]}


def tiles() -> dict[str, object]:
    """Even and uneven splits; of large grids a few tiles."""
    cases = []
    for width, height, tile in (
        (1, 1, 1),
        (1, 1, 512),
        (512, 512, 512),
        (513, 512, 512),
        (1025, 513, 512),
        (10, 7, 3),
        (7, 10, 4),
        (17, 13, 5),
        (5, 5, 1),
        (1, 1000, 7),
        (16384, 16384, 64),
        (2**32 - 1, 1, 2**31 - 1),
        (65535, 4096, 4095),
    ):
        columns, rows = -(-width // tile), -(-height // tile)
        count = columns * rows
        chosen = (
            range(count) if count <= 40 else sorted({0, 1, columns - 1, columns, count // 2, count // 3, count - 1})
        )
        boxes = []
        for number in chosen:
            row, column = divmod(number, columns)
            left, right = column * width // columns, (column + 1) * width // columns
            top, bottom = row * height // rows, (row + 1) * height // rows
            boxes.append([number, left, top, right - left, bottom - top])
        cases.append({"width": width, "height": height, "tile": tile, "columns": columns, "rows": rows, "tiles": boxes})
    return {"cases": cases}


def digests() -> dict[str, object]:
    """Known answers, and pictures of every mode."""
    strings = (b"", b"abc", b"123456789", bytes(64), b"\xff" * 65, bytes(range(256)))
    checks = [
        {"bytes": d.hex(), "crc32": f"{zlib.crc32(d):08x}", "digest": hashlib.sha256(d).digest()[:16].hex()}
        for d in strings
    ]
    modes = (
        ("1", 1, 1),
        ("L", 2, 1),
        ("L", 4, 1),
        ("L", 8, 1),
        ("L", 16, 1),
        ("P", 1, 1),
        ("P", 8, 1),
        ("LA", 8, 2),
        ("LA", 16, 2),
        ("RGB", 8, 3),
        ("RGB", 16, 3),
        ("RGBA", 8, 4),
        ("RGBA", 16, 4),
    )
    pixels = []
    for mode, bits, channels in modes:
        width, height = 3, 2
        size = 2 if bits == 16 else 1
        flat = [int(v) for v in natural(height, width, channels, bits).reshape(-1)]
        data = b"".join(v.to_bytes(size, "little") for v in flat)
        head = mode.encode().ljust(4, b"\0") + b"".join(n.to_bytes(4, "little") for n in (bits, width, height))
        stated = {
            "mode": mode,
            "bits": bits,
            "width": width,
            "height": height,
            "channels": channels,
            "samples": data.hex(),
        }
        digest = hashlib.sha256(head + data).digest()[:16].hex()
        pixels.append({**stated, "digest": digest, "crc32": f"{zlib.crc32(data):08x}"})
    return {"bytes": checks, "pixels": pixels}
