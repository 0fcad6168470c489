"""Runs cases and counts them: outcomes by error code, the slowest case, failures saved to a folder."""

from __future__ import annotations

import hashlib
import signal
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from .mutate import mutate
from .seeds import corpus
from .targets import LIMITS, Target

SLOW = 5.0  # seconds of processor time that no case may take
HANG = 20.0  # after so many a case is interrupted
LARGEST_VECTOR = 1500  # bytes
POOL = 1200  # inputs of a kind that are mutated further


class Hang(BaseException):
    """A case that was interrupted; no Exception, so that nothing on the way takes it for one of its own."""


@dataclass(slots=True)
class Tally:
    """What became of the cases of one target."""

    cases: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Session:
    """A run of one target after the other."""

    out: Path | None  # where failing inputs go
    tallies: dict[str, Tally] = field(default_factory=dict)
    pools: dict[str, list[bytes]] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def pool(self, kind: str) -> list[bytes]:
        """Inputs of a kind that are worth changing: the corpus, then what was answered in a new way."""
        if kind not in self.pools:
            self.pools[kind] = corpus(kind)
            if kind == "weights":
                self.pools[kind] += installed_weights()
            if kind == "nrc":
                self.pools[kind] += conformance_files()
        return self.pools[kind]

    def case(self, target: Target, rng: Random) -> None:
        """Make an input and run it."""
        pool = self.pool(target.kind)
        data = rng.choice(pool)
        if rng.random() < 0.95:
            data = mutate(target.kind, data, pool, rng, LIMITS)
        code = self.run(target, data)
        if (target.name, code) not in self.seen and len(pool) < POOL and len(data) < 1 << 13:
            self.seen.add((target.name, code))
            pool.append(data)

    def run(self, target: Target, data: bytes) -> str:
        """Run one input; returns what became of it, "FAILED" if it broke a promise."""
        tally = self.tallies.setdefault(target.name, Tally())
        tally.cases += 1
        start = time.process_time()
        try:
            with interrupted_after(HANG):
                code = target.run(data)
            seconds = time.process_time() - start
            if seconds > SLOW:
                self.failed(target, data, tally, f"{seconds:.1f} seconds", "")
                code = "FAILED"
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            seconds = time.process_time() - start
            place = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}: {error}"
            self.failed(target, data, tally, what, traceback.format_exc())
            code = "FAILED"
        tally.codes[code] += 1
        tally.slowest = max(tally.slowest, seconds)
        return code

    def failed(self, target: Target, data: bytes, tally: Tally, what: str, trace: str) -> None:
        """Remember a failure and save its input, once for each kind."""
        kind = what.split(": ")[0]
        if kind in [f.split(": ")[0] for f in tally.failures]:
            return
        tally.failures.append(what)
        if self.out is not None:
            self.out.mkdir(parents=True, exist_ok=True)
            name = f"{target.name}-{hashlib.sha256(data).hexdigest()[:8]}"
            (self.out / name).write_bytes(data)
            (self.out / f"{name}.txt").write_text(f"{what}\n\n{trace}", encoding="utf-8")
        print(f"FAILED {target.name}: {what[:300]}", flush=True)


def installed_weights() -> list[bytes]:
    """The smallest real network: changes of it get as far as the proof of its bounds."""
    from neuroc.weights import list_weights

    paths = [w.path for w in list_weights() if w.path is not None and w.source == "package"]
    return [min((p.read_bytes() for p in paths), key=len)] if paths else []


def conformance_files() -> list[bytes]:
    """The small vectors of the conformance suite, those that must be refused among them."""
    folder = Path(__file__).resolve().parents[2] / "conformance" / "neuroc_conformance"
    found = [p for kind in ("files", "rejects") for p in sorted((folder / kind).glob("*.nrc"))]
    return [p.read_bytes() for p in found if p.stat().st_size <= LARGEST_VECTOR]


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raise Hang when the body has taken so much processor time, where the system can tell."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise Hang(f"interrupted after {seconds:.0f} seconds")

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
