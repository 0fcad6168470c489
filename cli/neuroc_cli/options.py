"""Options that several commands share, and what their values become."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from neuroc.errors import UsageError
from neuroc.limits import DEFAULT_LIMITS, Limits

Output = Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Output file; '-' is stdout.")]
OutDir = Annotated[
    str | None,
    typer.Option("--out-dir", metavar="DIR", help="Folder for outputs, made if missing; keeps sub-folders of inputs."),
]
Weights = Annotated[
    str | None,
    typer.Option("--weights", metavar="NAME|FILE", help="Weights: a name, a file, or (to decode) a folder of them."),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        min=1,
        max=1024,
        help="Pictures side by side; for a single one the threads of an engine that has some.",
    ),
]
Batch = Annotated[
    int | None,
    typer.Option("--batch", metavar="N", min=1, max=65536, help="How many tiles run through the network together."),
]
Engine = Annotated[str, typer.Option("--engine", metavar="ID", help="What computes: auto, numpy, torch, ...")]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help="cpu or cuda.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist.")]
SkipExisting = Annotated[bool, typer.Option("--skip-existing", help="Leave inputs out whose outputs exist.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
AllowPinned = Annotated[
    bool, typer.Option("--allow-pinned", help="Decode files of float models that were made by another build.")
]
MaxPixels = Annotated[int, typer.Option("--max-pixels", metavar="N", min=1, help="Largest picture, in pixels.")]
MaxWork = Annotated[int, typer.Option("--max-work", metavar="N", min=1, help="Most multiply-accumulates of decoding.")]
MaxSteps = Annotated[int, typer.Option("--max-steps", metavar="N", min=1, help="Most sequential steps of decoding.")]
MaxMemory = Annotated[
    int, typer.Option("--max-memory", metavar="N", min=1, help="Working memory that one tile may need, in bytes.")
]
MaxMetadata = Annotated[int, typer.Option("--max-metadata", metavar="N", min=0, help="Most metadata, in bytes.")]

PIXELS, WORK, STEPS = DEFAULT_LIMITS.pixels, DEFAULT_LIMITS.work, DEFAULT_LIMITS.steps
MEMORY, METADATA = DEFAULT_LIMITS.memory, DEFAULT_LIMITS.metadata


def limits(pixels: int, work: int, steps: int, memory: int, metadata: int) -> Limits:
    """The limits that the options state."""
    return Limits(pixels=pixels, work=work, steps=steps, memory=memory, metadata=metadata)


def region(text: str) -> tuple[int, int, int, int]:
    """``X,Y,W,H``; raises UsageError for anything else."""
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--region {text!r} is not X,Y,W,H", remedy="Give four integers in pixels") from None
    if x < 0 or y < 0 or width < 1 or height < 1:
        raise UsageError(f"--region {text!r} is empty or starts outside the picture")
    return x, y, width, height


def failure(error: Any) -> dict[str, Any]:
    """How an error stands in JSON."""
    return {"code": error.code, "exit_code": error.exit_code, "message": str(error)}
