"""Which input becomes which output, decided before any work (docs/cli.md, "Inputs and outputs")."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from neuroc.chunks import SIGNATURE
from neuroc.errors import NeurocError, NotNrcError, StorageError, UsageError
from neuroc.limits import DEFAULT_LIMITS
from neuroc.storage import read_stream

STREAM = "-"
_SUFFIXES = (
    ".png .apng .tif .tiff .pnm .pbm .pgm .ppm .pam .bmp .dib .gif .webp .qoi .tga .pcx .sgi "
    ".jpg .jpeg .jpe .jfif .jp2 .j2k .jpx .avif"
)
PICTURES = frozenset(_SUFFIXES.split(" "))
FILES = frozenset({".nrc"})
CASE_MATTERS = sys.platform not in ("darwin", "win32")  # what their file systems do unless set up otherwise


@dataclass(frozen=True, slots=True)
class Task:
    """One input and its output, as paths or ``-``."""

    source: str
    target: str
    temporary: str = ""  # where the output is written before it gets its name; "" for stdout
    data: bytes | None = None  # of an input from stdin
    make_folder: bool = True  # of the target, if there is none
    error: NeurocError | None = None  # why there is nothing to do: found while the inputs were searched
    skip: bool = False  # the target exists and shall stay


@dataclass(frozen=True, slots=True)
class Found:
    """An input and the folder, relative to --out-dir, that its output belongs to."""

    path: str
    folder: str = ""
    error: NeurocError | None = None  # of a folder that cannot be searched


def find(inputs: Sequence[str], suffixes: frozenset[str]) -> list[Found]:
    """Files as they are named, folders as the files below them that have one of ``suffixes``, sorted.

    A folder that cannot be read is found with its error, so that the rest is still tried.
    Raises UsageError for no input, a folder without any such file, or ``-`` with other inputs.
    """
    if not inputs:
        raise UsageError("no input given", remedy="Name files or folders, or - for stdin")
    if STREAM in inputs and len(inputs) > 1:
        raise UsageError("- (stdin) cannot be combined with other inputs")
    found = []
    for name in inputs:
        if name != STREAM and os.path.isdir(name):  # noqa: PTH112 (Path.is_dir raises where access is denied)
            files = _below(Path(name), suffixes)
            if not files:
                kinds = ".nrc files" if suffixes == FILES else "pictures"
                raise UsageError(f"{name}: no {kinds} in this folder", remedy="Name the files themselves")
            found += files
        else:
            found.append(Found(name))
    return found


def plan(
    inputs: Sequence[str],
    suffixes: frozenset[str],
    output: str | None,
    out_dir: str | None,
    suffix: str,
    *,
    force: bool = False,
    skip_existing: bool = False,
) -> list[Task]:
    """The tasks of a call; raises UsageError for what could lose an input or an output."""
    if output is not None and out_dir is not None:
        raise UsageError("-o and --out-dir exclude each other")
    if force and skip_existing:
        raise UsageError("--force and --skip-existing exclude each other")
    found = find(inputs, suffixes)
    if output is not None:
        if len(found) > 1:
            raise UsageError(f"-o names one output for {len(found)} inputs", remedy="Use --out-dir")
        if output != STREAM and os.path.isdir(output):  # noqa: PTH112 (as in find)
            raise UsageError(f"{output} is a folder", remedy="Use --out-dir, or name the output file")
    token = secrets.token_hex(4)
    tasks = []
    for i, item in enumerate(found):
        if item.error is not None:
            tasks.append(Task(item.path, "", error=item.error))
            continue
        target = output or _target(item, out_dir, suffix)
        if output is None and (error := _wrong_kind(item.path, target, suffixes)):
            tasks.append(Task(item.path, "", error=error))
            continue
        temporary = "" if target == STREAM else str(Path(target).parent / f".neuroc-{token}-{i}.tmp")
        skip = skip_existing and target != STREAM and os.path.isfile(target)  # noqa: PTH113 (as in find)
        tasks.append(Task(item.path, target, temporary, make_folder=output is None, skip=skip))
    _refuse_collisions(tasks)
    if found[0].path == STREAM:
        tasks = [Task(STREAM, tasks[0].target, tasks[0].temporary, read_stdin())]
    if tasks[0].target == STREAM and sys.stdout.isatty():
        raise UsageError("the output would go to the terminal", remedy="Give -o FILE, or pipe it somewhere")
    return tasks


def read_stdin(most: int = DEFAULT_LIMITS.file) -> bytes:
    """All of stdin; raises UsageError if it is a terminal or has more than ``most`` bytes."""
    if sys.stdin.isatty():
        raise UsageError("the input would come from the terminal", remedy="Pipe a file into it, or name one")
    try:
        data = read_stream(sys.stdin.buffer, most)
    except OSError as e:
        raise StorageError(f"cannot be read: {e.strerror or e}", remedy="Pipe a file into it", file="stdin") from None
    if len(data) > most:
        raise UsageError(f"stdin has more than {most} bytes")
    return data


def _below(folder: Path, suffixes: frozenset[str]) -> list[Found]:
    found: list[Found] = []

    def denied(e: OSError) -> None:
        name = str(e.filename or folder)
        reason = f"the folder cannot be read: {e.strerror or e}"
        found.append(Found(name, error=StorageError(reason, remedy="Check its permissions", file=name)))

    for place, folders, files in os.walk(folder, onerror=denied):
        folders.sort()
        here = Path(place)
        for name in sorted(files):
            if Path(name).suffix.lower() in suffixes and not name.startswith(".") and not _device(here / name):
                found.append(Found(str(here / name), str(here.relative_to(folder))))
    return found


def _device(path: Path) -> bool:
    """Whether a name in a folder leads to a device or a pipe: those are read only where they are named themselves."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:  # a link to nothing: said when it is read
        return False


def _wrong_kind(source: str, target: str, suffixes: frozenset[str]) -> NeurocError | None:
    """Why a file that would become itself is none for this command, None if that is not the reason."""
    if source == STREAM or _identity(source) != _identity(target):
        return None
    try:
        with Path(source).open("rb") as file:
            coded = file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return None
    if suffixes == FILES and not coded:
        return NotNrcError("not a .nrc file", remedy="Name a file that 'neuroc encode' wrote", file=source)
    if suffixes != FILES and coded:
        return UsageError("is a .nrc file", remedy="Use 'neuroc decode'", file=source)
    return None


def _target(item: Found, out_dir: str | None, suffix: str) -> str:
    if item.path == STREAM:
        if out_dir is not None:
            raise UsageError("stdin has no name for --out-dir", remedy="Give -o FILE")
        return STREAM
    path = Path(item.path)
    if not path.name or path.name == "..":
        raise UsageError(f"{item.path} is not the name of a file")
    renamed = path.with_suffix(suffix)
    return str(renamed if out_dir is None else Path(out_dir) / item.folder / renamed.name)


def _refuse_collisions(tasks: Sequence[Task]) -> None:
    sources = {_identity(t.source): t.source for t in tasks if t.source != STREAM and t.error is None}
    targets: dict[str, str] = {}
    for t in tasks:
        if t.target == STREAM or t.error is not None:
            continue
        key = _identity(t.target)
        if key in targets:
            raise UsageError(
                f"{targets[key]} and {t.source} would both become {t.target}",
                remedy="Process them in separate calls with -o or --out-dir",
            )
        if key in sources:
            raise UsageError(
                f"the output for {t.source} would overwrite the input {sources[key]}",
                remedy="Choose another name with -o or --out-dir",
            )
        targets[key] = t.source


def _identity(path: str) -> str:
    real = os.path.normcase(os.path.realpath(path))
    return real if CASE_MATTERS else real.casefold()
