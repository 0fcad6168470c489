"""``neuroc verify``: do files decode to the pixels that they promise, or to those of a given picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from neuroc.errors import NeurocError, UsageError

from . import options as o
from .planning import FILES, Task, find
from .progress import Progress
from .reading import read_bytes
from .text import clean, print_json
from .work import attempt, name_of


def register(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the command."""
    from .app import add

    add(app, "verify", verify)


def verify(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE", help=".nrc files, folders, or - for stdin.")],
    against: Annotated[
        str | None, typer.Option("--against", metavar="IMAGE", help="Also compare with this picture (one FILE only).")
    ] = None,
    weights: o.Weights = None,
    batch: o.Batch = None,
    engine: o.Engine = "auto",
    device: o.Device = "cpu",
    allow_pinned: o.AllowPinned = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
    max_pixels: o.MaxPixels = o.PIXELS,
    max_work: o.MaxWork = o.WORK,
    max_steps: o.MaxSteps = o.STEPS,
    max_memory: o.MaxMemory = o.MEMORY,
    max_metadata: o.MaxMetadata = o.METADATA,
) -> int:
    """Decode .nrc files and check every checksum and the digest of the pixels; nothing is written."""
    import neuroc

    from .main import report

    found = find(inputs, FILES)
    if against is not None and len(found) > 1:
        raise UsageError(f"--against compares one file, not {len(found)}")
    limits = o.limits(max_pixels, max_work, max_steps, max_memory, max_metadata)
    picture = None
    if against is not None:
        from neuroc.pixels import read_picture

        picture = read_picture(against, limits=limits)
    documents: list[dict[str, Any]] = []
    code = 0
    with Progress(len(found), quiet=quiet) as progress:
        for item in found:
            task = Task(item.path, "", error=item.error)

            def check(task: Task = task) -> None:
                neuroc.verify(
                    read_bytes(task.source, limits),
                    picture,
                    weights=weights,
                    engine=engine,
                    device=device,
                    batch=batch,
                    allow_pinned=allow_pinned,
                    limits=limits,
                    name=name_of(task),
                    progress=progress.part,
                )

            error = attempt(task, check)
            progress.finished()
            progress.clear()
            failed = isinstance(error, NeurocError)
            documents.append({"file": item.path, "ok": not failed, "error": o.failure(error) if failed else None})
            if failed:
                report(error)
                code = code or error.exit_code
            elif not json and not quiet:
                print(
                    f"{clean(name_of(task))}: ok" + (f", identical to {clean(against)}" if against else ""), flush=True
                )
    if json:
        print_json(documents)
    return code
