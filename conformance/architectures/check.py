"""Runs neuroc and the reference decoder on other processors, emulated, and records that nothing differs.

    python conformance/architectures/check.py [ARCH...] [--work DIR] [--report FILE | --print] [--fresh]

For each architecture (default: aarch64 s390x; README.md beside this file) a Debian with Python and numpy is fetched and
unpacked into DIR, and run by qemu-user on one core. There
  1. neuroc decodes every conformance vector: pixels, tables, error codes and the numbers of single layers;
  2. neuroc encodes the pictures of the exactness matrix, over two makes of BLAS: the same files as here, byte by byte;
  3. the reference decoder decodes every file.
What is complete in DIR is used again; results of architectures that are not named stay in the report.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(ROOT / "tests")]

from foreign import MACHINES, SUITE, Foreign, SetupError, unpacked  # noqa: E402
from matrixsettings import CELL, Setting  # noqa: E402
from results import RESULTS, VECTORS, stamp, store, table  # noqa: E402

BLAS = ("openblas-pthread", "blas")
REFERENCE = HERE.parent / "reference"
HEADS = (
    "architecture",
    "software",
    "vectors by neuroc: decode, refuse, layers",
    "files encoded as here: OpenBLAS, reference BLAS",
    "vectors by the reference decoder: decode, refuse",
    "result",
    "run",
)


def main() -> int:
    """Run the architectures; the exit code is 1 if something differs, 2 if one cannot be set up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arch", nargs="*", default=["aarch64", "s390x"], help=", ".join(MACHINES))
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache/neuroc-architectures", metavar="DIR")
    parser.add_argument("--report", type=Path, default=RESULTS, metavar="FILE", help="default: RESULTS.md")
    parser.add_argument("--print", action="store_true", help="only print the section")
    parser.add_argument("--fresh", action="store_true", help="fetch the newest packages")
    parser.add_argument("--no-reference", action="store_true", help="without the reference decoder")
    options = parser.parse_args()
    if unknown := set(options.arch) - set(MACHINES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(MACHINES)}")
    work = options.work.resolve()
    code = 0
    try:
        site = _installed(work)
        for name in options.arch:
            system = unpacked(MACHINES[name], work / name, options.fresh)
            print(f"{name}: {system.root}", flush=True)
            found = _checked(system, site, not options.no_reference)
            (work / name / "result.json").write_text(json.dumps(found))
            for problem in found["problems"]:
                print(f"{name}: {problem}", file=sys.stderr)
                code = 1
            if not options.print:
                store("Architectures", _section(work), options.report)
    except SetupError as error:
        print(error, file=sys.stderr)
        code = 2
    if options.print:
        print(_section(work))
    return code


def _section(work: Path) -> str:
    """The report of all results that there are."""
    results = [json.loads(p.read_text()) for name in MACHINES if (p := work / name / "result.json").exists()]
    return f"""`python conformance/architectures/check.py ARCH...`: Debian {SUITE} under {_version("qemu-s390x")}.

{table(HEADS, [found["row"] for found in results])}"""


def _installed(work: Path) -> Path:
    """A folder with neuroc as it is in this checkout and the plugins that have vectors; the rest comes from Debian."""
    site = work / "site"
    shutil.rmtree(site, ignore_errors=True)
    vectors = json.loads((VECTORS / "manifest.json").read_text(encoding="utf-8"))["vectors"]
    plugins = sorted({v["codec"] for v in vectors if v.get("codec")} - {"raw"})
    sources = [str(ROOT), *(str(ROOT / "plugins" / name) for name in plugins)]
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), *sources]
    if subprocess.run(words).returncode != 0:
        raise SetupError("neuroc cannot be installed from this checkout")
    return site


def _checked(system: Foreign, site: Path, reference: bool) -> dict[str, Any]:
    """The row of one architecture, and what is wrong there."""
    problems = []
    guest = str(HERE / "guest.py")
    decoded = _run(system, site, BLAS[0], guest, "neuroc", str(VECTORS))
    problems += [f"neuroc: {name}: {why}" for name, why in decoded["wrong"].items()]
    wanted = Setting("here").run("1", "--more", seconds=600)["streams"][0]
    encoded = []
    for blas in BLAS:
        print(f"encoding, {blas}", file=sys.stderr, flush=True)
        streams = _run(system, site, blas, str(CELL), "numpy", "1", "3", "--more")["streams"]
        other = [name for name in wanted if any(s[name] != wanted[name] for s in streams)]
        problems += [f"{blas}: the file of {name} is another" for name in other]
        encoded.append(f"{len(wanted) - len(other)} of {len(wanted)}")
    independent = "not run"
    if reference:
        found = _run(system, site, BLAS[0], guest, "reference", str(VECTORS), str(REFERENCE))
        problems += [f"reference decoder: {name}: {why}" for name, why in found["wrong"].items()]
        independent = _counts(found, "file", "reject")
    row = (
        f"{system.machine.name}, {decoded['word']}",
        f"Python {decoded['python']}, numpy {decoded['numpy']}, zstandard {decoded['zstandard']}",
        _counts(decoded, "file", "reject", "unit"),
        ", ".join(encoded),
        independent,
        f"{len(problems)} DIFFERENT" if problems else "all equal",
        stamp(),
    )
    return {"row": row, "problems": problems}


def _run(system: Foreign, site: Path, blas: str, *words: str) -> dict[str, Any]:
    """The JSON that a script prints there; kept, so that an interrupted check of the same commit goes on."""
    kept = (
        system.root.parent / "runs" / f"{hashlib.sha256(repr((stamp(), blas, words)).encode()).hexdigest()[:16]}.json"
    )
    if kept.exists():
        return dict(json.loads(kept.read_text()))
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR")} | {"LC_ALL": "C.UTF-8"}
    command = [*system.command(blas, (site,)), *words]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SetupError(f"{Path(words[0]).name} ends with exit code {done.returncode} on {system.machine.name}")
    found: dict[str, Any] = json.loads(done.stdout)
    if "and changes" not in stamp():
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(done.stdout)
    return found


def _counts(found: dict[str, Any], *kinds: str) -> str:
    pairs = [found["counts"].get(kind, [0, 0]) for kind in kinds]
    return ", ".join(f"{equal} of {all}" for equal, all in pairs)


def _version(tool: str) -> str:
    """qemu's name and version, without the distribution's."""
    line = subprocess.run([tool, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    return line.partition(" (")[0].replace("-s390x version", "")


if __name__ == "__main__":
    sys.exit(main())
