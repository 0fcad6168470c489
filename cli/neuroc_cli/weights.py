"""``neuroc weights``: list, add and check weights files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from neuroc.errors import NeurocError

from . import options as o
from .text import clean, print_json, table


def register(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the command and its sub-commands."""
    from .app import COMMANDS

    group = typer.Typer(help=COMMANDS["weights"], no_args_is_help=False, rich_markup_mode=None)
    group.command("list", help=list_.__doc__)(list_)
    group.command("add", help=add.__doc__)(add)
    group.command("verify", help=verify.__doc__)(verify)
    app.add_typer(group, name="weights")


def list_(json: o.Json = False) -> int:
    """List the weights that plugins name and that lie in the weights directories."""
    from neuroc.weights import list_weights

    found = list_weights()
    if json:
        print_json(
            [
                {
                    "codec": w.codec or None,
                    "name": w.name,
                    "digest": w.digest,
                    "source": w.source,
                    "path": str(w.path) if w.path else None,
                }
                for w in found
            ]
        )
    else:
        rows = [("codec", "name", "digest", "source", "path")]
        rows += [(w.codec or "-", w.name, w.digest, w.source, str(w.path) if w.path else "missing") for w in found]
        print(table([[clean(c) for c in row] for row in rows], left=5))
    return 0


def add(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Weights files (.safetensors).")],
    json: o.Json = False,
) -> int:
    """Copy weights files into the user's weights directory, under their digests."""
    from neuroc.weights import add_weights

    from .main import report

    code, documents = 0, []
    for name in files:
        try:
            target = add_weights(Path(name))
        except NeurocError as e:
            e.file = e.file or name
            report(e)
            code = code or e.exit_code
            documents.append({"file": name, "error": o.failure(e)})
        else:
            documents.append({"file": name, "digest": target.stem, "path": str(target)})
            if not json:
                print(clean(f"{name} -> {target}"))
    if json:
        print_json(documents)
    return code


def verify(json: o.Json = False) -> int:
    """Check every weights file against its digest; exit code 4 if one is damaged or missing."""
    from neuroc.errors import WeightsError
    from neuroc.weights import verify_weights

    results = verify_weights()
    if json:
        print_json([{"file": file, "ok": ok, "error": error or None} for file, ok, error in results])
    else:
        for file, ok, error in results:
            print(clean(f"{file}: {'ok' if ok else error}"))
    bad = sum(not ok for _, ok, _ in results)
    if bad:
        raise WeightsError(
            f"{bad} of {len(results)} weights cannot be used", remedy="Reinstall the plugin they belong to"
        )
    return 0
