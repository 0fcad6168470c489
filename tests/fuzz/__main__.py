"""The long run: ``python -m tests.fuzz --minutes N`` from the root of the repository."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .session import Tally

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # before numpy is loaded
    os.environ.setdefault(variable, "1")

HEADROOM = 1 << 30  # bytes of address space beyond what the libraries have taken


def main() -> int:
    """Exit code 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long, all targets together")
    parser.add_argument("--cases", type=int, help="stop after so many cases")
    parser.add_argument("--target", action="append", help="only this target; may be repeated")
    parser.add_argument("--seed", type=int, default=None, help="of the generator; a new one each time by default")
    parser.add_argument("--out", type=Path, default=Path("fuzz-failures"), help="folder for inputs that fail")
    parser.add_argument("--replay", type=Path, action="append", help="run this input and show what it raises")
    parser.add_argument("--coverage", action="store_true", help="guided by coverage, with atheris")
    parser.add_argument("--tally", type=Path, help=argparse.SUPPRESS)  # of a process that --coverage starts
    options = parser.parse_args()
    if options.coverage:
        from .guided import run_guided

        return run_guided(options)
    from .session import Session
    from .targets import TARGETS

    unknown = sorted(set(options.target or ()) - set(TARGETS))
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    chosen = [TARGETS[name] for name in options.target or TARGETS]
    if options.replay:
        for path in options.replay:
            for target in chosen:
                print(f"{path} {target.name}: {target.run(path.read_bytes())}")
        return 0
    seed = int(time.time()) if options.seed is None else options.seed
    if any(t.name == "split" for t in chosen):
        try:
            import torch

            torch.set_num_threads(1)
        except ImportError:
            pass
    session = Session(options.out)
    for target in chosen:  # the corpus first: it loads what is loaded once, before memory is limited
        for data in session.pool(target.kind):
            session.run(target, data)
    limit_memory()
    silence_libraries()
    print(f"seed {seed}, {options.minutes:g} minutes, limit of memory {HEADROOM >> 20} MiB more than now", flush=True)
    turns = [t for t in chosen for _ in range(t.weight)]
    end, number = time.monotonic() + 60 * options.minutes, 0
    try:
        while time.monotonic() < end and number != options.cases:
            session.case(turns[number % len(turns)], Random(f"{seed}:{number}"))
            number += 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    return report(session.tallies)


def limit_memory() -> None:
    """Refuse allocations far beyond what is in use now, where the system can."""
    try:
        import resource

        status = Path("/proc/self/statm").read_text(encoding="ascii")
    except (ImportError, OSError):
        return
    size = int(status.split()[0]) * resource.getpagesize() + HEADROOM
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))


def silence_libraries() -> None:
    """libtiff writes warnings of its own to the file descriptor of stderr; Python keeps a copy of it."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def peak() -> int:
    """The most memory that this process has had, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def line(name: str, tally: Tally) -> str:
    """The totals of one target."""
    codes = ", ".join(f"{code} {n}" for code, n in tally.codes.most_common())
    memory = f"peak memory {peak() >> 20} MiB"
    return (
        f"{name}: {tally.cases} cases, {len(tally.failures)} failures, slowest {tally.slowest:.2f} s, {memory}; {codes}"
    )


def report(tallies: Mapping[str, Tally]) -> int:
    """Print the totals; returns the exit code."""
    for name, tally in tallies.items():
        print(line(name, tally))
    failures = sum(len(t.failures) for t in tallies.values())
    print(f"total: {sum(t.cases for t in tallies.values())} cases, {failures} failures, peak memory {peak() >> 20} MiB")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
