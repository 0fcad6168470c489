"""How much memory and time it takes to refuse the must-reject vectors: ``python conformance/measure.py [NAME]...``

Runs ``neuroc decode`` on each in a process of its own and records its exit code, the peak of its resident memory and
its seconds (Linux and macOS). Exit code 1 if one is not refused as the manifest says, or is above the bars. An output file
counts as a failure.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
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
    seconds: float
    problem: str


def refuse(suite: Suite, vector: Vector, folder: Path) -> Measured:
    """Decode a vector by the command line and watch it."""
    target, messages = folder / "out.png", folder / "stderr"
    words = [sys.executable, "-m", "neuroc_cli", "decode", str(suite.root / vector.path), "-o", str(target)]
    words += ["--weights", str(suite.weights), "--quiet", "--json"]
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        for number, path in ((1, folder / "stdout"), (2, messages)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.execv(words[0], words)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - start
    unit = 1 if sys.platform == "darwin" else 1024
    megabytes = usage.ru_maxrss * unit / 1e6
    code = os.waitstatus_to_exitcode(status)
    problem = ""
    if code != vector.exit:
        problem = f"exit code {code}, not {vector.exit}: {messages.read_text(errors='replace').strip()[-200:]}"
    elif f'"code": "{vector.error}"' not in (folder / "stdout").read_text():
        problem = f"not the error {vector.error}"
    elif target.exists():
        problem = "there is an output"
    elif megabytes > MEGABYTES or seconds > SECONDS:
        problem = f"above {MEGABYTES:.0f} MB or {SECONDS:.0f} s"
    target.unlink(missing_ok=True)
    return Measured(vector.name, megabytes, seconds, problem)


def main(names: list[str]) -> int:
    """Measure the vectors of these names, or all."""
    suite = load_suite(DATA)
    vectors = [v for v in suite.vectors if v.kind == "reject" and (not names or v.name in names)]
    with tempfile.TemporaryDirectory() as folder:
        measured = [refuse(suite, vector, Path(folder)) for vector in vectors]
    failed = [m for m in measured if m.problem]
    for m in failed:
        print(f"FAILED {m.name}: {m.megabytes:.0f} MB, {m.seconds:.2f} s, {m.problem}")
    for title, key in (("memory", 1), ("time", 2)):
        print(f"most {title}:")
        for m in sorted(measured, key=lambda m: -float(m[key]))[:SHOWN]:
            print(f"  {m.name:40} {m.megabytes:6.0f} MB {m.seconds:6.2f} s")
    print(f"{len(measured)} files, {len(failed)} failed")
    return int(bool(failed) or not measured)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
