"""Tables and the plot of the documentation, made from results/*.json: ``python benchmarks/tables.py --write``.

Fills the blocks between ``<!-- table:NAME -->`` and ``<!-- end -->``. Without --write it only says what is stale.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from neuroc.peers import LABELS
from plot import density_plot

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DOCUMENTS = (
    "README.md",
    "native/README.md",
    *(f"plugins/{name}/README.md" for name in ("causal59k", "italic", "pixelcnn", "unet")),
)
PLOT = "docs/density.svg"
BLOCK = re.compile(r"(<!-- table:([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
REFERENCE = "jxl-e9"
NOTHING = "Not measured yet.\n"
ENGINES = {k: f"native, {k}" for k in ("avx512-vnni", "avx2", "neon", "portable")} | {"numpy": "numpy"}
NAMES = {"kodak": "Kodak", "kodak-grey": "Kodak, grey", "mcmaster": "McMaster", "cifar10": "CIFAR-10"}

Document = dict[str, Any]


def results(start: str) -> list[Document]:
    """Stored documents whose file names begin with ``start``, by name."""
    found = sorted(RESULTS.glob(f"{start}*.json"), key=lambda p: p.stem)
    return [json.loads(p.read_text(encoding="utf-8")) for p in found]


def label(codec: str) -> str:
    """A codec, or what computes it, as tables call it."""
    if codec in (*LABELS, *ENGINES):
        return {**LABELS, **ENGINES}[codec]
    name, _, params = codec.partition(":")
    return f"**neuroc {name}**" + (f", {params.replace('=', ' ')}" if params else "")


def pictures(document: Document) -> str:
    """What the measured set is called."""
    name = str(document["data"])
    return NAMES.get(name, name)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, all columns but the first to the right."""
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def density() -> str:
    """Mean bpsp of each codec over each set, and its bytes against JPEG XL."""
    sets = results("density-")
    codecs = list(dict.fromkeys(c["codec"] for d in sets for c in d["codecs"]))
    head = ["bits per sub-pixel"]
    for d in sets:
        head += [f"{NAMES.get(d['data'], d['data'])} ({d['pictures']})", f"against {REFERENCE}"]
    rows = []
    for codec in codecs:
        row = [label(codec)]
        for d in sets:
            of = {c["codec"]: c for c in d["codecs"] if c["pictures"] == d["pictures"]}
            if codec not in of:
                row += ["", ""]
                continue
            row.append(f"{of[codec]['bpsp']:.3f}")
            row.append(percent(of[codec]["bytes"] / of[REFERENCE]["bytes"]) if REFERENCE in of else "")
        rows.append(row)
    return markdown(head, rows) + sources(sets) if sets else NOTHING


def speed() -> str:
    """MP/s of each codec, encode and decode."""
    sets = results("speed-")
    rows = []
    for d in sets:
        for c in d["codecs"]:
            rows.append([label(c["codec"]), pictures(d), f"{c['encode_mps']:.2f}", f"{c['decode_mps']:.2f}"])
    head = ["megapixels a second, two processes", "pictures", "encode", "decode"]
    return markdown(head, rows) + sources(sets) if sets else NOTHING


def small() -> str:
    """Thousands of small pictures: bits, and pictures a second."""
    sets = results("cifar-")
    head = ["CIFAR-10", "bits/dim", "container, bytes a file", "encode, pictures/s", "decode, pictures/s", "one alone"]
    rows = []
    for d in sets:
        name = label(f"{d['plugin']}:head={d['head']}")
        speeds = [f"{d['encode_per_second']:.0f}", f"{d['decode_per_second']:.0f}"]
        alone = f"{d['latency']['wall_seconds']:.2f} s"
        rows.append([name, f"{d['bits_per_dim']:.3f}", f"{d['overhead_bytes_per_file']:.0f}", *speeds, alone])
    return markdown(head, rows) + sources(sets) if sets else NOTHING


def compiled() -> str:
    """Each kernel of the compiled engine against numpy and JPEG XL, one thread, per second of processor time."""
    head = ["per second of processor time, one thread", "causal59k, encode", "decode", "pixelcnn softmax, decode"]
    head += ["mixture, decode", "one alone"]
    tables = []
    for d in results("native"):
        small = {(r["engine"], r["head"]): r for r in d["pixelcnn"]}
        rows = []
        for r in d["causal59k"]:
            row = [label(r["engine"]), f"{r['encode']['cpu']:.2f} MP", f"{r['decode']['cpu']:.2f} MP"]
            if (r["engine"], "softmax") in small:
                soft, mixed = small[r["engine"], "softmax"], small[r["engine"], "mixture"]
                row += [f"{s['decode']['cpu']:.0f} pictures" for s in (soft, mixed)]
                row.append(f"{1000 * soft['alone_seconds']['cpu']:.1f} ms")
            else:
                row += [""] * 3
            rows.append(row)
        tables.append(markdown(head, rows) + sources([d]))
    return "\n".join(tables) or NOTHING


def steps() -> str:
    """Steps against bits and time."""
    sets = results("italic-curve-")
    tables = []
    for d in sets:
        points = d["points"]
        rows = [
            ["bits per sub-pixel", *(f"{p['bpsp']:.3f}" for p in points)],
            ["processor seconds, encode", *(f"{p['encode_seconds']:.3f}" for p in points)],
            ["processor seconds, decode", *(f"{p['decode_seconds']:.3f}" for p in points)],
        ]
        tables.append(markdown(["steps", *(str(p["steps"]) for p in points)], rows) + sources([d]))
    return "\n".join(tables) or NOTHING


def checks() -> str:
    """One row for each further measurement."""
    rows: list[tuple[str, str, Document]] = []
    for d in results("memory"):
        for p in d["pictures"]:
            peaks = f"{p['encode_peak'] / 1e6:.0f} / {p['decode_peak'] / 1e6:.0f} MB"
            rows.append((f"Peak memory, encode / decode, {p['kind']} of {p['width']}x{p['height']}", peaks, d))
    for d in results("entropy-"):
        what = f"File above the model's own entropy, worst of {d['pictures']} of {NAMES.get(d['data'], d['data'])}"
        rows.append((what, f"{100 * d['worst']:+.2f} %", d))
    for d in results("never-larger"):
        what = f"Largest size against PNG level 9, {d['counted']} pictures of all kinds above 16 kB"
        rows.append((what, percent(d["worst"]), d))
    for d in results("sixteen"):
        what = f"Largest size against PNG level 9, {len(d['files'])} pictures of 16 bits"
        rows.append((what, percent(d["worst"]), d))
    for d in results("latency"):
        rows += [(f"CPU time of `{c}`", f"{s:.2f} s", d) for c, s in d["cpu_seconds"].items()]
    return markdown(["what", "measured", "command"], [[w, v, f"`{d['command']}`"] for w, v, d in rows])


def percent(ratio: float) -> str:
    """0.958 as −4.2 %."""
    return f"{100 * (ratio - 1):+.1f} %".replace("-", "−")


def sources(sets: Sequence[Document]) -> str:
    """Where the figures come from, one sentence each."""
    lines = [f"`{d['command']}`, {d['date']}, {d['machine']['processor']}." for d in sets]
    return "\n" + "\n".join(lines) + "\n"


TABLES: dict[str, Callable[[], str]] = {
    "density": density,
    "speed": speed,
    "small": small,
    "compiled": compiled,
    "steps": steps,
    "checks": checks,
}


def filled(text: str) -> str:
    """``text`` with every block made anew."""
    return BLOCK.sub(lambda m: m[1] + TABLES[m[2]]() + m[3], text)


def expected() -> dict[Path, str]:
    """What each document should say."""
    texts = {ROOT / d: filled((ROOT / d).read_text(encoding="utf-8")) for d in DOCUMENTS}
    sets = results("density-")
    return texts | ({ROOT / PLOT: density_plot(sets, NAMES)} if sets else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="replace what is stale")
    arguments = parser.parse_args()
    stale = [p for p, text in expected().items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    for path in stale:
        name = path.relative_to(ROOT).as_posix()
        if arguments.write:
            path.write_text(expected()[path], encoding="utf-8", newline="\n")
        print(f"{name} {'written' if arguments.write else 'is stale: python benchmarks/tables.py --write'}")
    if stale and not arguments.write:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
