"""CPU time of commands that decode nothing: ``python benchmarks/latency.py``; the least of several runs each."""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import numpy as np

import neuroc
from stored import store

RUNS = 7

CHILD = """
import os, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
t = os.times()
print(t.children_user + t.children_system)
"""


def cpu_seconds(arguments: list[str]) -> float:
    """User and system time of one ``neuroc`` process."""
    program = str(Path(sysconfig.get_path("scripts")) / "neuroc")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, program, *arguments], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="ignored: the file is made here")
    parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="neuroc-latency-") as folder:
        file = Path(folder) / "small.nrc"
        ramp = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
        file.write_bytes(neuroc.encode(ramp, verify=False))
        commands = {"neuroc info FILE": ["info", str(file)], "neuroc --help": ["--help"]}
        figures = {name: round(min(cpu_seconds(a) for _ in range(RUNS)), 3) for name, a in commands.items()}
    for name, seconds in figures.items():
        print(f"{name:20} {seconds:.3f} s of CPU time")
    store("latency", {"runs": RUNS, "cpu_seconds": figures})


if __name__ == "__main__":
    main()
