"""Appendix A of SPEC.md: a tiny file, byte by byte.

python tools/spec_example.py            print the example
python tools/spec_example.py FILE.nrc   print another file the same way
python tools/spec_example.py --write    put the example into SPEC.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from neuroc import canonical
from neuroc.chunks import Chunk, Preamble, read_chunk
from neuroc.container import DONE, HEAD, META, TIDX, TILE, build_file, parse
from neuroc.digests import pixel_digest
from neuroc.header import FIELDS, MAX_HEADER_BYTES, Header
from neuroc.tiles import pack_groups

SPEC = Path(__file__).resolve().parent.parent / "SPEC.md"
BEGIN, END = "<!-- example: begin -->\n", "<!-- example: end -->"
ROW = 16  # bytes a line


def example() -> bytes:
    """A grey picture of 2 x 1 pixels, samples 10 and 20."""
    # TODO(driver): replace by neuroc.encode(samples, plugin="raw"); the stream below is a stand-in.
    samples = np.array([[[10], [20]]], dtype=np.uint8)
    header = Header(codec="raw", pixel_digest=pixel_digest(samples, "L", 8), encoder="0.1.0", mode="L")
    return build_file(Preamble(2, 1, 1, 8), header, [pack_groups([(0, b"\x0a\x14")])], [0])


def describe(data: bytes) -> Iterator[tuple[int, bytes, str]]:
    """(offset, bytes, meaning) of every field of a sound file, without holes."""
    file = parse(data)
    p = file.preamble
    sizes = (8, 1, 1, 4, 4, 1, 1, 4)
    texts = (
        "signature",
        f"container version {p.version}",
        "flags",
        f"width {p.width}",
        f"height {p.height}",
        f"{p.channels} channel{'s' if p.channels > 1 else ''}",
        f"{p.bits} bits per sample",
        "CRC-32 of bytes 0 to 19",
    )
    pos = 0
    for size, text in zip(sizes, texts, strict=True):
        yield pos, data[pos : pos + size], text
        pos += size
    tile = 0
    while pos < len(data):
        chunk = read_chunk(memoryview(data), pos)
        kind, size = chunk.type.decode(), len(chunk.payload)
        yield pos, data[pos : pos + 4], f"chunk {kind}"
        yield pos + 4, data[pos + 4 : pos + 8], f"{size} bytes of payload"
        yield from _payload(chunk, tile, len(file.groups))
        tile += chunk.type == TILE
        yield chunk.end - 4, data[chunk.end - 4 : chunk.end], f"CRC-32 of {kind}"
        pos = chunk.end


def _payload(chunk: Chunk, tile: int, groups: int) -> Iterator[tuple[int, bytes, str]]:
    start, payload = chunk.offset + 8, bytes(chunk.payload)
    if chunk.type == HEAD:
        yield from _header(start, payload)
    elif chunk.type == TIDX:
        for i in range(len(payload) // 8):
            yield start + 8 * i, payload[8 * i : 8 * i + 4], f"bytes of tile {i}"
            yield start + 8 * i + 4, payload[8 * i + 4 : 8 * i + 8], f"CRC-32 of the samples of tile {i}"
    elif chunk.type == META:
        yield start, payload[:4], "bytes of the record list before compression, 0: not compressed"
        yield start + 4, payload[4:], "record list"
    elif chunk.type == TILE and groups == 1:
        yield start, payload[:1], f"tile {tile}: method {payload[0]} ({'raw' if payload[0] else 'the codec'})"
        yield start + 1, payload[1:], "coded bytes"
    elif chunk.type != DONE and payload:
        yield start, payload, "payload"


def _header(start: int, payload: bytes) -> Iterator[tuple[int, bytes, str]]:
    fields = canonical.unpack(payload, max_values=MAX_HEADER_BYTES)
    names = {f.key: f.name.replace("_", " ") for f in FIELDS}
    first = len(canonical.pack(fields)) - sum(len(canonical.pack(k) + canonical.pack(v)) for k, v in fields.items())
    yield start, payload[:first], f"a map of {len(fields)}"
    pos = first
    for key, value in fields.items():
        size = len(canonical.pack(key) + canonical.pack(value))
        text = names.get(key, "ancillary") + ("" if isinstance(value, bytes) else f" {value!r}")
        yield start + pos, payload[pos : pos + size], f"{key}: {text}"
        pos += size


def lines(data: bytes) -> Iterator[str]:
    """The description as Markdown."""
    yield f"{len(data)} bytes. Offsets are decimal, bytes hexadecimal."
    yield ""
    yield "```"
    for offset, field, text in describe(data):
        for at in range(0, len(field), ROW):
            row = field[at : at + ROW].hex(" ").upper()
            yield f"{offset + at:5}  {row:<{3 * ROW - 1}}  {text if at == 0 else ''}".rstrip()
    yield "```"


def main(arguments: list[str]) -> None:
    if arguments == ["--write"]:
        before, _, rest = SPEC.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        text = "\n".join(lines(example())) + "\n"
        SPEC.write_text(before + BEGIN + "\n" + text + "\n" + END + after, encoding="utf-8")
        return
    for line in lines(Path(arguments[0]).read_bytes() if arguments else example()):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
