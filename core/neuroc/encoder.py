"""A picture to the bytes of a file: plane groups, tiles, the codec against ``raw``, header, verification."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .causal import Runner
from .codecs import raw
from .container import Preamble, build_file
from .cost import coding_cost
from .digests import pixel_digest, tile_crc
from .driver import encode_items
from .errors import CorruptFileError, LimitError, NeurocError, UsageError, VerificationError, WeightsError
from .header import DEFAULT_CODER, DEFAULT_TILE, Header
from .limits import DEFAULT_LIMITS, Limits
from .model import Adaptive, Model, RawCodec, SmallTiles, Spec
from .models import (
    DEFAULT_RUNTIME,
    LoadedCodec,
    Runtime,
    batch_size,
    guarded,
    open_codec,
    open_coder,
    open_model,
    open_runner,
    weights_name,
)
from .params import params_to_header
from .picture import Picture, same_picture
from .tiles import CODEC, RAW, Box, Group, TileGrid, pack_groups, plane_groups, tile_grid
from .weights import NO_WEIGHTS, chosen_weights, resolve_weights

Progress = Callable[[int, int], None]  # (pixels done, pixels in all)
Samples = NDArray[Any]

RAW_HOPE = 1.05  # ``raw`` is tried in earnest if its estimate is below this share of the codec's bytes
RAW_TILE = 4096  # instead of the default: ``raw`` finds its repetitions over more than 512 pixels
SMALL = 1 << 12  # samples up to which the header decides


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """What an encode may choose."""

    plugin: str = "causal59k"
    params: Mapping[str, object] = field(default_factory=dict)
    coder: str = DEFAULT_CODER
    tile: int = DEFAULT_TILE
    runtime: Runtime = DEFAULT_RUNTIME
    verify: bool = True
    limits: Limits = DEFAULT_LIMITS
    raw: bool = True  # whether ``raw`` competes; False shows an author his codec alone


def software_version() -> str:
    """The version that stands in files."""
    try:
        return version("neuroc-codec")
    except PackageNotFoundError:
        return "0+checkout"


@dataclass(frozen=True, slots=True)
class _Coded:
    """All tiles of a picture under one grid, with the header fields that they need."""

    loaded: LoadedCodec
    weights: tuple[bytes, ...]
    grid: TileGrid
    tile: int
    payloads: list[bytes]
    raw_groups: int  # plane groups of tiles that went to ``raw``


def encode_picture(picture: Picture, options: EncodeOptions, progress: Progress | None = None) -> bytes:
    """The file. Raises UsageError, LimitError, PluginError and their kinds, VerificationError."""
    options.limits.check_pixels(picture.width, picture.height)
    if not 1 <= options.tile < 2**31:
        raise UsageError(f"a tile of {options.tile} pixels", remedy="Use a tile size of 1 or more (512 is usual)")
    loaded = open_codec(options.plugin, options.params)
    coded = _encode_grid(picture, loaded, options, options.tile, progress)
    data = _file(picture, coded, options)
    if options.raw and loaded.id != "raw" and _raw_may_be_smaller(picture, coded):
        with suppress(LimitError):  # its larger tiles take more memory; the file that there is will do
            own = replace(options, runtime=replace(options.runtime, weights=None))  # which are the codec's
            plain = _encode_grid(picture, open_codec("raw", {}), own, options.tile, None)
            data = min(data, _file(picture, plain, options), key=len)
    if options.verify:
        (error,) = verify_files([data], [picture], options)
        if error is not None:
            raise error
    return data


def verify_files(
    datas: Sequence[bytes], pictures: Sequence[Picture], options: EncodeOptions
) -> list[NeurocError | None]:
    """Decode files, in lock-step where they can, and compare each with its source, metadata included.

    What is wrong with each: a VerificationError, or what keeps it from being decoded; None if it holds its picture.
    """
    from .decoder import decode_files
    from .opened import DecodeOptions

    found: list[NeurocError | None] = []
    decoding = DecodeOptions(runtime=options.runtime, limits=options.limits, allow_pinned=True)
    for decoded, picture in zip(decode_files(datas, decoding), pictures, strict=True):
        # A CorruptFileError of a file that is fresh: its encoder is at fault, not its storage.
        if isinstance(decoded, NeurocError) and not isinstance(decoded, CorruptFileError):
            found.append(decoded)
        elif (
            isinstance(decoded, CorruptFileError)
            or not same_picture(decoded, picture)
            or decoded.metadata != picture.metadata
        ):
            why = f" ({decoded.message})" if isinstance(decoded, CorruptFileError) else ""
            error = VerificationError(
                f"the decoded picture differs from its source{why}; nothing was written",
                remedy="Please report this with the picture; --plugin raw is a way around",
            )
            error.__cause__ = decoded if isinstance(decoded, CorruptFileError) else None
            found.append(error)
        else:
            found.append(None)
    return found


def _raw_may_be_smaller(picture: Picture, coded: _Coded) -> bool:
    """Whether a file of ``raw`` alone is worth trying: its tiles are larger, and its header is short."""
    groups = len(plane_groups(picture.mode)) * len(coded.grid)
    graphics = coded.raw_groups * 4 > groups and len(coded.grid) > 1
    return graphics or (coded.loaded.id != "raw" and picture.samples.size <= SMALL)


def _encode_grid(
    picture: Picture, loaded: LoadedCodec, options: EncodeOptions, tile: int, progress: Progress | None
) -> _Coded:
    groups = plane_groups(picture.mode)
    if tile == DEFAULT_TILE < max(picture.width, picture.height) and loaded.id == "raw":
        tile = RAW_TILE
    largest = loaded.codec.largest_tile if isinstance(loaded.codec, SmallTiles) else tile
    if largest < min(tile, max(picture.width, picture.height)):
        if tile != DEFAULT_TILE:
            raise UsageError(f"{loaded.id} codes tiles of at most {largest} pixels", remedy=f"Use --tile {largest}")
        tile = largest
    grid = tile_grid(picture.width, picture.height, tile)
    options.limits.check_tiles(len(grid))
    cost = coding_cost(loaded, groups, picture.bits, grid)
    options.limits.check_work(cost.macs)
    options.limits.check_steps(cost.steps)
    options.limits.check_memory(cost.peak_bytes)
    plan = _Plan.make(picture, groups, loaded, options)
    loaded = plan.loaded
    total, done = picture.width * picture.height * len(groups), 0
    parts: list[list[tuple[int, bytes]]] = [[(RAW, b"")] * len(groups) for _ in range(len(grid))]
    for g, group in enumerate(groups):
        for tiles in _batches(grid, plan, picture, g, options.runtime):
            boxes = [grid[t] for t in tiles]
            x = np.stack([_cut(picture, box, group) for box in boxes])
            spec = plan.spec(picture, loaded, group, boxes[0], len(boxes))
            for t, item, best in zip(tiles, x, plan.encode(g, group, x, spec), strict=True):
                parts[t][g] = _against_raw(item, replace(spec, batch=1), best, options.raw)
            done += len(tiles) * spec.pixels
            if progress:
                progress(done, total)
    payloads = [pack_groups(p) for p in parts]
    raw_groups = sum(method == RAW for tile_parts in parts for method, _ in tile_parts)
    if raw_groups == len(parts) * len(groups):
        return _Coded(open_codec("raw", {}), (), grid, tile, payloads, raw_groups)
    return _Coded(loaded, plan.digests, grid, tile, payloads, raw_groups)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which plane group goes to which model."""

    loaded: LoadedCodec
    models: tuple[Model | None, ...]  # one per group; None goes to ``raw`` or to a codec without a network
    runners: tuple[Runner | None, ...]  # one per group: what runs its model, if the engine does
    digests: tuple[bytes, ...]
    coder_id: str
    threads: int

    @classmethod
    def make(cls, picture: Picture, groups: Sequence[Group], loaded: LoadedCodec, options: EncodeOptions) -> _Plan:
        models: list[Model | None] = []
        digests: dict[str, bytes] = {}  # by the name of the network
        for group in groups:
            if isinstance(loaded.codec, RawCodec) or not loaded.codes(group, picture.bits):
                models.append(None)
                continue
            spec = cls.spec(picture, loaded, group, Box(0, 0, picture.width, picture.height), 1)
            name = weights_name(loaded, spec)
            weights = resolve_weights(loaded.id, name, options.runtime.weights) if name else NO_WEIGHTS
            model = open_model(loaded, weights, spec, options.runtime, encoding=True)
            if isinstance(model, Adaptive):
                x = picture.samples[:, :, group.first : group.first + group.count]
                with guarded(loaded.id):
                    loaded = replace(loaded, params=model.adapt(x, spec, loaded.params))
            models.append(model)
            if name:
                digests[name] = weights.digest
        override = options.runtime.weights
        if override and chosen_weights(loaded.id, override).digest not in digests.values():
            raise WeightsError(
                f"the weights {override!r} are for another kind of picture than {picture.mode}",
                remedy=f"This picture takes {', '.join(digests)}; leave --weights out for the default",
            )
        runners: list[Runner | None] = []
        for group, chosen in zip(groups, models, strict=True):
            runner = None
            if chosen is not None:
                spec = cls.spec(picture, loaded, group, Box(0, 0, picture.width, picture.height), 1)
                with guarded(loaded.id):
                    runner = open_runner(chosen, spec, loaded.params, options.runtime)
            runners.append(runner)
        threads = options.runtime.threads
        return cls(loaded, tuple(models), tuple(runners), tuple(digests.values()), options.coder, threads)

    @staticmethod
    def spec(picture: Picture, loaded: LoadedCodec, group: Group, box: Box, batch: int) -> Spec:
        return Spec(box.height, box.width, group.count, picture.bits, batch, group.kind, loaded.entry.bitstream)

    def encode(self, number: int, group: Group, x: Samples, spec: Spec) -> Sequence[bytes | None]:
        """The codec's bytes of each item of ``x`` (B, H, W, C), None where it does not code the group."""
        model, codec = self.models[number], self.loaded.codec
        with guarded(self.loaded.id):
            if model is not None:
                runner = self.runners[number]
                return encode_items(model, x, spec, self.loaded.params, open_coder(self.coder_id), runner, self.threads)
            if isinstance(codec, RawCodec) and self.loaded.codes(group, spec.bits):
                return [codec.encode_tile(item, replace(spec, batch=1), self.loaded.params) for item in x]
        return [None] * len(x)


def _against_raw(x: Samples, spec: Spec, best: bytes | None, competes: bool) -> tuple[int, bytes]:
    """(method, bytes) of one plane group of a tile (H, W, C): the smaller one, or ``best`` unless ``raw`` competes."""
    if best is not None and (not competes or _raw_is_larger(x, spec, best)):
        return CODEC, best
    plain = raw.CODEC.encode_tile(x, spec, raw.CODEC.params())
    return (CODEC, best) if best is not None and len(best) <= len(plain) else (RAW, plain)


def _raw_is_larger(x: Samples, spec: Spec, best: bytes) -> bool:
    """Whether it is as good as certain that ``raw`` needs more than ``best``."""
    limit = int(RAW_HOPE * len(best))
    return raw.CODEC.estimate(x, spec, limit) > limit


def _batches(grid: TileGrid, plan: _Plan, picture: Picture, group: int, runtime: Runtime) -> Iterator[list[int]]:
    """Tiles of equal size, as many together as the batch allows."""
    by_size: dict[tuple[int, int], list[int]] = {}
    for t, box in enumerate(grid):
        by_size.setdefault((box.height, box.width), []).append(t)
    for tiles in by_size.values():
        size = 1
        if plan.models[group] is not None:
            spec = plan.spec(picture, plan.loaded, plane_groups(picture.mode)[group], grid[tiles[0]], 1)
            size = batch_size(plan.loaded, spec, runtime, plan.runners[group])
        for begin in range(0, len(tiles), size):
            yield tiles[begin : begin + size]


def _cut(picture: Picture, box: Box, group: Group) -> Samples:
    return picture.samples[
        box.y : box.y + box.height, box.x : box.x + box.width, group.first : group.first + group.count
    ]


def _file(picture: Picture, coded: _Coded, options: EncodeOptions) -> bytes:
    entry = coded.loaded.entry
    header = Header(
        codec=entry.id,
        pixel_digest=pixel_digest(picture.samples, picture.mode, picture.bits),
        encoder=software_version(),
        mode=picture.mode,
        bitstream=entry.bitstream,
        weights=coded.weights,
        coder=DEFAULT_CODER if isinstance(coded.loaded.codec, RawCodec) else options.coder,
        numerics=entry.numerics,
        build=getattr(coded.loaded.codec, "build", "") if entry.numerics == "pinned" else "",
        params=params_to_header(coded.loaded.params),
        tile=coded.tile,
    )
    preamble = Preamble(picture.width, picture.height, picture.channels, picture.bits)
    crcs = [tile_crc(picture.samples[b.y : b.y + b.height, b.x : b.x + b.width]) for b in coded.grid]
    return build_file(preamble, header, coded.payloads, crcs, metadata=picture.metadata, limits=options.limits)
