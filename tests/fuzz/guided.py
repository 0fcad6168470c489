"""The same targets guided by coverage: atheris (libFuzzer) keeps what reaches new code; our mutator makes the inputs.

libFuzzer ends its process itself, so each target has one of its own, which leaves its tally in a file.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

ORDER = ("parser", "decode", "pictures", "weights", "coder", "round-trip", "split")  # without importing what is fuzzed
PACKAGES = ["neuroc", "neuroc_causal59k", "neuroc_cli"]


def run_guided(options: argparse.Namespace) -> int:
    """All chosen targets for an equal share of the time; exit code 1 if one failed, 2 without atheris."""
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: pip install atheris, or leave --coverage out", file=sys.stderr)
        return 2
    if options.tally:
        return _child(options)
    failed = 0
    targets = options.target or ORDER
    with tempfile.TemporaryDirectory() as folder:
        for name in targets:
            tally = Path(folder) / f"{name}.json"
            command = [sys.executable, "-m", __package__, "--coverage", "--target", name, "--tally", str(tally)]
            command += ["--minutes", str(options.minutes / len(targets)), "--out", str(options.out)]
            command += ["--seed", str(options.seed or 1)]
            subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
            died: dict[str, Any] = {"line": f"{name}: died", "failures": 1}
            found = json.loads(tally.read_text(encoding="utf-8")) if tally.exists() else died
            print(found["line"], flush=True)
            failed += int(found["failures"])
    return int(failed > 0)


def _child(options: argparse.Namespace) -> int:
    """One target under libFuzzer; does not return."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=PACKAGES):
        from .mutate import mutate
        from .session import Session
        from .targets import LIMITS, TARGETS
    from .__main__ import limit_memory, line

    target = TARGETS[options.target[0]]
    session = Session(options.out)
    pool = list(session.pool(target.kind))
    for data in pool:
        session.run(target, data)
    end = time.monotonic() + 60 * options.minutes

    def one(data: bytes) -> None:
        session.run(target, data)
        if time.monotonic() > end:
            tally = session.tallies[target.name]
            report = {"line": line(target.name, tally), "failures": len(tally.failures)}
            options.tally.write_text(json.dumps(report), encoding="utf-8")
            sys.stdout.flush()
            os._exit(0)

    def change(data: bytes, largest: int, seed: int) -> bytes:
        return mutate(target.kind, data, pool, Random(seed), LIMITS)[:largest]

    with tempfile.TemporaryDirectory() as folder:
        for i, data in enumerate(pool):
            (Path(folder) / str(i)).write_bytes(data)
        limit_memory()
        largest = max(1 << 14, 2 * max(map(len, pool)))
        arguments = [sys.argv[0], f"-max_len={largest}", f"-seed={options.seed}", "-rss_limit_mb=0", "-timeout=60"]
        atheris.Setup([*arguments, folder], one, custom_mutator=change)
        atheris.Fuzz()
    return 0
