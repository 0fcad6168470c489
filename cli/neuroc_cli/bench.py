"""``neuroc bench``: codecs side by side on the same pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options as o
from .planning import PICTURES
from .plugin_options import DEFAULT_PLUGIN, parse_params
from .progress import Progress
from .text import clean, count, print_json, size, table

if TYPE_CHECKING:
    from neuroc.bench import Contender


def register(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the command."""
    from .app import add

    add(app, "bench", bench)


def bench(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Pictures, or folders of pictures.")],
    plugin: Annotated[
        list[str] | None,
        typer.Option(
            "--plugin",
            metavar="ID[:NAME=VALUE,...]",
            help=f"Codec, with parameters; may be given several times. [default: {DEFAULT_PLUGIN}]",
        ),
    ] = None,
    peers: Annotated[
        str,
        typer.Option("--peers", metavar="NAMES", help="Some of png,webp,jxl (jxl is jxl-e7,jxl-e9)."),
    ] = "",
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N pictures.")] = None,
    engine: o.Engine = "auto",
    json: o.Json = False,
    max_pixels: o.MaxPixels = o.PIXELS,
    max_work: o.MaxWork = o.WORK,
    max_steps: o.MaxSteps = o.STEPS,
    max_memory: o.MaxMemory = o.MEMORY,
) -> int:
    """Compare codecs and other formats on the same pictures, in the same run, with one thread each.

    bpsp (bits per sub-pixel) is the mean over the pictures, encoding is timed without verification, every round
    trip is checked, and peak memory is that of a process of its own with the interpreter and libraries.
    """
    from neuroc.bench import compare, pictures_below
    from neuroc.limits import Limits

    contenders = [_codec(name, engine) for name in plugin or [DEFAULT_PLUGIN]] + _peers(peers)
    files = pictures_below([Path(p) for p in paths], PICTURES, limit)
    with Progress(len(files) * len(contenders), quiet=json) as progress:
        results = compare(
            contenders,
            files,
            limits=Limits(pixels=max_pixels, work=max_work, steps=max_steps, memory=max_memory),
            progress=progress.finished,
        )
    documents = [r.as_dict() for r in results]
    if json:
        print_json(documents)
    else:
        print(f"{count(len(files), 'picture')}, one thread each")
        print(_table(documents))
        for d in documents:
            if d["skipped"]:
                left_out, first = count(len(d["skipped"]), "picture"), d["skipped"][0]
                print(clean(f"{d['codec']}: {left_out} left out, {first['file']} first: {first['error']}"))
            for codec, number in _others(d).items():
                print(clean(f"{d['codec']}: {count(number, 'picture')} coded as {codec}"))
    return 0


def _others(document: dict[str, Any]) -> dict[str, int]:
    """Codecs that files ended up with instead of the one asked for, and how many did."""
    asked = document["codec"].partition(":")[0]
    taken = [f["codec"] for f in document["files"] if f.get("codec", asked) != asked]
    return {codec: taken.count(codec) for codec in sorted(set(taken))}


def _codec(text: str, engine: str) -> Contender:
    from neuroc.bench import Contender
    from neuroc.params import options
    from neuroc.plugins import load_codec

    name, _, params = text.partition(":")
    values = parse_params(options(load_codec(name).params), params)
    return Contender(text, codec=name, params={**values, "engine": engine})


def _peers(names: str) -> list[Contender]:
    from neuroc.bench import Contender
    from neuroc.peers import expand, peer

    found = expand(names)
    for name in found:
        peer(name)  # what is missing is said before anything is measured
    return [Contender(name, peer=name) for name in found]


def _table(documents: Sequence[dict[str, Any]]) -> str:
    """One row a contender; ratios are bytes against the first one."""
    first = documents[0]
    rows = [("codec", "pictures", "bytes", "ratio", "bpsp", "total", "encode MP/s", "decode MP/s", "peak")]
    for d in documents:
        same = d["pictures"] == first["pictures"] and first["bytes"]
        rows.append(
            (
                clean(d["codec"]),
                str(d["pictures"]),
                f"{d['bytes']:,}",
                f"{d['bytes'] / first['bytes']:.4f}" if same else "-",
                _number(d["bpsp"], ".4f"),
                _number(d["bpsp_total"], ".4f"),
                _number(d["encode_mps"], ".3g"),
                _number(d["decode_mps"], ".3g"),
                size(d["peak_bytes"]) if d["peak_bytes"] else "-",
            )
        )
    return table(rows)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
