"""``neuroc conformance``: run the conformance vectors, here or by a foreign decoder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from neuroc.errors import VerificationError

from . import options as o
from .progress import Progress
from .text import one_line, print_json


def register(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the command."""
    from .app import add

    add(app, "conformance", conformance)


def conformance(
    plugin: Annotated[
        str | None, typer.Option("--plugin", metavar="ID", help="Only the files of this codec, and no unit vectors.")
    ] = None,
    decoder: Annotated[
        str | None,
        typer.Option(
            "--decoder",
            metavar="CMD",
            help="Run 'CMD {in} {out}' on every file instead; {weights} is the folder of the vectors' weights.",
        ),
    ] = None,
    vectors: Annotated[
        str | None,
        typer.Option("--vectors", metavar="DIR", help="Folder with a manifest.json; default: neuroc-conformance."),
    ] = None,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> int:
    """Run the conformance vectors: files that must decode, files that must be refused, numbers of single layers.

    They come with 'pip install neuroc-conformance'. A vector whose codec is not installed is skipped, unless --plugin
    names it. Exit code 6 if one fails.
    """
    from neuroc.conformance import load_suite, run
    from neuroc.conformance.runner import selected

    suite = load_suite(Path(vectors) if vectors is not None else None)
    total = len(selected(suite, plugin, decoder is not None))
    documents: list[dict[str, Any]] = []
    counts: Counter[tuple[str, bool | None]] = Counter()
    with Progress(total, quiet=quiet) as progress:
        for outcome in run(suite, plugin=plugin, decoder=decoder):
            vector = outcome.vector
            counts[vector.kind, outcome.ok] += 1
            error = one_line(outcome.error) or None
            documents.append({"name": vector.name, "kind": vector.kind, "ok": outcome.ok, "error": error})
            progress.finished()
            if not outcome.ok and not json and not (quiet and outcome.ok is None):
                progress.clear()
                print(f"{vector.name}: {'skipped' if outcome.ok is None else 'FAILED'}: {error}", flush=True)
    if json:
        print_json(documents)
    elif not quiet:
        print(summary(counts))
    failed = sum(n for (_, ok), n in counts.items() if ok is False)
    if failed:
        raise VerificationError(f"{failed} of {total} conformance vectors failed")
    return 0


def summary(counts: Counter[tuple[str, bool | None]]) -> str:
    """``files: 90 ok, 2 failed; rejects: ...``."""
    words = ((True, "ok"), (False, "failed"), (None, "skipped"))
    parts = []
    for kind, name in (("file", "files"), ("reject", "must-reject files"), ("unit", "unit vectors")):
        found = [f"{counts[kind, ok]} {word}" for ok, word in words if counts[kind, ok]]
        if found:
            parts.append(f"{name}: {', '.join(found)}")
    return "; ".join(parts)
