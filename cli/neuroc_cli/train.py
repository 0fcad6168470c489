"""``neuroc train``: hands the request to the codec's own training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from neuroc.errors import OutputExistsError, PluginError, StorageError, UsageError

from . import options as o

DEVICES = ("auto", "cpu", "cuda")


def register(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the command."""
    from .app import add

    add(app, "train", train)


def train(
    codec: Annotated[str, typer.Argument(metavar="ID", help="The codec.")],
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            metavar="DIR[:TILE][@WEIGHT]",
            help="Folder with pictures, or with mosaics of TILE x TILE pixels; may be given several times.",
        ),
    ],
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Where the weights go (.safetensors).")],
    variant: Annotated[
        str | None,
        typer.Option("--variant", metavar="NAME", help="Which one of the codec's networks."),
    ] = None,
    minutes: Annotated[float, typer.Option("--minutes", metavar="N", min=0.01, help="Training time.")] = 60.0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint beside FILE.")] = False,
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="auto, cpu or cuda.")] = "auto",
    force: o.Force = False,
) -> int:
    """Train the weights of a codec from scratch on your own pictures (needs torch)."""
    import importlib.util

    from neuroc.plugins import load_object, registry
    from neuroc.training import CHECKPOINT_SUFFIX, DataFolder, TrainRequest

    if device not in DEVICES:
        raise UsageError(f"--device must be one of {', '.join(DEVICES)}, not {device!r}")
    origin = registry().codec(codec)
    if not origin.entry.train:
        raise PluginError(f"the codec {codec} has no training", remedy="Only codecs with networks can be trained")
    if importlib.util.find_spec("torch") is None:
        raise PluginError("training needs torch, which is not installed", remedy="pip install 'neuroc-codec[train]'")
    folders = [DataFolder.parse(d) for d in data]
    for folder in folders:
        if not folder.path.is_dir():
            raise StorageError("is not a folder", remedy="--data names folders of pictures", file=str(folder.path))
    target = Path(out)
    if target.is_dir():
        raise UsageError(f"{out} is a folder", remedy="--out names the weights file")
    if target.exists() and not (force or resume):
        raise OutputExistsError("the output exists", remedy="Give --force, --resume, or another --out", file=out)
    checkpoint = target.with_name(target.stem + CHECKPOINT_SUFFIX)
    if checkpoint.exists() and not (force or resume):
        raise OutputExistsError(
            "a training was interrupted here", remedy="Give --resume to go on, or --force", file=str(checkpoint)
        )
    load_object(origin.entry.train, origin)(
        TrainRequest(data=tuple(folders), out=target, minutes=minutes, resume=resume, device=device, variant=variant)
    )
    return 0
