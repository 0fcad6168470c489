"""16-bit pictures against PNG level 9: ``python benchmarks/sixteen.py --data DIR --photographs DIR``.

--data holds 16-bit pictures (others are passed over); --photographs holds 8-bit ones, of which 16x16 boxes are summed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from neuroc.bench import pictures_below
from neuroc.picture import Picture
from neuroc_cli.planning import PICTURES
from stored import store
from versus_png import compare, readable

BOX = 16  # 256 samples of 8 bits sum to at most 65280


def box_sums(picture: Picture) -> Picture:
    """(H, W, C) of 8 bits to (H // 16, W // 16, C) of 16 bits."""
    height, width = picture.height // BOX, picture.width // BOX
    s = picture.samples[: height * BOX, : width * BOX].astype(np.uint16)
    sums = s.reshape(height, BOX, width, BOX, -1).sum(axis=(1, 3), dtype=np.uint16)
    return Picture(np.ascontiguousarray(sums), picture.mode, 16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with 16-bit pictures")
    parser.add_argument("--photographs", type=Path, help="folder with 8-bit photographs")
    parser.add_argument("--plugin", default="causal59k")
    parser.add_argument("--limit", type=int, help="only the first so many photographs")
    arguments = parser.parse_args()
    rows = []
    for file in pictures_below([arguments.data], PICTURES) if arguments.data else []:
        picture = readable(file)
        if picture is not None and picture.bits == 16 and picture.width * picture.height > 10_000:
            rows.append(compare(picture, file.name, arguments.plugin))
    for file in pictures_below([arguments.photographs], PICTURES, arguments.limit) if arguments.photographs else []:
        picture = readable(file)
        if picture is not None and picture.bits == 8 and picture.mode in ("L", "RGB"):
            rows.append(compare(box_sums(picture), f"{BOX}x{BOX} sums of {file.name}", arguments.plugin))
    store("sixteen", {"worst": max((r["ratio"] for r in rows), default=None), "files": rows})


if __name__ == "__main__":
    main()
