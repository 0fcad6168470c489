"""From a file to its samples: SPEC 4 (digest), 5 (tiles, plane groups, items) and 9 (limits)."""

import re
import zlib
from collections import namedtuple
from hashlib import sha256
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import container
import metadata
import raw
import weightfile
from coders import CODERS
from container import demand
from distributions import Samples
from exact import Sides
from header import GROUPS, Header, read_header

# VERSION, plan, cost, load, decode are all that makes a codec.
CODECS = {name: import_module(name) for name in ("causal59k", "italic", "pixelcnn", "unet")}
Picture = namedtuple("Picture", "mode bits samples records tables")  # samples (height, width, channels)
Item = tuple[int, bytes]  # method and coded bytes
Group = tuple[str, Any, int]  # name of its network (empty: only raw codes it), the network if needed, channels
LEB128 = re.compile(b"[\x80-\xff]{0,4}[\x01-\x7f]|\0")  # SPEC 1: in the shortest form


def read(data: bytes, folders: list[Path]) -> Picture:
    """SPEC 3 to 6: the whole picture and its metadata, all checks made; weights are looked for in `folders`."""
    file = container.read(data)
    width, height, channels, bits = file[:4]
    head, records = read_header(file), metadata.records(file.meta) if file.meta is not None else []
    columns, rows, count = -(-width // head.tile), -(-height // head.tile), len(file.tiles)
    demand(columns * rows <= 1 << 16, "limit", "more than 2^16 tiles")
    demand(count == columns * rows and (file.tidx is None) == (count == 1), "corrupt", "number of tiles, or TIDX")
    tidx = b"".join(len(tile).to_bytes(8, "little") for tile in file.tiles) if file.tidx is None else file.tidx
    lengths = [container.u32(tidx, at) for at in range(0, len(tidx), 8)]
    demand(len(tidx) == 8 * count and lengths == [*map(len, file.tiles)], "corrupt", "TIDX does not fit the tiles")
    ys, xs = ([k * side // parts for k in range(parts + 1)] for side, parts in ((height, rows), (width, columns)))
    boxes = [(slice(*y), slice(*x)) for y in pairwise(ys) for x in pairwise(xs)]
    samples, tables = np.zeros((height, width, channels), f"<u{bits // 8 or 1}"), []
    coded = [items(payload, head.mode) for payload in file.tiles]
    groups = prepare(head, bits, [samples[box].shape[:2] for box in boxes], coded, folders)
    for k, (box, tile) in enumerate(zip(boxes, coded, strict=True)):
        parts, sides = [], samples[box].shape[:2]
        for (name, network, size), (method, item) in zip(groups, tile, strict=True):
            demand(method == 1 or name != "", "corrupt", "method 0 in a plane group that the codec does not code")
            if method == 1:
                parts.append(raw.decode(item, sides, size, bits))
                continue
            stream = Samples(CODERS[head.coder], item, bits)
            parts.append(CODECS[head.codec].decode(name, network, head, sides, size, stream))
            tables.append(stream.end())
        samples[box] = np.concatenate(parts, axis=2)
        crc = zlib.crc32(samples[box].tobytes())
        demand(file.tidx is None or crc == container.u32(tidx, 8 * k + 4), "digest", f"the samples of tile {k}")
    start = head.mode.encode().ljust(4, b"\0") + np.array([bits, width, height], "<u4").tobytes()
    demand(sha256(start + samples.tobytes()).digest()[:16] == head.digest, "digest", "the pixel digest")
    return Picture(head.mode, bits, samples, records, tables)


def prepare(head: Header, bits: int, tiles: list[Sides], coded: list[list[Item]], folders: list[Path]) -> list[Group]:
    """SPEC 4, 5.2 and 9: what is known of the plane groups, if codec, limits and weights allow to decode the items."""
    groups, codec = GROUPS[head.mode], CODECS.get(head.codec)
    demand(codec is not None or head.codec == "raw", "plugin-missing", f"codec {head.codec}")
    demand(head.version <= (codec.VERSION if codec else 1), "too-new", f"bitstream version {head.version}")
    demand(head.numerics == "exact", "header", f"{head.codec} is of numerics class exact")
    demand(codec is not None or not head.parameters, "header", "raw has no parameters")
    plan, costs = codec.plan(head, groups, bits) if codec else [""] * len(groups), []
    for name, (size, _) in zip(plan, groups, strict=True):
        for h, w in tiles:
            raw_cost = 0, h + w - 1, 6 * h * w * size * (bits // 8 or 1)  # the dearer of raw and codec counts
            own = codec.cost(name, head, h, w, size, bits) if codec and name else raw_cost
            costs.append(tuple(map(max, raw_cost, own)))
    macs, steps, memory = zip(*costs, strict=True)
    demand(sum(macs) <= 10**14 and sum(steps) <= 1 << 24 and max(memory) <= 1 << 32, "limit", "time or memory")
    names = list(dict.fromkeys(name for name in plan if name))
    needed = {name for tile in coded for name, (method, _) in zip(plan, tile, strict=True) if name and method == 0}
    demand(not needed or head.coder in CODERS, "plugin-missing", f"coder {head.coder}")
    demand(not needed or len(head.weights) == len(names), "header", "number of weights")
    files = {name: weightfile.find(head.weights[names.index(name)], folders) for name in sorted(needed)}
    networks = {name: codec.load(name, weightfile.parse(data)) for name, data in files.items() if codec}
    return [(name, networks.get(name), size) for name, (size, _) in zip(plan, groups, strict=True)]


def items(payload: bytes, mode: str) -> list[Item]:
    """SPEC 5.2: method and coded bytes of each plane group of a tile."""
    found, at = [], 0
    for left in reversed(range(len(GROUPS[mode]))):
        demand(payload[at : at + 1] in (b"\0", b"\1"), "stream", "method of a plane group")
        spelt = LEB128.match(payload, at + 1) if left else None
        start = spelt.end() if spelt else at + 1
        length = sum((byte & 127) << 7 * n for n, byte in enumerate(spelt[0])) if spelt else len(payload) - start
        demand((not left or bool(spelt)) and start + length <= len(payload), "stream", "length of a plane group")
        found.append((payload[at], payload[start : start + length]))
        at = start + length
    return found
