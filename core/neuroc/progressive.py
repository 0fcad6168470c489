"""Pictures before they are complete: the beginning of each coded stream (capabilities Progressive, Previewing
and PreviewingModel).

What comes out is a guess: no digest proves it, and of each tile's stream only the beginning is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .codecs import raw
from .container import parse
from .driver import decode_beginning, split_side
from .errors import CorruptFileError, UnsupportedPictureError, UsageError
from .model import Previewing, PreviewingModel, Progressive, RawCodec, Spec
from .models import batch_size, guarded, open_coder, open_model, weights_for_decoding
from .opened import DEFAULT_OPTIONS, DecodeOptions, OpenFile
from .picture import Picture
from .tiles import RAW
from .weights import NO_WEIGHTS

Samples = NDArray[Any]


def decode_partly(
    data: bytes, upto: int | None, options: DecodeOptions = DEFAULT_OPTIONS, name: str | None = None
) -> Picture:
    """The picture after ``upto`` steps of each tile; None: the preview, without a network if it needs none.

    Raises UsageError if the codec cannot do that, CorruptFileError, PluginError, LimitError.
    """
    file = OpenFile.file(parse(data, limits=options.limits, name=name), replace(options, region=None))
    parsed = file.parsed
    if isinstance(file.loaded.codec, RawCodec):
        raise _impossible(file, upto)
    for t in file.tiles:
        for g, (method, stream) in enumerate(parsed.tile_groups(t)):
            group = parsed.groups[g]
            place = file.place(t)[:, :, group.first : group.first + group.count]
            if method != RAW and not file.loaded.codes(group, parsed.preamble.bits):
                raise CorruptFileError(f"tile {t} has plane group {g} coded by {file.loaded.id}", file=parsed.name)
            if method == RAW:
                place[...] = raw.CODEC.decode_tile(bytes(stream), file.spec(t, g, 1), raw.CODEC.params())
    for g, group in enumerate(parsed.groups):
        coded: dict[Spec, list[tuple[int, memoryview]]] = {}
        for t in file.tiles:
            method, stream = parsed.tile_groups(t)[g]
            if method != RAW:
                coded.setdefault(file.spec(t, g, 1), []).append((t, stream))
        for spec, tiles in coded.items():
            size = batch_size(file.loaded, spec, options.runtime)
            for begin in range(0, len(tiles), size):
                batch = tiles[begin : begin + size]
                decoded = _decode(file, g, replace(spec, batch=len(batch)), upto, [s for _, s in batch])
                for (t, _), samples in zip(batch, decoded, strict=True):
                    file.place(t)[:, :, group.first : group.first + group.count] = samples
    metadata = parsed.metadata()
    try:
        return Picture(file.samples, parsed.header.mode, parsed.preamble.bits, metadata)
    except UnsupportedPictureError as error:  # samples that no encoder writes; no digest has told
        raise CorruptFileError(error.message, file=parsed.name) from None


def _decode(file: OpenFile, group: int, spec: Spec, upto: int | None, items: Sequence[memoryview]) -> Samples:
    """Samples (B, H, W, C) of tiles that a model coded."""
    loaded, runtime = file.loaded, file.options.runtime
    coder = open_coder(file.parsed.header.coder)
    if upto is None and isinstance(loaded.codec, Previewing):
        with guarded(loaded.id):
            beginning = loaded.codec.preview(spec, loaded.params)
            if beginning is None and spec.kind == "alpha":  # shown opaque, if the colours before it have a preview
                opaque = (1 << spec.bits) - 1
                return np.full((spec.batch, spec.height, spec.width, spec.channels), opaque, dtype=file.samples.dtype)
            if beginning is None:
                raise _impossible(file, upto)
            return decode_beginning(beginning, items, coder)
    digest = file.weights_digest(group)
    weights = weights_for_decoding(loaded, digest, runtime.weights) if digest else NO_WEIGHTS
    model = open_model(loaded, weights, spec, runtime)
    if not isinstance(model, PreviewingModel if upto is None else Progressive):
        raise _impossible(file, upto)
    with guarded(loaded.id):
        side, streams = split_side(model, items)
        if upto is None:
            steps = model.preview(spec, loaded.params, side)
        else:
            steps = model.partial(spec, loaded.params, side, upto)
        planes = decode_beginning(steps, streams, coder)
        samples = model.synthesise(planes, spec, loaded.params)
    return np.asarray(samples)


def _impossible(file: OpenFile, upto: int | None) -> UsageError:
    what, option = ("preview", "--preview") if upto is None else ("partial decoding", "--upto-step")
    return UsageError(
        f"the codec {file.loaded.id} has no {what} of this file",
        remedy=f"Decode without {option}",
        file=file.parsed.name,
    )
