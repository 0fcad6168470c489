"""``neuroc encode``: pictures to .nrc files."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuroc.errors import NeurocError, PictureError, UsageError
from neuroc.limits import Limits

from . import options as o
from .output import check_target, write_output
from .planning import PICTURES, STREAM, Task, plan
from .plugin_options import DEFAULT_PLUGIN, codec_options, named_plugins, with_options
from .text import rate, size
from .work import TOGETHER, Outcome, attempt, name_of, run_tasks

if TYPE_CHECKING:
    from neuroc.picture import Picture


def register(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the command with the options of the codec that ``arguments`` name."""
    from .app import add

    named = named_plugins(arguments)
    add(app, "encode", with_options(encode, codec_options(arguments), named[-1] if named else DEFAULT_PLUGIN))


@dataclass(frozen=True, slots=True)
class EncodeWorker:
    """Reads, encodes and writes pictures, one after the other; goes to worker processes whole."""

    plugin: str
    keywords: Mapping[str, Any] = field(default_factory=dict)  # of neuroc.encode
    limits: Limits = field(default_factory=Limits)
    frame: int | None = None
    force: bool = False

    def __call__(self, tasks: Sequence[Task], progress: Callable[[int, int], None]) -> list[Outcome]:
        """One outcome for each task; small pictures are verified together."""
        outcomes: list[Outcome] = []
        together: list[tuple[Task, Any]] = []
        pixels = 0
        for task in tasks:
            picture = attempt(task, lambda t=task: self._read(t))  # type: ignore[misc]
            size = 0 if isinstance(picture, NeurocError) else picture.width * picture.height
            if together and pixels + size > TOGETHER:
                outcomes += self._run(together, progress)
                together, pixels = [], 0
            together.append((task, picture))
            pixels += size
        return outcomes + self._run(together, progress)

    def _run(self, read: Sequence[tuple[Task, Any]], progress: Callable[[int, int], None]) -> list[Outcome]:
        """Outcomes of pictures that were read, or of the errors of those that were not."""
        sound = [i for i, (_, picture) in enumerate(read) if not isinstance(picture, NeurocError)]
        start = time.perf_counter()
        coded = dict(zip(sound, self._encode([read[i] for i in sound], progress), strict=True))
        seconds = (time.perf_counter() - start) / max(1, len(sound))
        outcomes = []
        for i, (task, picture) in enumerate(read):
            result = coded.get(i, picture)
            if not isinstance(result, NeurocError):
                result = attempt(task, lambda t=task, p=picture, d=result: self._finish(t, p, d, seconds))  # type: ignore[misc]
            if isinstance(result, NeurocError):
                result.file = result.file or name_of(task)
                result = Outcome(task, error=result)
            outcomes.append(result)
        return outcomes

    def _encode(self, read: Sequence[tuple[Task, Any]], progress: Callable[[int, int], None]) -> list[Any]:
        """The bytes of each file, or the error in its place."""
        import neuroc

        keywords = {"plugin": self.plugin, "limits": self.limits, **self.keywords}
        if len(read) == 1:
            ((task, picture),) = read
            return [attempt(task, lambda: neuroc.encode(picture, progress=progress, **keywords))]
        try:
            return list(neuroc.encode_many([picture for _, picture in read], **keywords))
        except Exception:  # of all alike, or a bug with one of them: each task gets its own
            return [attempt(t, lambda p=p: neuroc.encode(p, **keywords)) for t, p in read]  # type: ignore[misc]

    def _read(self, task: Task) -> Picture:
        from neuroc.pixels import read_picture

        check_target(task, self.force)
        source = task.source if task.data is None else task.data
        try:
            return read_picture(source, frame=self.frame, limits=self.limits, name=name_of(task))
        except PictureError:
            if _is_coded(source):
                raise UsageError("is a .nrc file", remedy="Use 'neuroc decode'", file=name_of(task)) from None
            raise

    def _finish(self, task: Task, picture: Picture, data: bytes, seconds: float) -> Outcome:
        """Write the file and say what it is."""
        from neuroc.container import parse
        from neuroc.pixels import source_remark

        write_output(task, data, self.force)
        pixels = picture.width * picture.height
        bpsp = 8 * len(data) / (pixels * picture.channels)
        remark = source_remark(task.source if task.data is None else task.data)
        codec = parse(data, limits=self.limits).header.codec  # ``raw`` where it wins everywhere
        other = "" if codec == self.plugin else f", coded as {codec}"
        return Outcome(
            task,
            {
                "input": task.source,
                "output": task.target,
                "plugin": codec,
                "width": picture.width,
                "height": picture.height,
                "mode": picture.mode,
                "bits": picture.bits,
                "bytes": len(data),
                "bpsp": round(bpsp, 6),
                "seconds": round(seconds, 6),
            },
            f"{task.source} -> {task.target}: {picture.width}x{picture.height} {picture.mode} {picture.bits} bit, "
            f"{size(len(data))}, {bpsp:.3f} bpsp, {seconds:.2f} s, {rate(pixels, seconds)}{other}",
            (remark,) if remark else (),
        )


def _is_coded(source: str | bytes) -> bool:
    """Whether a file or its bytes begin like a .nrc file."""
    from neuroc.chunks import SIGNATURE

    if isinstance(source, bytes):
        return source.startswith(SIGNATURE)
    with Path(source).open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def encode(
    inputs: Annotated[
        list[str], typer.Argument(metavar="IMAGE", help="Pictures, folders of pictures, or - for stdin.")
    ],
    output: o.Output = None,
    out_dir: o.OutDir = None,
    plugin: Annotated[
        str, typer.Option("--plugin", metavar="ID", help="Codec; --plugin ID --help shows its options.")
    ] = DEFAULT_PLUGIN,
    weights: o.Weights = None,
    coder: Annotated[str, typer.Option("--coder", metavar="ID", help="Entropy coder.")] = "rans24",
    tile: Annotated[
        int, typer.Option("--tile", metavar="N", min=1, max=2**31 - 1, help="Longest side of a tile.")
    ] = 512,
    jobs: o.Jobs = 1,
    batch: o.Batch = None,
    engine: o.Engine = "auto",
    device: o.Device = "cpu",
    frame: Annotated[
        int | None, typer.Option("--frame", metavar="N", min=0, help="Which one of several pictures.")
    ] = None,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Do not decode the result and compare it with the source.")
    ] = False,
    no_raw: Annotated[
        bool, typer.Option("--no-raw", help="Keep tiles with the codec even where 'raw' would be smaller.")
    ] = False,
    force: o.Force = False,
    skip_existing: o.SkipExisting = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
    max_pixels: o.MaxPixels = o.PIXELS,
    max_work: o.MaxWork = o.WORK,
    max_steps: o.MaxSteps = o.STEPS,
    max_memory: o.MaxMemory = o.MEMORY,
    max_metadata: o.MaxMetadata = o.METADATA,
    **params: Any,
) -> int:
    """Compress pictures to .nrc files, losslessly, and check each one by decoding it.

    The output is the input's name with the suffix .nrc, beside it or in --out-dir. Folders are searched with all
    their sub-folders. Options marked with a codec's name belong to the codec of --plugin.
    """
    tasks = plan(inputs, PICTURES, output, out_dir, ".nrc", force=force, skip_existing=skip_existing)
    if json and tasks[0].target == STREAM:
        raise UsageError("--json and the file cannot both go to stdout", remedy="Give -o FILE")
    from neuroc.plugins import registry

    registry().codec(plugin)  # once here rather than once for each picture
    registry().coder(coder)
    keywords = {
        "weights": weights,
        "coder": coder,
        "tile": tile,
        "engine": engine,
        "device": device,
        "batch": batch,
        "threads": jobs if len(tasks) == 1 else 1,  # several are coded by processes
        "raw": not no_raw,
        "verify": not no_verify,
        **params,
    }
    worker = EncodeWorker(
        plugin, keywords, o.limits(max_pixels, max_work, max_steps, max_memory, max_metadata), frame, force
    )
    return run_tasks(tasks, worker, jobs=jobs, group=batch, quiet=quiet, json=json)
