"""The worked examples of SPEC.md: a tiny file byte by byte (Appendix A), mixtures in numbers (section 8.2).

python tools/spec_example.py            print the example of Appendix A
python tools/spec_example.py FILE.nrc   print another file the same way
python tools/spec_example.py --write    put the examples into SPEC.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import neuroc
from neuroc import canonical
from neuroc.chunks import Chunk, read_chunk
from neuroc.container import DONE, HEAD, META, TIDX, TILE, build_file, parse
from neuroc.distributions import Mixture, mixture_weights
from neuroc.header import FIELDS, MAX_HEADER_BYTES
from neuroc.picture import Picture, Record

SPEC = Path(__file__).resolve().parent.parent / "SPEC.md"
ENCODER = "0.1.0"  # the example must not change with every release
ROW = 16  # bytes a line


def picture() -> Picture:
    """4 x 2 pixels of two colours, and a comment."""
    colours = np.array([[255, 255, 255], [200, 30, 40]], dtype=np.uint8)
    flag = np.array([[1, 0, 0, 1], [1, 1, 0, 1]], dtype=np.intp)
    return Picture(colours[flag], "RGB", 8, (Record("text", b"Comment\0hello"),))


def example() -> bytes:
    """A file that neuroc.encode makes by ``raw``, so that it depends on no weights."""
    file = parse(neuroc.encode(picture(), plugin="raw"))
    header = replace(file.header, encoder=ENCODER)
    return build_file(file.preamble, header, [bytes(file.tile_payload(0))], [0], metadata=file.metadata())


def mixtures() -> Iterator[str]:
    """Section 8.2 in numbers, as Markdown."""
    yield "```"
    for bits, unit, logits, means, scales, sample in (
        (8, 0, (100, -156, -2000), (1600, 1650, 800), (-384, 100, -896), 102),
        (4, -4, (0, 0, 40), (2000, 1500, 3900), (-300, -200, -100), 15),
        (16, 5, (512, 500, -4000), (480000, 481000, 30), (-2, -520, 639), 30011),
    ):
        a, m, q = (np.array([v], dtype=np.int32) for v in (logits, means, scales))
        w = mixture_weights(a)
        mixture = Mixture(w, m, q, bits, unit)
        yield f"bits {bits}, unit {unit}, a = {logits}, m = {means}, q = {scales}: w = {tuple(w[0].tolist())}"
        shown = [b for b in (sample, sample + 1) if b < 1 << bits]
        f = mixture.cumulative(np.array(shown, dtype=np.int32)[:, None])[:, 0].tolist()
        yield "    " + ", ".join(f"F({b}) = {v}" for b, v in zip(shown, f, strict=True))
        for n, (start, freq) in enumerate(mixture.intervals(np.array([sample], dtype=np.int32))):
            yield f"    sample {sample}, digit {n}: start {start[0]}, frequency {freq[0]}"
    yield "```"


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
        yield start + 1, payload[1:], "coded bytes" + (": section 11" if payload[0] else "")
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


def with_examples(spec: str) -> str:
    """``spec`` with current examples between its markers."""
    for name, part in (("mixture", mixtures()), ("example", lines(example()))):
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        before, _, rest = spec.partition(begin)
        after = rest.partition(end)[2]
        spec = before + begin + "\n" + "\n".join(part) + "\n\n" + end + after
    return spec


def main(arguments: list[str]) -> None:
    if arguments == ["--write"]:
        SPEC.write_text(with_examples(SPEC.read_text(encoding="utf-8")), encoding="utf-8")
        return
    for line in lines(Path(arguments[0]).read_bytes() if arguments else example()):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
