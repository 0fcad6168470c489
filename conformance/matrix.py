"""The exactness matrix as one command: the same files, pixels and tables in every setting that this machine has.

    python conformance/matrix.py [--report FILE | --print] [--only TEXT] [--quick]

Engines, threads, processor levels and entropy coders, each in a process of its own (tests/matrixsettings.py), with
batches of 1, 2, 3 and 8 and several orders of tiles and files. Ten pictures are coded and decoded; the conformance
files are decoded, and the digests of their pixels and tables compared. Takes about half a minute a row.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

from matrixsettings import Setting, native_settings, numpy_settings, torch_settings  # noqa: E402
from results import RESULTS, VECTORS, stamp, store, table  # noqa: E402

BATCHES = ("1", "2", "3", "8")
GOOD = ("equal", "not available here")
HEADS = ("setting", "took effect", "files of pictures", "conformance files", "result")


def main() -> int:
    """Run the matrix; the exit code is 1 if a setting differs or fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", type=Path, default=RESULTS, help="file to write the section to (RESULTS.md)")
    parser.add_argument("--print", action="store_true", help="only print the section")
    parser.add_argument("--only", default="", metavar="TEXT", help="settings whose names contain TEXT")
    parser.add_argument("--quick", action="store_true", help="without the conformance files")
    options = parser.parse_args()
    arguments = [*BATCHES, "--more", *([] if options.quick else ["--vectors", str(VECTORS)])]
    settings = [s for s in (*numpy_settings(), *torch_settings(), *native_settings()) if options.only in s.name]
    settings += [s.with_plain_coder() for s in settings if s.engine != "native" and "no constriction" not in s.name]
    wanted: dict[str, str] = Setting("as it is").run("1", "--more", seconds=600)["streams"][0]
    rows = []
    for setting in settings:
        row = _row(setting, arguments, wanted)
        print(" · ".join(row), flush=True)
        rows.append(row)
    counts = Counter(row[-1] if row[-1] in GOOD else "not equal" for row in rows)
    text = f"""
`python conformance/matrix.py`, {stamp()}.

{counts["equal"]} settings equal, {counts["not equal"]} not, {counts["not available here"]} not available here.
Each one codes {len(wanted)} pictures with batches of {", ".join(BATCHES)} and decodes them in several orders.
The SHA-256 of all these files together is `{_together(wanted)}`.

{table(HEADS, rows)}"""
    if options.print:
        print(text)
    else:
        store("Exactness matrix", text, options.report)
    return counts["not equal"] > 0


def _row(setting: Setting, arguments: list[str], wanted: Mapping[str, str]) -> tuple[str, ...]:
    """One line of the report."""
    if setting.missing:
        return setting.name, setting.missing, "", "", "not available here"
    try:
        report = setting.run(*arguments, seconds=3600)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return setting.name, "", "", "", "FAILED"
    effect = setting.without_effect(report)
    wrong = [
        f"{name} (batch {b})" for b, s in zip(BATCHES, report["streams"], strict=True) for name in _other(s, wanted)
    ]
    vectors = report.get("vectors", {"files": 0, "wrong": {}})
    wrong += [f"{name}: {why}" for name, why in vectors["wrong"].items()]
    for problem in wrong:
        print(f"{setting.name}: {problem}", file=sys.stderr)
    digests = {_together(s) for s in report["streams"]}
    decoded = f"{vectors['files'] - len(vectors['wrong'])} of {vectors['files']}"
    result = f"NO EFFECT: {effect}" if effect else f"{len(wrong)} DIFFERENT" if wrong else "equal"
    return setting.name, _effect(report), f"`{'` `'.join(d[:16] for d in sorted(digests))}`", decoded, result


def _other(streams: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    return [name for name in wanted if streams.get(name) != wanted[name]]


def _together(streams: Mapping[str, str]) -> str:
    """SHA-256 of all digests in the order of their names."""
    return hashlib.sha256(json.dumps(dict(sorted(streams.items()))).encode("ascii")).hexdigest()


def _effect(report: Mapping[str, Any]) -> str:
    """What the process said about itself."""
    best = report["dispatched"][-1] if report["dispatched"] else "baseline"
    parts = [f"numpy {report['numpy']} {best}", report["blas"] and f"OpenBLAS {report['blas']}"]
    if "kernel" in report:
        return f"native {report['kernel']}"
    if "torch" in report:
        parts = [f"torch {report['torch']}", report.get("gpu") or f"{report['capability']} × {report['threads']}"]
    return ", ".join([p for p in parts if p] + [f"coder {report['coder'].rpartition('.')[2]}"])


if __name__ == "__main__":
    sys.exit(main())
