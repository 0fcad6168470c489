"""Drives a foreign decoder: a command that turns a .nrc file into a PAM and a JSON (conformance/README.md)."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..container import parse
from ..digests import pixel_digest
from ..errors import NeurocError, UsageError
from ..weights import ENVIRONMENT
from .manifest import Suite, Vector

SECONDS = 600  # that a decoder may take for one small file
MAX_SAMPLES = 1 << 24  # of a vector; a decoder's output is not believed either
TUPLES = {
    "1": ("BLACKANDWHITE", "GRAYSCALE"),
    "L": ("GRAYSCALE",),
    "P": ("GRAYSCALE",),
    "LA": ("GRAYSCALE_ALPHA",),
    "RGB": ("RGB",),
    "RGBA": ("RGB_ALPHA",),
}


class Bad(Exception):
    """What is wrong with the output of a decoder."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command template, split into words; ``weights`` is what ``{weights}`` stands for."""

    words: tuple[str, ...]
    weights: Path

    @classmethod
    def parse(cls, template: str, suite: Suite) -> Command:
        """Raises UsageError for a template without ``{in}`` or ``{out}``, or whose program is not there."""
        try:
            words = split(template)
        except ValueError as error:
            raise UsageError(f"the decoder command cannot be read: {error}") from None
        for part in ("{in}", "{out}"):
            if not any(part in word for word in words):
                raise UsageError(
                    f"the decoder command has no {part}",
                    remedy="Write it as 'CMD {in} {out}'; {weights} stands for the folder of the vectors' weights",
                )
        if shutil.which(words[0]) is None:
            raise UsageError(f"the decoder {words[0]!r} is no program that can be started")
        return cls(words, suite.weights)

    def run(self, source: Path, target: Path) -> subprocess.CompletedProcess[bytes]:
        """Decode a file; raises Bad if the command cannot be started or does not end."""
        places = {"{in}": str(source), "{out}": str(target), "{weights}": str(self.weights)}
        words = [re.sub(r"\{(in|out|weights)\}", lambda m: places[m[0]], word) for word in self.words]
        known = [str(self.weights), *filter(None, [os.environ.get(ENVIRONMENT)])]
        environment = {**os.environ, ENVIRONMENT: os.pathsep.join(known)}
        try:
            return subprocess.run(
                words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
            )
        except OSError as error:
            raise Bad(f"the decoder {words[0]!r} cannot be started: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise Bad(f"the decoder does not end within {SECONDS} seconds") from None


def split(template: str, windows: bool = os.name == "nt") -> tuple[str, ...]:
    """The words of a command; on Windows a backslash belongs to a path. Raises ValueError for an open quote."""
    if not windows:
        return tuple(shlex.split(template))
    words = shlex.split(template, posix=False)
    return tuple(w[1:-1] if w[:1] in ("'", '"') and w[-1:] == w[:1] else w for w in words)


def check_foreign(command: Command, vector: Vector, data: bytes, folder: Path) -> str:
    """Run a decoder on a vector in an empty folder: what is wrong with what it does, or ""."""
    source, target = folder / "in.nrc", folder / "out.pam"
    source.write_bytes(data)
    try:
        done = command.run(source, target)
        if done.returncode < 0:
            raise Bad(f"the decoder is ended by signal {-done.returncode}")
        if vector.kind == "reject":
            return _refusal(done, target, vector)
        if done.returncode != 0:
            raise Bad(f"the decoder ends with exit code {done.returncode}: {_last_line(done.stderr)}")
        _check_output(target, vector, data)
    except Bad as error:
        return str(error)
    return ""


def _check_output(target: Path, vector: Vector, data: bytes) -> None:
    facts = read_facts(target.with_name(target.name + ".json"))
    samples = read_pam(target, facts["mode"], facts["bits"])
    found = pixel_digest(samples, facts["mode"], facts["bits"]).hex()
    if found != vector.pixels:
        raise Bad(f"decodes to pixels with the digest {found}, not {vector.pixels}")
    if "tables" in facts and (problem := vector.compare_tables(facts["tables"])):
        raise Bad(problem)
    if facts["mode"] == "P":
        palette = next((r.data.hex() for r in parse(data).metadata() if r.key == "palette"), "")
        if facts["palette"].lower() != palette:
            raise Bad(f"the palette is {facts['palette']}, not {palette}")


def _refusal(done: subprocess.CompletedProcess[bytes], target: Path, vector: Vector) -> str:
    if done.returncode == 0:
        return f"decodes, where it must be refused with {vector.error}"
    if target.exists():
        return f"is refused, but its output is there (exit code {done.returncode})"
    stated = re.match(r"([a-z-]+): ", done.stderr.decode("utf-8", "replace"))
    if stated and stated[1] in error_codes() and stated[1] not in (vector.error, *vector.also):
        return f"is refused with {stated[1]}, not {vector.error}: {_last_line(done.stderr)}"
    return ""


def error_codes() -> frozenset[str]:
    """The codes of SPEC section 13."""
    found: set[str] = set()
    waiting: list[type[NeurocError]] = [NeurocError]
    while waiting:
        kind = waiting.pop()
        found.add(kind.code)
        waiting += kind.__subclasses__()
    return frozenset(found)


def read_facts(path: Path) -> Mapping[str, Any]:
    """The JSON beside the PAM; raises Bad unless it has a mode and bits that go together."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Bad(f"no {path.name} that can be read: {error}") from None
    if not isinstance(facts, dict) or facts.get("mode") not in TUPLES or facts.get("bits") not in (1, 2, 4, 8, 16):
        raise Bad(f"{path.name} states no mode and bits")
    tables = facts.get("tables", [])
    if not isinstance(tables, list) or not all(isinstance(t, str) for t in tables):
        raise Bad(f"the tables in {path.name} are no list of texts")
    if (facts["mode"] == "P") != isinstance(facts.get("palette"), str):
        raise Bad(f"{path.name} must have a palette if the mode is P, and only then")
    return facts


def read_pam(path: Path, mode: str, bits: int) -> NDArray[Any]:
    """Samples (H, W, C), uint8 or uint16, of a PAM as the protocol wants it; raises Bad."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Bad(f"no {path.name}: {error.strerror}") from None
    head, end, body = data.partition(b"\nENDHDR\n")
    lines = head.decode("ascii", "replace").split("\n")
    fields = dict(line.split(None, 1) for line in lines[1:] if len(line.split(None, 1)) == 2)
    if not end or lines[0] != "P7":
        raise Bad(f"{path.name} is not a PAM")
    try:
        width, height, depth, top = (int(fields[k]) for k in ("WIDTH", "HEIGHT", "DEPTH", "MAXVAL"))
    except (KeyError, ValueError):
        raise Bad(f"{path.name} lacks a number in its head") from None
    if top != (1 << bits) - 1 or fields.get("TUPLTYPE", "").strip() not in TUPLES[mode]:
        raise Bad(f"{path.name} has MAXVAL {top} and TUPLTYPE {fields.get('TUPLTYPE')} for {bits} bits and {mode}")
    size = 2 if bits > 8 else 1
    if min(width, height, depth) < 1 or width * height * depth > MAX_SAMPLES:
        raise Bad(f"{path.name} is {width}x{height} of {depth} channels")
    if len(body) != width * height * depth * size:
        raise Bad(f"{path.name} has {len(body)} bytes of samples for {width}x{height} of {depth} channels")
    samples = np.frombuffer(body, dtype=">u2" if size == 2 else np.uint8).reshape(height, width, depth)
    return samples.astype(np.uint16 if size == 2 else np.uint8)


def _last_line(text: bytes) -> str:
    lines: Sequence[str] = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "(nothing on stderr)"
