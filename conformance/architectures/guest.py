"""Runs under the foreign Python: all vectors through neuroc, or through the reference decoder; JSON on stdout.

    python guest.py neuroc VECTORS         python guest.py reference VECTORS DECODER

The reference decoder runs in this process once for each file, as its command would: starting an emulated Python takes
longer than decoding a small picture.
"""

from __future__ import annotations

import contextlib
import io
import json
import platform
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import zstandard

from neuroc.conformance import Outcome, Suite, load_suite, run
from neuroc.conformance.foreign import Command, check_foreign


class InProcess(Command):
    """The reference decoder as a command that is run without a new process."""

    __slots__ = ()

    def run(self, source: Path, target: Path) -> subprocess.CompletedProcess[bytes]:
        decoder = self.words[0]
        words = [decoder, str(source), str(target), "--weights", str(self.weights), "--tables"]
        saved, sys.argv = sys.argv, words
        errors = io.StringIO()
        code: object = 0
        try:
            with contextlib.redirect_stderr(errors):
                runpy.run_path(decoder, run_name="__main__")
        except SystemExit as end:
            code = end.code or 0
        except Exception as error:  # what the command would end with
            code, _ = 1, errors.write(f"{type(error).__name__}: {error}\n")
        finally:
            sys.argv = saved
        return subprocess.CompletedProcess(words, code if isinstance(code, int) else 1, b"", errors.getvalue().encode())


def reference(suite: Suite, decoder: str) -> Iterator[Outcome]:
    """Every file through the reference decoder."""
    command = InProcess((decoder,), suite.weights)
    for vector in suite.vectors:
        if vector.kind != "unit":
            with TemporaryDirectory(prefix="neuroc-conformance-") as folder:
                problem = check_foreign(command, vector, suite.read(vector), Path(folder))
            yield Outcome(vector, not problem, problem)


def main() -> None:
    """Run the vectors and print what came of them."""
    what, vectors, *decoder = sys.argv[1:]
    suite = load_suite(Path(vectors))
    counts: dict[str, list[int]] = {}  # kind: [equal, all]
    wrong = {}
    for number, outcome in enumerate(run(suite) if what == "neuroc" else reference(suite, *decoder), 1):
        count = counts.setdefault(outcome.vector.kind, [0, 0])
        count[0] += outcome.ok is True
        count[1] += 1
        if outcome.ok is not True:
            wrong[outcome.vector.name] = outcome.error
        if number % 20 == 0:
            print(f"\r{what}: {number} of {len(suite.vectors)} vectors", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    found = {
        "counts": counts,
        "wrong": wrong,
        "machine": platform.machine(),
        "word": f"{sys.maxsize.bit_length() + 1} bits, {sys.byteorder}-endian",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "zstandard": zstandard.__version__,
    }
    print(json.dumps(found))


main()
