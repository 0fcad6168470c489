"""Canonical msgpack, SPEC 1, the header that it spells, SPEC 4, and the plane groups of its mode, SPEC 5.2."""

import re
from collections import namedtuple
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from container import Container, demand

FIXED = ((0x80, "int", 0), (0x90, "map", 0x80), (0xA0, "array", 0x90), (0xC0, "str", 0xA0), (256, "int", 256))
FORMS = {  # lead byte: kind, bytes of the number that follows, least number (without sign) that needs this form
    **{0xC4: ("bin", 1, 0), 0xC5: ("bin", 2, 1 << 8), 0xC6: ("bin", 4, 1 << 16)},
    **{0xCC: ("int", 1, 1 << 7), 0xCD: ("int", 2, 1 << 8), 0xCE: ("int", 4, 1 << 16), 0xCF: ("int", 8, 1 << 32)},
    **{0xD0: ("neg", 1, 33), 0xD1: ("neg", 2, 129), 0xD2: ("neg", 4, 2**15 + 1), 0xD3: ("neg", 8, 2**31 + 1)},
    **{0xD9: ("str", 1, 32), 0xDA: ("str", 2, 1 << 8), 0xDB: ("str", 4, 1 << 16)},
    **{0xDC: ("array", 2, 16), 0xDD: ("array", 4, 1 << 16), 0xDE: ("map", 2, 16), 0xDF: ("map", 4, 1 << 16)},
}
Header = namedtuple("Header", "codec version weights coder numerics parameters tile digest mode")
DEFAULTS: dict[int, Any] = {1: 1, 2: [], 3: "rans24", 4: "exact", 5: {}, 6: 512, 9: [], 11: ""}
BITS = {"1": (1,), "L": (2, 4, 8, 16), "P": (1, 2, 4, 8), "LA": (8, 16), "RGB": (8, 16), "RGBA": (8, 16)}
GROUPS = {"1": [(1, "indices")], "P": [(1, "indices")], "L": [(1, "colour")], "LA": [(1, "colour"), (1, "alpha")]}
GROUPS |= {"RGB": [(3, "colour")], "RGBA": [(3, "colour"), (1, "alpha")]}  # number of channels, kind
RULES: dict[int, tuple[type, Callable[[Any], object]]] = {
    0: (str, lambda v: re.fullmatch("[a-z0-9-]{1,32}", v)),
    1: (int, lambda v: 1 <= v < 1 << 32),
    2: (list, lambda v: len(v) <= 4 and all(type(digest) is bytes and len(digest) == 16 for digest in v)),
    3: (str, lambda v: re.fullmatch("[a-z0-9-]{1,32}", v)),
    4: (str, lambda v: v in ("exact", "pinned")),
    5: (dict, lambda v: all(key >= 0 and type(value) in (int, str, bool) for key, value in v.items())),
    6: (int, lambda v: 1 <= v < 1 << 31),
    7: (bytes, lambda v: len(v) == 16),
    8: (str, lambda v: re.fullmatch("[ -~]{1,32}", v)),
    9: (list, lambda v: v == []),
    10: (str, lambda v: v in GROUPS),
    11: (str, lambda v: re.fullmatch("[ -~]{0,256}", v)),
}


def unpack(data: bytes, code: str, at: int = 0, levels: int = 4) -> tuple[Any, int]:
    """SPEC 1: the value at `at`, in which containers may be nested `levels` deep, and where it ends."""
    demand(at < len(data), code, "a msgpack value is missing")
    lead, at = data[at], at + 1
    if lead in (0xC2, 0xC3):
        return lead == 0xC3, at
    if lead in FORMS:
        kind, size, least = FORMS[lead]
        number, at = int.from_bytes(data[at : at + size], "big", signed=kind == "neg"), at + size
        shortest = (-number if kind == "neg" else number) >= least
    else:
        kind, first = next((kind, first) for end, kind, first in FIXED if lead < end)
        number, shortest = lead - first, not 0xC0 <= lead < 0xE0
    end = at + number if kind in ("str", "bin") else at
    sound = shortest and end <= len(data) and (levels > 0 or kind not in ("array", "map"))
    demand(sound, code, f"msgpack: cut, not canonical or too deep at byte {at}")
    if kind in ("int", "neg"):
        return number, at
    if kind in ("str", "bin"):
        text = data[at:end].decode("utf-8", "replace")
        demand(kind == "bin" or text.encode() == data[at:end], code, "msgpack: a string that is not UTF-8")
        return (text if kind == "str" else data[at:end]), end
    items = []
    for _ in range(number * (2 if kind == "map" else 1)):
        item, at = unpack(data, code, at, levels - 1)
        items.append(item)
    keys = items[::2]
    ascending = all(type(key) is int for key in keys) and all(a < b for a, b in pairwise(keys))
    demand(kind == "array" or ascending, code, "msgpack: keys that are no integers in ascending order")
    return (items if kind == "array" else dict(zip(keys, items[1::2], strict=True))), at


def read_header(file: Container) -> Header:
    """SPEC 4: the fields of HEAD; what is unknown is looked for before any other rule is checked."""
    fields, end = unpack(file.head, "header")
    demand(type(fields) is dict and end == len(file.head), "header", "HEAD is not one map")
    unknown = [key for key in fields if key < 64 and key not in RULES]
    demand(not unknown and not (type(fields.get(9)) is list and fields[9]), "too-new", f"keys {unknown}, or features")
    defaults = DEFAULTS | {10: (None, "L", "LA", "RGB", "RGBA")[file.channels]}
    demand(all(fields.get(key) != value for key, value in defaults.items()), "header", "a default is stated")
    demand(fields.keys() >= {0, 7, 8}, "header", "a required field is absent")
    fields = defaults | fields
    wrong = [key for key, (kind, rule) in RULES.items() if type(fields[key]) is not kind or not rule(fields[key])]
    demand(not wrong and (fields[4] == "pinned") == (fields[11] != ""), "header", f"fields {wrong}, or build")
    channels = sum(count for count, _ in GROUPS[fields[10]])
    demand(channels == file.channels and file.bits in BITS[fields[10]], "header", f"mode {fields[10]} of {file[:4]}")
    return Header(*(fields[key] for key in (*range(8), 10)))
