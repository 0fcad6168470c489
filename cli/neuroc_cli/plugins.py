"""``neuroc plugins``: what is installed, and what is broken and why; ``new`` makes a plugin (plugins_new.py)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer

from . import options as o
from .text import one_line, print_json, table


def register(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the command and its sub-command; by itself it lists."""
    from .app import COMMANDS
    from .plugins_new import new

    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, help=plugins.__doc__)(plugins)
    group.command("new", help=new.__doc__)(new)
    app.add_typer(group, name="plugins", short_help=COMMANDS["plugins"])


def plugins(context: typer.Context, json: o.Json = False) -> int:
    """List installed codecs, coders and engines; a broken plugin is listed with what is wrong with it.

    --json lists the codecs, and every other entry that is broken.
    """
    if context.invoked_subcommand is not None:
        return 0
    from neuroc.plugins import foreign_neuroc, missing_modules, registry

    known = registry()
    reports = [r for r in known.reports if r.kind == "codec" or r.status == "broken"]
    if json:
        print_json([_document(r) for r in reports])
    else:
        rows = [("codec", "distribution", "version", "bitstream", "numerics", "status")]
        rows += [
            (r.id, r.distribution, r.version, str(r.bitstream or "-"), r.numerics or "-", _status(known, r))
            for r in known.reports
            if r.kind == "codec"
        ]
        print(table([[one_line(c) for c in row] for row in rows], left=3))
        print("coders: " + ", ".join(c.entry.id for c in known.coder_entries()))
        engines = []
        for e in known.engine_entries():
            missing = missing_modules(e.entry)
            how = f"needs {', '.join(missing)}" if missing else e.entry.detail
            engines.append(one_line(e.entry.id + (f" ({how})" if how else "")))
        print("engines: " + ", ".join(engines))
        for r in reports:
            if r.status == "broken":
                print(one_line(f"broken {r.kind} {r.id} of {r.distribution} {r.version}: {r.error}"))
    if note := foreign_neuroc():
        print(f"neuroc: note: {one_line(note)}", file=sys.stderr)
    return 0


def _status(known: Any, r: Any) -> str:
    """A draft codec may still change in a way that old files do not survive."""
    return "ok (draft)" if r.status == "ok" and known.codec(r.id).entry.draft else str(r.status)


def _document(r: Any) -> dict[str, Any]:
    return {
        "id": r.id,
        "distribution": r.distribution,
        "version": r.version,
        "bitstream": r.bitstream,
        "numerics": r.numerics,
        "status": r.status,
        "error": r.error or None,
    }
