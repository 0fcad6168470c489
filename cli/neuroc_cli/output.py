"""Outputs appear whole or not at all, and replace nothing that the user did not give up with --force."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from neuroc.errors import OutputExistsError, StorageError

from .planning import STREAM, Task


def check_target(task: Task, force: bool) -> None:
    """Raise before any work what would make the output fail: it exists, or is no regular file."""
    if task.target == STREAM:
        return
    target = Path(task.target)
    if not (task.make_folder or target.parent.is_dir()):
        raise StorageError(
            f"cannot be written: there is no folder {target.parent}",
            remedy="Make it first, or use --out-dir, which does",
            file=task.target,
        )
    if not os.path.lexists(target):
        return
    if target.exists() and not target.is_file():
        raise StorageError("is not a regular file", remedy="Use -o - for stdout", file=task.target)
    if not force:
        raise _exists(task)


def write_output(task: Task, data: bytes, force: bool) -> None:
    """Write ``data`` to a temporary file beside the target, then give it its name in one step.

    Raises OutputExistsError if the target appeared meanwhile, StorageError if it cannot be written.
    """
    if task.target == STREAM:
        write_stdout(data)
        return
    target, temporary = Path(task.target), Path(task.temporary)
    try:
        if task.make_folder:
            target.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
            with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if force:
                temporary.replace(target)
            else:
                _rename_exclusively(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except FileExistsError as e:
        if e.filename == str(temporary) or not os.path.lexists(target):
            raise _failed(task, e) from None
        raise _exists(task) from None
    except OSError as e:
        raise _failed(task, e) from None


def write_stdout(data: bytes) -> None:
    """Bytes to stdout; raises StorageError, or BrokenPipeError if the reader left."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as e:
        raise StorageError(f"cannot be written: {e.strerror}", file="stdout") from None


def remove_temporaries(tasks: Sequence[Task]) -> None:
    """Remove what workers that were killed may have left."""
    for task in tasks:
        if task.temporary:
            with contextlib.suppress(OSError):
                Path(task.temporary).unlink(missing_ok=True)


def _rename_exclusively(temporary: Path, target: Path) -> None:
    if os.name == "nt":
        temporary.rename(target)  # fails there if the target exists
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        # File systems without hard links (FAT, some network mounts): claim the name, then replace the empty claim.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            temporary.replace(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def _sync_folder(folder: Path) -> None:
    # A rename is durable once its folder is; not every system lets one be opened.
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _exists(task: Task) -> OutputExistsError:
    return OutputExistsError(
        "the output exists",
        remedy="Give --force to replace it, --skip-existing to keep it, or another name with -o",
        file=task.target,
    )


def _failed(task: Task, e: OSError) -> StorageError:
    return StorageError(
        f"cannot be written: {e.strerror or e}",
        remedy="Choose a folder with space and write access (-o, --out-dir)",
        file=task.target,
    )
