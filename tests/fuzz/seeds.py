"""The corpus: tests/fuzz/corpus/KIND/NAME, made from synthetic pictures by ``python -m tests.fuzz.seeds``.

Inputs that once showed a defect are kept beside them as ``found-NAME``; they are never made again.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuroc
from neuroc import safetensors
from neuroc.picture import Picture, Record
from neuroc.pixels import write_picture

from .random_pictures import picture

CORPUS = Path(__file__).parent / "corpus"
PILLOW = ("BMP", "GIF", "WEBP", "TGA", "JPEG", "PCX", "SGI", "QOI", "JPEG2000")


def corpus(kind: str) -> list[bytes]:
    """The stored inputs of a kind; any bytes will do as decisions of a generator."""
    if kind == "bytes":
        return [b"", b"seed", bytes(40), bytes(range(256))]
    return [p.read_bytes() for p in sorted((CORPUS / kind).iterdir())]


def shape(height: int, width: int, channels: int, bits: int) -> NDArray[Any]:
    """Samples (H, W, C) of which a network makes more than ``raw`` does."""
    sys.path.append(str(Path(__file__).parent.parent))  # where the other tests have their pictures
    from naturalpictures import natural

    return natural(height, width, channels, bits)


def masked() -> dict[str, bytes]:
    """Files of pixelcnn, whose network has groups, if it is there."""
    from neuroc.plugins import registry

    if "pixelcnn" not in registry().codecs:
        return {}
    return {
        f"pixelcnn-{head}-{coder}": neuroc.encode(
            shape(11, 12, channels, 8), plugin="pixelcnn", head=head, coder=coder, raw=False
        )
        for head, channels, coder in (("softmax", 3, "rans24"), ("mixture", 3, "range24"), ("softmax", 1, "range24"))
    }


def files() -> dict[str, bytes]:
    """.nrc files of every mode, coder and schedule, in one tile and in several."""
    text = (Record("text", b"Comment\0hello" * 9), Record("dpi", b"300 150"))
    made = {
        "rgb": neuroc.encode(Picture(shape(16, 15, 3, 8), "RGB", 8, text)),
        "rgb-range": neuroc.encode(shape(15, 16, 3, 8), coder="range24"),
        "rgb-serial": neuroc.encode(shape(14, 16, 3, 8), schedule="serial"),
        "rgb-diagonal": neuroc.encode(shape(16, 15, 3, 8), schedule="diagonal"),
        "rgb-tiles": neuroc.encode(shape(14, 16, 3, 8), tile=8),
        "rgba": neuroc.encode(shape(10, 12, 4, 8)),
        "rgba-tiles": neuroc.encode(shape(9, 20, 4, 8), tile=7),
        "grey": neuroc.encode(shape(13, 12, 1, 8)),
        "grey-alpha": neuroc.encode(shape(12, 12, 2, 8)),
        "deep": neuroc.encode(shape(16, 16, 3, 16), unit=6),
        "deep-grey": neuroc.encode(shape(15, 19, 1, 16), unit=5),
        "deep-rgba-raw": neuroc.encode(shape(5, 6, 4, 16), plugin="raw"),
        "raw-flat": neuroc.encode(np.full((20, 20, 3), 9, dtype=np.uint8), plugin="raw"),
        "raw-tiles": neuroc.encode(shape(11, 9, 3, 8), plugin="raw", tile=4),
        **masked(),
        "palette": neuroc.encode(Picture(shape(9, 9, 1, 4), "P", 4, (Record("palette", bytes(range(48))),))),
        "one-bit": neuroc.encode(shape(9, 17, 1, 1).astype(bool)[:, :, 0]),
        "grey-2-bits": neuroc.encode(Picture(shape(12, 12, 1, 2), "L", 2)),
        "grey-4-bits": neuroc.encode(Picture(shape(12, 12, 1, 4), "L", 4)),
        "pixel": neuroc.encode(shape(1, 1, 3, 8)),
    }
    rng = Random(3)
    for n in range(6):
        made[f"random-{n}"] = neuroc.encode(picture(rng), tile=rng.choice((6, 512)))
    return made


def pictures() -> dict[str, bytes]:
    """Small picture files of every format that is read."""
    made = {}
    rng = Random(5)
    for n in range(12):
        p = picture(rng, 12)
        for kind in ("png", "tiff", "pnm"):
            try:
                made[f"{n}.{kind}"] = write_picture(p, kind)
            except neuroc.NeurocError:
                continue
    made["plain.ppm"] = b"P3\n# comment\n3 2\n255\n" + b" ".join(b"%d" % v for v in range(18)) + b"\n"
    made["plain.pbm"] = b"P1 4 2\n0110\n1001\n"
    made["two.pgm"] = b"P5 2 1 255\nabP5 1 1 255\nc"
    made["bytes.tiff"] = _tiled_tiff()
    from PIL import Image

    image = Image.fromarray(shape(9, 8, 3, 8))
    for kind in PILLOW:
        out = io.BytesIO()
        image.save(out, kind)
        made[f"pillow.{kind.lower()}"] = out.getvalue()
    for kind, extra in (
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "packbits"}),
        ("GIF", {}),
        ("PNG", {}),
    ):
        out = io.BytesIO()
        frames = {"save_all": True, "append_images": [image.rotate(90, expand=True)]} if not extra else {}
        image.save(out, kind, **extra, **frames)
        made[f"pillow-{len(made)}.{kind.lower()}"] = out.getvalue()
    for mode in ("1", "L", "P"):
        out = io.BytesIO()
        image.convert(mode).save(out, "TIFF", compression="group4" if mode == "1" else "tiff_deflate")
        made[f"pillow-{mode}.tiff"] = out.getvalue()
    return made


def _tiled_tiff() -> bytes:
    """A TIFF of two tiles with a sub-directory, by hand."""
    from neuroc.pixels.ifd import Directory, Entry, longs, serialise, shorts

    directory = Directory(
        {256: shorts(20), 257: shorts(9), 258: shorts(8), 259: shorts(1), 262: shorts(1), 277: shorts(1)}
    )
    directory.entries |= {322: shorts(16), 323: shorts(16), 324: longs(8, 264), 325: longs(256, 256)}
    directory.entries[34665] = Entry(4, bytes(4), Directory({36864: Entry(7, b"0230")}))
    return b"II*\0" + (520).to_bytes(4, "little") + bytes(range(256)) * 2 + serialise(directory, 520)


def weights() -> dict[str, bytes]:
    """Small weights files, sound ones and one that fits no network."""
    names = [f"layer{n}.{part}" for n in range(2) for part in ("weight", "bias", "shift")]
    types = {"weight": np.int16, "bias": np.int32, "shift": np.uint8}
    tensors = {n: np.arange(6, dtype=types[n.split(".")[1]]).reshape(3, 2) for n in names}
    return {
        "small": safetensors.serialise(tensors, {"codec": "causal59k", "name": "grey"}),
        "empty": safetensors.serialise({}),
        "one": safetensors.serialise({"a": np.zeros((0, 3), dtype=np.int8)}),
    }


def main() -> None:
    """Write the corpus; ``found-`` inputs stay as they are."""
    for kind, made in (("nrc", files()), ("picture", pictures()), ("weights", weights())):
        folder = CORPUS / kind
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if not old.name.startswith("found-"):
                old.unlink()
        for name, data in made.items():
            (folder / name).write_bytes(data)
        print(f"{kind}: {len(made)} files, {sum(map(len, made.values()))} bytes")


if __name__ == "__main__":
    main()
