"""How much memory and time it takes to refuse the must-reject vectors: ``python conformance/measure.py [NAME]...``

Runs ``neuroc decode`` on each in a process of its own, as many side by side as there are cores, and records its exit
code, the peak of its resident memory, its processor time and the seconds that went by (Linux and macOS). Exit code 1 if
one is not refused as the manifest says, leaves an output, or is above the bars; that of time is for processor time,
which other work on the machine does not change.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from neuroc.conformance import Suite, Vector, load_suite

DATA = Path(__file__).resolve().parent / "neuroc_conformance"
MEGABYTES, SECONDS = 200.0, 5.0  # the bars
SHOWN = 10


class Measured(NamedTuple):
    """One refusal."""

    name: str
    megabytes: float
    seconds: float  # of processor time
    elapsed: float
    problem: str


def refuse(suite: Suite, vector: Vector, base: Path) -> Measured:
    """Decode a vector by the command line and watch it."""
    folder = base / vector.name
    folder.mkdir()
    target, report = folder / "out.png", folder / "report"
    words = [sys.executable, "-m", "neuroc_cli", "decode", str(suite.root / vector.path), "-o", str(target)]
    words += ["--weights", str(suite.weights), "--quiet", "--json"]
    streams = [(os.POSIX_SPAWN_OPEN, n, str(report), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for n in (1, 2)]
    start = time.monotonic()
    pid = os.posix_spawn(words[0], words, os.environ, file_actions=streams)
    _, status, usage = os.wait4(pid, 0)
    elapsed = time.monotonic() - start
    seconds = usage.ru_utime + usage.ru_stime
    unit = 1 if sys.platform == "darwin" else 1024
    megabytes = usage.ru_maxrss * unit / 1e6
    code = os.waitstatus_to_exitcode(status)
    problem = ""
    if code != vector.exit:
        problem = f"exit code {code}, not {vector.exit}: {report.read_text(errors='replace').strip()[-200:]}"
    elif f'"code": "{vector.error}"' not in report.read_text(errors="replace"):
        problem = f"not the error {vector.error}"
    elif target.exists():
        problem = "there is an output"
    elif megabytes > MEGABYTES or seconds > SECONDS:
        problem = f"above {MEGABYTES:.0f} MB or {SECONDS:.0f} s"
    return Measured(vector.name, megabytes, seconds, elapsed, problem)


def main(names: list[str]) -> int:
    """Measure the vectors of these names, or all."""
    suite = load_suite(DATA)
    vectors = [v for v in suite.vectors if v.kind == "reject" and (not names or v.name in names)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        measured = list(pool.map(partial(refuse, suite, base=Path(folder)), vectors))
    failed = [m for m in measured if m.problem]
    for m in failed:
        print(f"FAILED {m.name}: {m.megabytes:.0f} MB, {m.seconds:.2f} s, {m.problem}")
    for title, key in (("memory", 1), ("time", 2)):
        print(f"most {title}:")
        for m in sorted(measured, key=lambda m: -float(m[key]))[:SHOWN]:
            print(f"  {m.name:40} {m.megabytes:6.0f} MB {m.seconds:6.2f} s, {m.elapsed:.2f} s elapsed")
    print(f"{len(measured)} files, {len(failed)} failed")
    return int(bool(failed) or not measured)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
