"""No picture may become larger than its PNG plus 1 %: ``python benchmarks/never_larger.py --data DIR``.

Counted are pictures whose PNG (level 9, without metadata) has more than 16 kB; smaller ones are listed as they come.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from neuroc.bench import pictures_below
from neuroc_cli.planning import PICTURES
from stored import store
from versus_png import compare, readable

FLOOR = 16_384  # bytes of PNG from which the promise holds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", required=True, help="folder; may be given several times")
    parser.add_argument("--plugin", default="causal59k")
    parser.add_argument("--match", default="", help="only files with this in their names")
    parser.add_argument("--limit", type=int, help="only the first so many pictures")
    arguments = parser.parse_args()
    files = [f for f in pictures_below(arguments.data, PICTURES) if arguments.match in f.name][: arguments.limit]
    pictures = ((file, readable(file)) for file in files)
    rows = [compare(picture, file.name, arguments.plugin) for file, picture in pictures if picture is not None]
    counted = [r for r in rows if r["png_bytes"] > FLOOR]
    worst = max((r["ratio"] for r in counted), default=None)
    print(f"{len(counted)} pictures above {FLOOR} bytes of PNG, largest ratio {worst}")
    store("never-larger", {"pictures": len(rows), "counted": len(counted), "worst": worst, "files": rows})


if __name__ == "__main__":
    main()
