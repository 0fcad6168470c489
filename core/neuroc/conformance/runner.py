"""Runs vectors one after the other: by this installation, or by a foreign decoder command."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ..container import parse
from ..digests import digest, pixel_digest
from ..errors import NeurocError, PluginMissingError, UsageError
from ..metadata import record_list
from ..models import Runtime
from ..plugins import registry
from ..public import decode
from ..weights import SUFFIX, list_weights
from .foreign import Command, check_foreign
from .manifest import Suite, Vector
from .trace import table_digests
from .units import check_unit


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a vector."""

    vector: Vector
    ok: bool | None  # None: skipped
    error: str = ""  # why it failed or was skipped


def selected(suite: Suite, plugin: str | None = None, foreign: bool = False) -> list[Vector]:
    """The vectors that a run takes: files of one codec if it is named, no units for a decoder command.

    Raises UsageError if there are none.
    """
    found = [v for v in suite.vectors if plugin in (None, v.codec) and not (foreign and v.kind == "unit")]
    if not found:
        codecs = ", ".join(sorted({v.codec for v in suite.vectors if v.codec}))
        raise UsageError(f"there are no vectors of the codec {plugin!r}", remedy=f"There are some of {codecs}")
    return found


def run(suite: Suite, *, plugin: str | None = None, decoder: str | None = None) -> Iterator[Outcome]:
    """The outcome of each vector in the order of the manifest.

    plugin:  only the files of this codec. decoder: a command with ``{in}`` and ``{out}`` (foreign.py).
    Before the first one raises UsageError, and PluginMissingError for a ``plugin`` that is not installed.
    """
    vectors = selected(suite, plugin, decoder is not None)
    if plugin is not None and decoder is None:  # who names a codec does not want all of it skipped
        registry().codec(plugin)
    command = None if decoder is None else Command.parse(decoder, suite)
    if command is None:
        return (_outcome(suite, vector, None) for vector in vectors)
    return _side_by_side(suite, vectors, command)


def _side_by_side(suite: Suite, vectors: Sequence[Vector], command: Command) -> Iterator[Outcome]:
    """A foreign decoder is a process for each file: as many at a time as there are cores."""
    with TemporaryDirectory(prefix="neuroc-conformance-") as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        if lacking := _lacking_weights(suite, vectors):
            for path in (*suite.weights.iterdir(), *lacking):
                shutil.copyfile(path, Path(folder, f"{digest(path.read_bytes()).hex()}{SUFFIX}"))
            command = replace(command, weights=Path(folder))
        yield from pool.map(lambda vector: _outcome(suite, vector, command), vectors)


def _lacking_weights(suite: Suite, vectors: Sequence[Vector]) -> list[Path]:
    """Weights of the files that the package does not hold (heavy ones of drafts), where they are installed."""
    needed: set[str] = set()
    for vector in vectors:
        if vector.kind == "file" and vector.tables:
            with contextlib.suppress(NeurocError):  # what is wrong with a file is told when it is run
                needed |= {d.hex() for d in parse(suite.read(vector)).header.weights}
    needed -= {path.stem for path in suite.weights.glob(f"*{SUFFIX}")}
    return [w.path for w in list_weights() if w.digest in needed and w.path] if needed else []


def _outcome(suite: Suite, vector: Vector, command: Command | None) -> Outcome:
    try:
        data = suite.read(vector)
        if command is not None:
            with TemporaryDirectory(prefix="neuroc-conformance-") as folder:
                problem = check_foreign(command, vector, data, Path(folder))
        elif vector.kind == "unit":
            problem = check_unit(vector.layer, data)
        elif missing := _missing(vector.codec):
            return Outcome(vector, None, missing)
        elif vector.kind == "file":
            problem = _check_file(vector, data, suite)
        else:
            problem = _check_reject(vector, data, suite)
    except NeurocError as error:
        problem = f"{error.code}: {error}"
    except Exception as error:  # what no decoder may do: a failure of this vector, not of the run
        problem = f"{type(error).__name__}: {error}"
    return Outcome(vector, not problem, problem)


def _missing(codec: str) -> str:
    """Why the vectors of a codec cannot be run here, "" if they can."""
    try:
        registry().codec(codec)
    except PluginMissingError as error:
        return f"{error.message}. {error.remedy}" if error.remedy else error.message
    return ""


def _check_file(vector: Vector, data: bytes, suite: Suite) -> str:
    """The vector's pixels, metadata and tables; what is wrong with them, or ""."""
    picture = decode(data, weights=str(suite.weights))
    found = pixel_digest(picture.samples, picture.mode, picture.bits).hex()
    if found != vector.pixels:
        return f"decodes to pixels with the digest {found}, not {vector.pixels}"
    if (digest(record_list(picture.metadata)).hex() if picture.metadata else "") != vector.metadata:
        return "has other metadata"
    return vector.compare_tables(table_digests(data, Runtime(weights=str(suite.weights))))


def _check_reject(vector: Vector, data: bytes, suite: Suite) -> str:
    try:
        decode(data, weights=str(suite.weights))
    except NeurocError as error:
        if (error.code, error.exit_code) == (vector.error, vector.exit):
            return ""
        return f"is refused with {error.code} (exit {error.exit_code}), not {vector.error} ({vector.exit}): {error}"
    return f"decodes, where it must be refused with {vector.error}"
