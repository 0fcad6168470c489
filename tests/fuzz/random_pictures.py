"""Small pictures of every mode and depth, drawn from a random generator, with metadata."""

from __future__ import annotations

from random import Random

import numpy as np

from neuroc.picture import BITS, CHANNELS, Picture, Record

KEYS = (
    *("palette", "tail", "icc", "exif", "xmp", "dpi", "aspect", "text", "pnm.maxval", "tga.id", "jpeg.APP5"),
    *("png.gAMA", "png.tRNS", "png.zTXt", "png.iTXt", "png.tEXt", "png.iCCP", "png.pHYs", "png.after.tEXt", "png.acTL"),
)


def picture(rng: Random, largest: int = 20) -> Picture:
    """A picture of up to ``largest`` pixels a side: flat, smooth, noisy or a few colours."""
    mode = rng.choice(list(CHANNELS))
    bits = rng.choice(BITS[mode])
    height, width = rng.choice((1, 2, rng.randint(1, largest))), rng.choice((1, 3, rng.randint(1, largest)))
    shape = (height, width, CHANNELS[mode])
    noise = np.frombuffer(rng.randbytes(2 * height * width * shape[2]), dtype="<u2").reshape(shape).astype(np.int64)
    kind = rng.randrange(4)
    if kind == 0:
        samples = np.full(shape, rng.getrandbits(bits), dtype=np.int64)
    elif kind == 1:
        slope = np.arange(height)[:, None, None] * rng.randint(-9, 9) + np.arange(width)[:, None] * rng.randint(-9, 9)
        samples = rng.getrandbits(bits) + slope * (1 << max(0, bits - 8)) + noise % 3
    elif kind == 2:
        samples = noise
    else:
        colours = np.array([rng.getrandbits(bits) for _ in range(rng.randint(1, 5))], dtype=np.int64)
        samples = colours[noise % len(colours)]
    dtype = np.uint16 if bits == 16 else np.uint8
    return Picture((samples & ((1 << bits) - 1)).astype(dtype), mode, bits, records(rng) if rng.random() < 0.4 else ())


def records(rng: Random) -> tuple[Record, ...]:
    """Metadata that may be nonsense: a few records of known and unknown keys."""
    found = []
    for _ in range(rng.randint(1, 4)):
        key = rng.choice(KEYS) if rng.random() < 0.9 else "x" * rng.randint(1, 255)
        found.append(Record(key, record_data(rng, key)))
    return tuple(found)


def record_data(rng: Random, key: str) -> bytes:
    """Data that suits the key, or bytes at random."""
    known = {
        "palette": rng.randbytes(3 * rng.randint(1, 256)),
        "dpi": rng.choice((b"72", b"300 150", b"30000/127", b"0", b"1/0", b"9" * 400, b"-1")),
        "aspect": rng.choice((b"1 2", b"1/3 7")),
        "text": rng.choice((b"Comment\0hello", b"Title\0\xff\x1b[2J", b"no zero", b"\0", b"Author\0a\nb")),
        "pnm.maxval": rng.choice((b"1", b"255", b"256", b"99999", b"x")),
        "png.tRNS": rng.randbytes(rng.choice((1, 2, 6, 256))),
        "png.zTXt": b"k\0\0" + b"x\x9c\x03\0\0\0\0\x01",
        "png.tEXt": b"Comment\0\xe9",
        "png.iTXt": b"XML:com.adobe.xmp\0\0\0\0\0<x/>",
        "png.acTL": b"\0\0\0\x05\0\0\0\0",
        "exif": bytes.fromhex(
            "49492a00080000000200 0f01020005000000260000001201030001000000060000000000000061626364 00"
        ),
    }
    if key in known and rng.random() < 0.8:
        return known[key]
    return rng.randbytes(rng.choice((0, 1, 5, rng.randint(0, 80))))
