"""``neuroc decode``: .nrc files to pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuroc.errors import CorruptFileError, NeurocError, UsageError
from neuroc.limits import Limits

from . import options as o
from .output import check_target, write_output
from .planning import FILES, STREAM, Task, plan
from .reading import read_bytes
from .text import rate, size
from .work import TOGETHER, Outcome, attempt, name_of, run_tasks

if TYPE_CHECKING:
    from neuroc.container import ParsedFile
    from neuroc.picture import Picture

FORMATS = {"png": "png", "tif": "tiff", "tiff": "tiff", "pbm": "pbm", "pgm": "pgm", "ppm": "ppm", "pnm": "pnm"} | {
    "pam": "pam"
}


def register(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the command."""
    from .app import add

    add(app, "decode", decode)


@dataclass(frozen=True, slots=True)
class DecodeWorker:
    """Reads, decodes and writes the files of a group; goes to worker processes whole."""

    format: str
    keywords: Mapping[str, Any] = field(default_factory=dict)  # of neuroc.decode
    limits: Limits = field(default_factory=Limits)
    partial: bool = False  # a picture before the last step: the preview, or ...
    upto_step: int | None = None  # ... the one after these steps
    salvage: bool = False
    force: bool = False

    def __call__(self, tasks: Sequence[Task], progress: Callable[[int, int], None]) -> list[Outcome]:
        """One outcome for each task; tiles of equal size run in lock-step, whichever files they are from."""
        outcomes: list[Outcome] = []
        together: list[tuple[Task, Any]] = []
        pixels = 0
        for task in tasks:
            file = attempt(task, lambda t=task: self._read(t))  # type: ignore[misc]
            size = 0 if isinstance(file, NeurocError) else file[1].preamble.width * file[1].preamble.height
            if pixels + size > min(self.limits.pixels, TOGETHER):
                outcomes += self._run(together, progress)
                together, pixels = [], 0
            together.append((task, file))
            pixels += size
        return outcomes + self._run(together, progress)

    def _run(self, read: Sequence[tuple[Task, Any]], progress: Callable[[int, int], None]) -> list[Outcome]:
        """Outcomes of files that were read, or of the errors of those that were not."""
        tasks, files = [t for t, _ in read], [f for _, f in read]
        sound = [i for i, f in enumerate(files) if not isinstance(f, NeurocError)]
        start = time.perf_counter()
        pictures = self._decode([tasks[i] for i in sound], [files[i][0] for i in sound], progress)
        seconds = (time.perf_counter() - start) / max(1, len(sound))
        decoded = dict(zip(sound, pictures, strict=True))
        outcomes = []
        for i, task in enumerate(tasks):
            result = decoded.get(i, files[i])
            if isinstance(result, NeurocError):
                result.file = result.file or name_of(task)
                outcomes.append(Outcome(task, error=result))
            else:
                outcomes.append(self._finish(task, result, files[i][1], seconds))
        return outcomes

    def _read(self, task: Task) -> tuple[bytes, ParsedFile]:
        """The bytes and the structure of a file."""
        from neuroc.container import parse

        check_target(task, self.force)
        data = read_bytes(task.source, self.limits) if task.data is None else task.data
        parsed = parse(data, limits=self.limits, name=name_of(task), lenient=self.salvage)
        return data, parsed

    def _decode(self, tasks: Sequence[Task], files: Sequence[bytes], progress: Callable[[int, int], None]) -> list[Any]:
        import neuroc

        shared = {"limits": self.limits, **self.keywords}
        if self.partial:

            def partly(task: Task, data: bytes) -> Any:
                return neuroc.decode_partly(data, self.upto_step, name=name_of(task), **shared), (), ()

            return [
                attempt(t, lambda t=t, d=d: partly(t, d))  # type: ignore[misc]
                for t, d in zip(tasks, files, strict=True)
            ]
        if self.salvage:
            return [
                attempt(t, lambda t=t, d=d: neuroc.salvage(d, name=name_of(t), **shared))  # type: ignore[misc]
                for t, d in zip(tasks, files, strict=True)
            ]
        if len(files) == 1:
            name = name_of(tasks[0])
            one = attempt(tasks[0], lambda: neuroc.decode(files[0], name=name, progress=progress, **shared))
            return [one if isinstance(one, NeurocError) else (one, (), ())]
        if not files:
            return []
        names = [name_of(t) for t in tasks]
        many = attempt(tasks[0], lambda: neuroc.decode_many(files, names=names, progress=progress, **shared))
        if isinstance(many, NeurocError):
            return [many] * len(files)
        return [p if isinstance(p, NeurocError) else (p, (), ()) for p in many]

    def _finish(
        self,
        task: Task,
        result: tuple[Picture, Sequence[int], Sequence[NeurocError]],
        parsed: ParsedFile,
        seconds: float,
    ) -> Outcome:
        from neuroc.pixels import unwritable, write_picture

        picture, lost, damage = result
        if lost and len(lost) == len(parsed.grid):
            return Outcome(
                task,
                error=CorruptFileError(
                    "nothing could be saved: all of the picture is damaged",
                    remedy="Copy it again from its source",
                    file=name_of(task),
                ),
            )

        def write() -> tuple[str, ...]:
            left_out = unwritable(picture, self.format)
            write_output(task, write_picture(picture, self.format), self.force)
            return tuple(left_out)

        left_out = attempt(task, write)
        if isinstance(left_out, NeurocError):
            return Outcome(task, error=left_out)
        pixels = picture.width * picture.height
        record: dict[str, Any] = {
            "input": task.source,
            "output": task.target,
            "plugin": parsed.header.codec,
            "width": picture.width,
            "height": picture.height,
            "mode": picture.mode,
            "bits": picture.bits,
            "bytes": len(parsed.view),
            "seconds": round(seconds, 6),
        }
        error = None
        if self.salvage:
            record["lost_tiles"] = list(lost)
            record["damage"] = [e.message for e in damage]
        if lost:
            numbers = ", ".join(map(str, lost[:10])) + (", ..." if len(lost) > 10 else "")
            error = CorruptFileError(
                f"{len(lost)} of {len(parsed.grid)} tiles lost and black in {task.target}: "
                f"{numbers} (counted from 0, row by row)",
                remedy="The other tiles are intact",
                file=name_of(task),
            )
        records = ", ".join(left_out[:10]) + (f", ... ({len(left_out)} records)" if len(left_out) > 10 else "")
        remarks = [f"{self.format} files cannot hold {records}: decode to PNG to keep all metadata"]
        if not left_out:
            remarks = []
        state = "some tiles are lost" if lost else "the picture is complete"
        remarks += [f"damaged ({e.message}), {state}" for e in damage]
        line = (
            f"{task.source} -> {task.target}: {picture.width}x{picture.height} {picture.mode} {picture.bits} bit, "
            f"from {size(len(parsed.view))}, {seconds:.2f} s, {rate(pixels, seconds)}"
        )
        return Outcome(task, record, line, tuple(remarks), error)


def decode(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE", help=".nrc files, folders, or - for stdin.")],
    output: o.Output = None,
    out_dir: o.OutDir = None,
    format: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME", help=f"{', '.join(FORMATS)}; by the suffix of -o, else png."),
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="X,Y,W,H", help="Only this part, in pixels; decodes its tiles.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="A first picture, from progressive codecs.")] = False,
    upto_step: Annotated[
        int | None,
        typer.Option("--upto-step", metavar="K", min=0, help="The picture after K steps, from progressive codecs."),
    ] = None,
    salvage: Annotated[bool, typer.Option("--salvage", help="Write what is intact in a damaged file.")] = False,
    weights: o.Weights = None,
    jobs: o.Jobs = 1,
    batch: o.Batch = None,
    engine: o.Engine = "auto",
    device: o.Device = "cpu",
    allow_pinned: o.AllowPinned = False,
    force: o.Force = False,
    skip_existing: o.SkipExisting = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
    max_pixels: o.MaxPixels = o.PIXELS,
    max_work: o.MaxWork = o.WORK,
    max_steps: o.MaxSteps = o.STEPS,
    max_memory: o.MaxMemory = o.MEMORY,
    max_metadata: o.MaxMetadata = o.METADATA,
) -> int:
    """Restore pictures from .nrc files: the same pixels and metadata on every machine.

    The output is the input's name with the suffix .png, beside it or in --out-dir. Each picture is checked against
    the digest in its file before anything is written.
    """
    kind = _format(output, format)
    suffix = f".{format.lower()}" if format else ".png"
    if salvage and region:
        raise UsageError("--salvage and --region exclude each other")
    tasks = plan(inputs, FILES, output, out_dir, suffix, force=force, skip_existing=skip_existing)
    if json and tasks[0].target == STREAM:
        raise UsageError("--json and the picture cannot both go to stdout", remedy="Give -o FILE")
    keywords: dict[str, Any] = {
        "weights": weights,
        "engine": engine,
        "device": device,
        "batch": batch,
        "threads": jobs if len(tasks) == 1 else 1,  # several are coded by processes
        "allow_pinned": allow_pinned,
    }
    if region:
        keywords["region"] = o.region(region)
    partial = preview or upto_step is not None
    if preview and upto_step is not None:
        raise UsageError("--preview and --upto-step exclude each other")
    if partial and (salvage or region):
        raise UsageError("--preview and --upto-step show the whole picture: not with --salvage or --region")
    limits = o.limits(max_pixels, max_work, max_steps, max_memory, max_metadata)
    worker = DecodeWorker(kind, keywords, limits, partial, upto_step, salvage, force)
    return run_tasks(tasks, worker, jobs=jobs, group=batch, quiet=quiet, json=json)


def _format(output: str | None, format: str | None) -> str:
    """The format to write; raises UsageError for one that cannot be written."""
    name = format
    if name is None:
        name = "png" if output in (None, STREAM) else Path(str(output)).suffix[1:]
    if name.lower() not in FORMATS:
        raise UsageError(
            f"cannot write {name!r} files" if name else f"{output} has no suffix that tells its format",
            remedy=f"Choose one of {', '.join(FORMATS)} as suffix of -o or with --format",
        )
    return FORMATS[name.lower()]
