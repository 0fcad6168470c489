"""Bytes and bpsp of real files, codecs and other formats side by side: ``python benchmarks/density.py --data DIR``.

The measuring is that of ``neuroc bench``: every round trip is checked, one thread each.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from contenders import FORM, contender
from neuroc.bench import Contender, compare, pictures_below
from neuroc.peers import expand
from neuroc_cli.planning import PICTURES
from stored import short, store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with pictures")
    parser.add_argument("--plugin", action="append", metavar=FORM, help="default: causal59k")
    parser.add_argument("--peers", default="png,webp,jxl", help="some of png,webp,jxl; empty for none")
    parser.add_argument("--limit", type=int, help="only the first so many pictures")
    parser.add_argument("--name", help="of the stored result; default: density-FOLDER")
    arguments = parser.parse_args()
    files = pictures_below([arguments.data], PICTURES, arguments.limit)
    contenders = [contender(text) for text in arguments.plugin or ["causal59k"]]
    contenders += [Contender(name, peer=name) for name in expand(arguments.peers)]
    documents = [r.as_dict() for r in compare(contenders, files)]
    for d in documents:
        d["files"], d["skipped"] = short(d["files"]), short(d["skipped"])
        print(f"{d['codec']:24} {d['pictures']:4} pictures {d['bytes']:12,} bytes  {d['bpsp']:.4f} bpsp")
    name = arguments.name or f"density-{arguments.data.name}"
    measured = dict.fromkeys(c.codec for c in contenders if c.codec)
    store(name, {"pictures": len(files), "codecs": documents}, arguments.data, codecs=list(measured))


if __name__ == "__main__":
    main()
