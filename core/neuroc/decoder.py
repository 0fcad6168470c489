"""The bytes of files to pictures: work limits, tiles of several files in lock-step, digests, regions, salvage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .causal import Runner
from .codecs import raw
from .container import parse
from .digests import pixel_digest, tile_crc
from .driver import decode_items
from .errors import (
    CorruptFileError,
    DigestError,
    NeurocError,
)
from .model import Model, RawCodec, Spec
from .models import (
    Runtime,
    batch_size,
    guarded,
    open_coder,
    open_model,
    open_runner,
    weights_for_decoding,
)
from .opened import DEFAULT_OPTIONS, DecodeOptions, OpenFile
from .picture import Picture
from .tiles import RAW
from .weights import NO_WEIGHTS

Progress = Callable[[int, int], None]  # (pixels done, pixels in all)
Samples = NDArray[Any]


class Salvaged(NamedTuple):
    """What could be read of a damaged file."""

    picture: Picture  # lost tiles are zero
    lost: list[int]  # tiles, ascending
    damage: list[CorruptFileError]  # what else is wrong: structure, metadata


def decode_file(
    data: bytes, options: DecodeOptions = DEFAULT_OPTIONS, name: str | None = None, progress: Progress | None = None
) -> Picture:
    """The picture of a file, or of ``options.region`` of it. Raises CorruptFileError, PluginError, LimitError."""
    result = decode_files([data], options, [name], progress)[0]
    if isinstance(result, NeurocError):
        raise result
    return result


def decode_files(
    datas: Sequence[bytes],
    options: DecodeOptions = DEFAULT_OPTIONS,
    names: Sequence[str | None] | None = None,
    progress: Progress | None = None,
) -> list[Picture | NeurocError]:
    """The pictures of several files, tiles of equal size in lock-step; an error stands in its file's place."""
    names = names or [None] * len(datas)
    opened: list[OpenFile | NeurocError] = []
    for data, name in zip(datas, names, strict=True):
        try:
            opened.append(OpenFile.file(parse(data, limits=options.limits, name=name), options))
        except NeurocError as error:
            opened.append(error)
    files = [f for f in opened if isinstance(f, OpenFile)]
    _decode_tiles(files, options, progress)
    return [_finish(f) if isinstance(f, OpenFile) else f for f in opened]


def salvage_file(data: bytes, options: DecodeOptions = DEFAULT_OPTIONS, name: str | None = None) -> Salvaged:
    """Decode what is intact of a damaged file; raises CorruptFileError if its header is lost.

    Whatever else decode_file raises (weights that are missing, a broken plugin) is no damage and raised here too.
    """
    parsed = parse(data, limits=options.limits, name=name, lenient=True)
    file = OpenFile.file(parsed, replace(options, region=None))
    _decode_tiles([file], options, None, salvage=True)
    for error in file.failures.values():
        if not isinstance(error, CorruptFileError):
            raise error
    damage = [e for e in parsed.damage if isinstance(e, CorruptFileError)]
    try:
        metadata = parsed.metadata()
    except CorruptFileError as error:
        metadata = ()
        damage.append(error)
    lost = set(file.failures)
    header = parsed.header
    if not lost and pixel_digest(file.samples, header.mode, parsed.preamble.bits) != header.pixel_digest:
        damage.append(_wrong_pixels(file))
        lost = set(file.tiles) if parsed.crcs is None else lost
    for t in lost:
        file.place(t)[...] = 0
    picture = Picture(file.samples, header.mode, parsed.preamble.bits, metadata)
    return Salvaged(picture, sorted(lost), damage)


@dataclass(frozen=True, slots=True)
class _Job:
    """One plane group of one tile that a model has to decode."""

    file: OpenFile
    tile: int
    group: int
    data: memoryview


def _decode_tiles(
    files: Sequence[OpenFile], options: DecodeOptions, progress: Progress | None, salvage: bool = False
) -> None:
    """Fill the samples of all files; what fails is noted with its tile, and ends its file unless ``salvage``."""
    total = sum(len(f.parsed.groups) * f.parsed.grid[t].width * f.parsed.grid[t].height for f in files for t in f.tiles)
    done = 0

    def advance(pixels: int) -> None:
        nonlocal done
        done += pixels
        if progress:
            progress(done, total)

    queues: dict[tuple[Any, ...], list[_Job]] = {}
    pending = _Pending()
    for file in files:
        for tile in file.tiles:
            if file.hopeless(salvage):
                break
            try:
                groups = file.parsed.tile_groups(tile)
            except CorruptFileError as error:
                file.fail(tile, error)
                continue
            pending.open(file, tile)
            for g, (method, data) in enumerate(groups):
                job = _Job(file, tile, g, data)
                if method != RAW and not file.loaded.codes(file.parsed.groups[g], file.parsed.preamble.bits):
                    file.fail(tile, CorruptFileError(f"tile {tile} has plane group {g} coded by {file.loaded.id}"))
                elif method == RAW or isinstance(file.loaded.codec, RawCodec):
                    _decode_plain(job, method, pending)
                    advance(file.spec(tile, g, 1).pixels)
                else:
                    _enqueue(job, queues)
            pending.close(file, tile)
    for jobs in queues.values():
        first = jobs[0]
        size = batch_size(
            first.file.loaded,
            first.file.spec(first.tile, first.group, 1),
            options.runtime,
            _runner(first.file, first.group, first.tile, options.runtime),
        )
        for begin in range(0, len(jobs), size):
            batch = [job for job in jobs[begin : begin + size] if not job.file.hopeless(salvage)]
            if batch:
                _decode_batch(batch, options.runtime, pending, advance, salvage)
    if done < total:
        advance(total - done)  # tiles that failed are done with, too


class _Pending:
    """Tiles whose plane groups are not all there yet: full-size samples, checked and placed when they are."""

    def __init__(self) -> None:
        self._tiles: dict[tuple[int, int], tuple[Samples, int]] = {}

    def open(self, file: OpenFile, tile: int) -> None:
        box = file.parsed.grid[tile]
        shape = (box.height, box.width, file.parsed.preamble.channels)
        # Room for every tile would double the memory: a tile that lies wholly in the area is decoded in place.
        place = file.place(tile)
        samples = place if place.shape == shape else np.zeros(shape, dtype=file.samples.dtype)
        self._tiles[id(file), tile] = samples, len(file.parsed.groups) + 1

    def put(self, job: _Job, samples: Samples) -> None:
        group = job.file.parsed.groups[job.group]
        target, _ = self._tiles[id(job.file), job.tile]
        target[:, :, group.first : group.first + group.count] = samples
        self.close(job.file, job.tile)

    def close(self, file: OpenFile, tile: int) -> None:
        """One part of the tile is complete; after the last one its CRC is checked."""
        samples, missing = self._tiles[id(file), tile]
        if missing > 1:
            self._tiles[id(file), tile] = samples, missing - 1
            return
        del self._tiles[id(file), tile]
        stored = file.parsed.tile_crc(tile)
        if stored is not None and stored != tile_crc(samples):
            file.fail(tile, DigestError(f"tile {tile} decodes to other pixels than were stored"))
        place = file.place(tile)
        if place.shape != samples.shape:
            place[...] = file.inside(tile, samples)


def _decode_plain(job: _Job, method: int, pending: _Pending) -> None:
    file, spec = job.file, job.file.spec(job.tile, job.group, 1)
    try:
        if method == RAW:
            samples = raw.CODEC.decode_tile(bytes(job.data), spec, raw.CODEC.params())
        else:
            codec = file.loaded.codec
            assert isinstance(codec, RawCodec)
            with guarded(file.loaded.id):
                samples = codec.decode_tile(bytes(job.data), spec, file.loaded.params)
    except NeurocError as error:
        file.fail(job.tile, error)
        return
    pending.put(job, samples)


def _enqueue(job: _Job, queues: dict[tuple[Any, ...], list[_Job]]) -> None:
    file = job.file
    try:
        digest = file.weights_digest(job.group)
    except NeurocError as error:
        file.fail(job.tile, error)
        return
    header = file.parsed.header
    key = (header.codec, header.coder, digest, file.loaded.params, file.spec(job.tile, job.group, 1))
    queues.setdefault(key, []).append(job)


def _decode_batch(
    jobs: Sequence[_Job], runtime: Runtime, pending: _Pending, advance: Callable[[int], None], salvage: bool
) -> None:
    """Decode jobs of one kind in lock-step; if the batch fails, one by one, so that each error finds its tile."""
    first = jobs[0].file
    spec = first.spec(jobs[0].tile, jobs[0].group, len(jobs))
    try:
        model = _model(first, jobs[0].group, spec, runtime)
        coder = open_coder(first.parsed.header.coder)
    except NeurocError as error:  # no tile is at fault
        for job in jobs:
            job.file.fail(job.tile, error)
        return
    try:
        with guarded(first.loaded.id):
            runner = open_runner(model, spec, first.loaded.params, runtime)
            decoded = decode_items(
                model, [j.data for j in jobs], spec, first.loaded.params, coder, advance, runner, runtime.threads
            )
    except NeurocError as error:
        if len(jobs) == 1:
            jobs[0].file.fail(jobs[0].tile, error)
        for job in jobs if len(jobs) > 1 else ():
            if not job.file.hopeless(salvage):
                _decode_batch([job], runtime, pending, lambda _: None, salvage)
        return
    for job, samples in zip(jobs, decoded, strict=True):
        pending.put(job, samples)


def _model(file: OpenFile, group: int, spec: Spec, runtime: Runtime) -> Model:
    digest = file.weights_digest(group)
    weights = weights_for_decoding(file.loaded, digest, runtime.weights) if digest else NO_WEIGHTS
    return open_model(file.loaded, weights, spec, runtime)


def _runner(file: OpenFile, group: int, tile: int, runtime: Runtime) -> Runner | None:
    """The runner of a kind of tile; None also where something fails, which every tile will tell."""
    with suppress(NeurocError), guarded(file.loaded.id):
        spec = file.spec(tile, group, 1)
        return open_runner(_model(file, group, spec, runtime), spec, file.loaded.params, runtime)
    return None


def _finish(file: OpenFile) -> Picture | NeurocError:
    """The finished picture with everything that proves it, or what went wrong."""
    parsed = file.parsed
    if file.failures:
        return file.failures[min(file.failures)]
    try:
        metadata = parsed.metadata()
    except NeurocError as error:
        return error
    mode, bits = parsed.header.mode, parsed.preamble.bits
    complete = (file.area.width, file.area.height) == (parsed.preamble.width, parsed.preamble.height)
    if complete and pixel_digest(file.samples, mode, bits) != parsed.header.pixel_digest:
        return _wrong_pixels(file)
    samples = file.samples
    if file.options.region is not None and file.area != file.options.region:
        x, y, width, height = file.options.region
        samples = np.ascontiguousarray(samples[y : y + height, x : x + width])
    try:
        return Picture(samples, mode, bits, metadata)
    except NeurocError as error:
        return CorruptFileError(error.message, file=parsed.name)


def _wrong_pixels(file: OpenFile) -> DigestError:
    return DigestError(
        "the decoded pixels do not have the digest that the file states",
        remedy="The file is damaged: copy it again from its source",
        file=file.parsed.name,
    )
