"""Compare read_picture on a folder of PNG files (such as PngSuite) with the independent decoder tests/pngref.py.

    python tools/check_pngsuite.py --data DIR

Files named x*.png are damaged on purpose and must be refused with a PictureError. Every other file must give the
same samples, depth and chunks, on both paths of the reader, and must come back the same through write_picture.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import pngref
from neuroc.errors import PictureError
from neuroc.limits import DEFAULT_LIMITS
from neuroc.picture import Picture, same_picture
from neuroc.pixels import read_picture, write_picture
from neuroc.pixels.png import read_png

MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}


def expected_records(chunks: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """What the records of a file with these chunks must be."""
    after = False
    records = []
    for kind, body in chunks:
        after = after or kind == "IDAT"
        if kind == "PLTE":
            records.append(("palette", body))
        elif kind not in ("IHDR", "IDAT", "IEND"):
            records.append((f"png.{'after.' if after else ''}{kind}", body))
    return records


def differences(data: bytes, picture: Picture) -> list[str]:
    """What differs between a picture and what the independent decoder says of its file."""
    colour, bits, pixels, chunks = pngref.decode(data)
    found = []
    if picture.mode != ("1" if (colour, bits) == (0, 1) else MODES[colour]) or picture.bits != bits:
        found.append(f"mode {picture.mode} with {picture.bits} bits for colour type {colour} with {bits}")
    if picture.samples.tolist() != [[list(pixel) for pixel in row] for row in pixels]:
        found.append("samples differ")
    if [(r.key, r.data) for r in picture.metadata if r.key != "tail"] != expected_records(chunks):
        found.append("records differ")
    return found


def check(path: Path) -> list[str]:
    """What is wrong with the reading of one file."""
    data = path.read_bytes()
    if path.name.startswith("x"):
        try:
            read_picture(path)
        except PictureError as error:
            return [] if path.name in str(error) else ["the message does not name the file"]
        return ["a damaged file was read"]
    picture = read_picture(path)
    found = differences(data, picture)
    other = read_png(data, None, DEFAULT_LIMITS, path.name, pillow=False)
    if not same_picture(picture, other) or picture.metadata != other.metadata:
        found.append("the two paths of the reader differ")
    written = write_picture(picture, "png")
    again = read_picture(written)
    if not same_picture(picture, again) or picture.metadata != again.metadata:
        found.append("the round trip differs")
    return found + [f"as written: {text}" for text in differences(written, picture)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of PNG files")
    paths = sorted(parser.parse_args().data.glob("*.png"))
    wrong = 0
    for path in paths:
        found = check(path)
        wrong += bool(found)
        for text in found:
            print(f"{path.name}: {text}")
    damaged = sum(p.name.startswith("x") for p in paths)
    print(f"{len(paths)} files, {damaged} of them damaged on purpose: {len(paths) - wrong} as expected, {wrong} wrong")
    return 1 if wrong or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
