"""``neuroc info``: what a file says about itself; nothing is decoded and no plugin is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from neuroc.limits import Limits

from . import options as o
from .planning import FILES, Task, find
from .reading import read_bytes
from .text import clean, print_json
from .work import attempt, name_of

AUTOMATIC = "auto"  # -1: the codec chooses, by picture or tile


def register(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the command."""
    from .app import add

    add(app, "info", info)


def info(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE", help=".nrc files, folders, or - for stdin.")],
    json: o.Json = False,
    max_pixels: o.MaxPixels = o.PIXELS,
    max_metadata: o.MaxMetadata = o.METADATA,
) -> int:
    """Show what .nrc files say about themselves: header, size, metadata, cost of decoding.

    Works without the codec's plugin and says whether it is installed.
    """
    import neuroc
    from neuroc.errors import NeurocError

    from .main import report

    limits = Limits(pixels=max_pixels, metadata=max_metadata)
    documents: list[dict[str, Any]] = []
    code = 0
    for found in find(inputs, FILES):
        task = Task(found.path, "", error=found.error)
        result = attempt(
            task,
            lambda t=task: neuroc.info(read_bytes(t.source, limits), limits=limits, name=name_of(t)).as_dict(),  # type: ignore[misc]
        )
        if isinstance(result, NeurocError):
            documents.append({"file": found.path, "error": o.failure(result)})
            report(result)
            code = code or result.exit_code
            continue
        documents.append({"file": found.path, **result})
        if not json:
            print("\n".join(_lines(documents[-1])), flush=True)
    if json:
        print_json(documents)
    return code


def _lines(document: Mapping[str, Any]) -> list[str]:
    """One ``field: value`` a line, indented below the file's name."""
    lines = [clean(str(document["file"]))]
    for name, value in document.items():
        if name == "file" or value in (None, [], {}, "") or (name == "weights_installed" and not document["weights"]):
            continue
        if name == "params":
            value = {k: AUTOMATIC if v == -1 else v for k, v in value.items()}
        label = name.replace("_", " ")
        if isinstance(value, list) and isinstance(value[0], Mapping):
            lines.append(f"  {label}:")
            lines += ["    " + _flat(item) for item in value]
        else:
            lines.append(f"  {label}: {_flat(value)}")
    return lines


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(str(k))} {_flat(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_flat(v) for v in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, int) and value >= 1000:
        return f"{value:,}"
    return clean(str(value))
