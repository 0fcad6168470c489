"""What is fuzzed, and what must hold whatever the bytes: typed errors only, and no wrong pixel.

A target takes bytes and returns "ok" or the code of the error that they were refused with. Anything else that it
raises is a defect: ``Wrong`` for a broken promise, any other exception for one that should have been typed.
"""

from __future__ import annotations

import hashlib
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import numpy as np

import neuroc
from neuroc import safetensors
from neuroc.coder import get_coder
from neuroc.container import parse
from neuroc.digests import digest
from neuroc.engines.numpy import NumpyEngine
from neuroc.errors import CorruptFileError, LimitError, NeurocError, PictureError, PluginError, UsageError
from neuroc.limits import Limits
from neuroc.model import Spec
from neuroc.picture import Picture, same_picture
from neuroc.pixels import unwritable, write_picture
from neuroc.plugins import load_codec, missing_modules, registry
from neuroc.weights import Weights
from neuroc_cli.info import _lines

from .random_pictures import picture

LIMITS = Limits(pixels=2**10, metadata=2**16, tiles=64, work=2**28, steps=2**9, memory=2**24, file=2**20)
PICTURE_LIMITS = Limits(pixels=2**14, metadata=2**18, steps=2**10, file=2**20)
LONGEST_MESSAGE = 2000


class Wrong(AssertionError):
    """A promise that was not kept."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that is fuzzed."""

    name: str
    kind: str  # of input: "nrc", "weights", "picture" or "bytes" (decisions of a generator)
    run: Callable[[bytes], str]
    weight: int = 1  # share of the cases


def check(condition: object, what: str) -> None:
    """Raise Wrong unless ``condition``; assert can be switched off."""
    if not condition:
        raise Wrong(what)


def checked(error: NeurocError, *kinds: type[NeurocError]) -> str:
    """The code of an error that may stand here and says what is wrong in few words."""
    check(isinstance(error, kinds), f"{type(error).__name__}: {error}")
    check(error.code not in ("internal", "plugin-broken"), f"{error.code}: {error}")
    check(0 < len(str(error)) <= LONGEST_MESSAGE, f"a message of {len(str(error))} characters: {str(error)[:200]}")
    return error.code


def tried(action: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """What the call returns, or the NeurocError that it raises."""
    try:
        return action(*arguments, **keywords)
    except NeurocError as error:
        return error


FILE_ERRORS = (CorruptFileError, PluginError, LimitError)


def run_parser(data: bytes) -> str:
    """Structure, header, metadata, tile groups and ``info``, strict and lenient."""
    parsed = tried(parse, data, limits=LIMITS)
    lenient = tried(parse, data, limits=LIMITS, lenient=True)
    told = tried(neuroc.info, data, limits=LIMITS)
    if not isinstance(told, NeurocError):
        document = {"file": "a\x1b", **told.as_dict()}
        for line in _lines(document):
            check(not any(unicodedata.category(c).startswith("C") for c in line), f"control characters: {line!r}")
    if isinstance(parsed, NeurocError):
        check(isinstance(told, NeurocError) and told.code == parsed.code, f"parse {parsed!r}, info {told!r}")
        if isinstance(lenient, NeurocError):
            checked(lenient, *FILE_ERRORS)
        return checked(parsed, *FILE_ERRORS)
    check(not isinstance(lenient, NeurocError) and not lenient.damage, "a sound file has damage")
    head = parsed.view[32 : 32 + int.from_bytes(parsed.view[28:32], "little")]
    check(parsed.header.to_bytes(parsed.preamble) == head, "the header is not canonical")
    for tile in range(len(parsed.grid)):
        groups = tried(parsed.tile_groups, tile)
        if isinstance(groups, NeurocError):
            checked(groups, CorruptFileError)
    records = tried(parsed.metadata)
    if isinstance(records, NeurocError):
        check(isinstance(told, NeurocError), "info passed over damaged metadata")
        return checked(records, CorruptFileError, LimitError)
    check(not isinstance(told, NeurocError), f"info: {told}")
    return "ok"


def run_decode(data: bytes) -> str:
    """A whole decode, salvage, and every output format of what was decoded."""
    result = tried(neuroc.decode, data, limits=LIMITS, engine="numpy")
    saved = tried(neuroc.salvage, data, limits=LIMITS)
    check_region(data, result)
    for upto in (None, 1):
        partly = tried(neuroc.decode_partly, data, upto, limits=LIMITS)
        if isinstance(partly, NeurocError):
            checked(partly, *FILE_ERRORS, UsageError)
    if isinstance(saved, NeurocError):
        checked(saved, *FILE_ERRORS)
        check(isinstance(result, NeurocError), "salvage refuses what decode takes")
    for engine in other_engines():
        again = tried(neuroc.decode, data, limits=LIMITS, engine=engine)
        if isinstance(again, NeurocError):
            checked(again, *FILE_ERRORS)
            check(isinstance(result, NeurocError), f"{engine} refuses what numpy takes: {again}")
        else:
            check(isinstance(result, Picture) and same_picture(again, result), f"{engine} differs from numpy")
    if isinstance(result, NeurocError):
        return checked(result, *FILE_ERRORS)
    header = parse(data, limits=LIMITS).header
    check(plain_digest(result) == header.pixel_digest, "decoded pixels without the digest of the file")
    check(same_picture(saved[0], result) and not saved[1] and not saved[2], "salvage finds damage in a sound file")
    write_all(result)
    return "ok"


def check_region(data: bytes, whole: Any) -> None:
    """Some part of a file that may be damaged elsewhere: an error, or the pixels of the whole where there are any."""
    parsed = tried(parse, data, limits=LIMITS)
    if isinstance(parsed, NeurocError):
        return
    rng = Random(data)
    x, y = rng.randrange(parsed.preamble.width), rng.randrange(parsed.preamble.height)
    region = (x, y, rng.randint(1, parsed.preamble.width - x), rng.randint(1, parsed.preamble.height - y))
    part = tried(neuroc.decode, data, region=region, limits=LIMITS)
    if isinstance(part, NeurocError):
        checked(part, *FILE_ERRORS)
        check(isinstance(whole, NeurocError), "a region of a sound file is refused")
    elif isinstance(whole, Picture):
        wanted = whole.samples[y : y + region[3], x : x + region[2]]
        check(np.array_equal(part.samples, wanted), "a region holds other pixels than the whole")


def plain_digest(p: Picture) -> bytes:
    """SPEC section 4, written again."""
    numbers = b"".join(n.to_bytes(4, "little") for n in (p.bits, p.width, p.height))
    samples = p.samples.astype("<u2" if p.bits == 16 else "u1").tobytes()
    return hashlib.sha256(p.mode.encode().ljust(4, b"\0") + numbers + samples).digest()[:16]


def write_all(p: Picture) -> None:
    """Every output format takes the picture or says why not; a PNG holds the same samples."""
    for kind in ("png", "tiff", "pnm"):
        tried(unwritable, p, kind)
        data = tried(write_picture, p, kind, level=1)
        if isinstance(data, NeurocError):
            checked(data, UsageError)
        elif kind == "png" and not any(r.key.startswith("png.") for r in p.metadata):
            check(same_picture(neuroc.read_picture(data), p), "the PNG holds another picture")
    tried(p.to_pillow)


def run_round_trip(data: bytes) -> str:
    """A random picture under random options: encoded, decoded, identical, metadata included."""
    rng = Random(data)
    p = picture(rng)
    options = encode_options(rng, p)
    coded = tried(neuroc.encode, p, **options)
    if isinstance(coded, NeurocError):
        return checked(coded, UsageError, LimitError)
    check(same(neuroc.decode(coded), p), f"{p.mode} {p.bits} {p.samples.shape} {options}: another picture")
    check(neuroc.encode(p, **options) == coded, "an encode is not repeatable")
    return "ok"


def encode_options(rng: Random, p: Picture) -> dict[str, Any]:
    """Keywords of ``encode``; the diagonal schedule of a grey picture is a usage error, on purpose."""
    options: dict[str, Any] = {"coder": rng.choice(("rans24", "range24")), "verify": rng.random() < 0.5}
    options["tile"] = rng.choice((512, 512, 7, 1 if p.samples.size < 40 else 9))
    options["plugin"] = rng.choice(("causal59k", "causal59k", "raw"))
    if rng.random() < 0.25 and "pixelcnn" in registry().codecs:
        options |= {"plugin": "pixelcnn", "head": rng.choice(("softmax", "mixture"))}
        options["schedule"] = rng.choice(("wavefront", "raster"))
    if options["plugin"] == "causal59k":
        options["schedule"] = rng.choice(("wavefront", "serial", "diagonal"))
        options["unit"] = rng.choice((-1, -1, 0, 3, 8))
    return options


def run_split(data: bytes) -> str:
    """However a file is decoded (whole, region, batch, coder, engine), the same samples come out."""
    rng = Random(data)
    pictures = [picture(rng) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.5:
        pictures.append(pictures[0])
    files = []
    for p in pictures:
        options = {**encode_options(rng, p), "verify": False, "tile": rng.choice((5, 8, 512))}
        coded = tried(neuroc.encode, p, **options)
        if isinstance(coded, NeurocError):
            return checked(coded, UsageError, LimitError)
        files.append(coded)
    for batch in (None, 1, rng.randint(2, 9)):
        for p, got in zip(pictures, neuroc.decode_many(files, batch=batch), strict=True):
            check(isinstance(got, Picture) and same(got, p), f"batch {batch}: another picture")
    for p, coded in zip(pictures, files, strict=True):
        with other_coder():
            check(same(neuroc.decode(coded), p), "the plain coder gives another picture")
        for engine in (*other_engines(), *(["torch"] if "torch" in sys.modules and rng.random() < 0.2 else [])):
            check(same(neuroc.decode(coded, engine=engine), p), f"{engine} gives another picture")
        x, y = rng.randrange(p.width), rng.randrange(p.height)
        w, h = rng.randint(1, p.width - x), rng.randint(1, p.height - y)
        part = neuroc.decode(coded, region=(x, y, w, h)).samples
        check(np.array_equal(part, p.samples[y : y + h, x : x + w]), "a region holds other pixels")
    return "ok"


def same(a: Picture, b: Picture) -> bool:
    return same_picture(a, b) and a.metadata == b.metadata


@contextmanager
def other_coder() -> Iterator[None]:
    """The plain coders in place of the fast ones."""
    os.environ["NEUROC_PLAIN_CODER"] = "1"
    try:
        yield
    finally:
        del os.environ["NEUROC_PLAIN_CODER"]


@cache
def other_engines() -> tuple[str, ...]:
    """What else computes here, as a compiled engine; torch is slow to load and seldom taken."""
    found = [r.entry.id for r in registry().engine_entries() if not missing_modules(r.entry)]
    return tuple(e for e in found if e not in ("numpy", "torch"))


def run_coder(data: bytes) -> str:
    """Any words under any tables: the plain and the fast decoder give the same symbols and the same verdict."""
    rng = Random(data)
    tables = [table(rng) for _ in range(rng.randint(1, 6))]
    words = data if rng.random() < 0.5 else data[: len(data) // 4 * 4]
    code = "ok"
    for name in ("rans24", "range24"):
        verdicts = [_symbols(name, fast, words, tables) for fast in (False, True)]
        check(verdicts[0] == verdicts[1], f"{name}: plain {verdicts[0]}, fast {verdicts[1]}")
        code = verdicts[0][1]
        encoder = get_coder(name).encoder()
        message = [rng.randrange(t.shape[1]) for t in tables]
        for t, s in zip(tables, message, strict=True):
            start = np.array([int(t[0, :s].sum())], dtype=np.uint32)
            encoder.encode(start, np.array([t[0, s]], dtype=np.uint32))
        coded = encoder.finish()
        for fast in (False, True):
            check(_symbols(name, fast, coded, tables) == (message, "ok"), f"{name}: another message")
    return code


def table(rng: Random) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Frequencies (1, alphabet) that sum to 2**24: even, random or of one large one."""
    size = rng.choice((1, 2, 4, 16, 16))
    cuts = sorted(rng.sample(range(1, 1 << 24), size - 1)) if rng.random() < 0.6 else list(range(1, size))
    ends = [*cuts, 1 << 24]
    freqs = [b - a for a, b in zip([0, *cuts], ends, strict=True)]
    rng.shuffle(freqs)
    return np.array([freqs], dtype=np.int32)


def _symbols(name: str, fast: bool, data: bytes, tables: list[Any]) -> tuple[list[int], str]:
    found: list[int] = []
    try:
        decoder = get_coder(name, fast=fast).decoder(data)
        for freqs in tables:
            found += decoder.decode(freqs).tolist()
        decoder.finish()
    except CorruptFileError as error:
        return [], checked(error, CorruptFileError)
    return found, "ok"


def run_weights(data: bytes) -> str:
    """A weights file: refused, or tensors that the codec proves or refuses."""
    found = tried(safetensors.parse, data)
    if isinstance(found, NeurocError):
        return checked(found, PluginError)
    tensors, meta = found
    check(sum(t.nbytes for t in tensors.values()) <= len(data), "tensors of more bytes than the file")
    weights = Weights(meta.get("name", ""), digest(data), tensors, meta)
    for channels, bits in ((3, 8), (1, 8), (1, 16)):
        model = tried(_codec().model, weights, NumpyEngine(), Spec(1, 1, channels, bits), _params())
        if isinstance(model, NeurocError):
            code = checked(model, PluginError)
            continue
        return "ok"
    return code


@cache
def _codec() -> Any:
    return load_codec("causal59k")


@cache
def _params() -> Any:
    return _codec().params()


def run_pictures(data: bytes) -> str:
    """A picture file: refused, or a picture that every writer takes and ``raw`` gives back."""
    frame = (None, None, None, 0, 1, 7)[digest(data)[0] % 6]
    p = tried(neuroc.read_picture, data, frame=frame, limits=PICTURE_LIMITS)
    if isinstance(p, NeurocError):
        return checked(p, PictureError, LimitError, UsageError)
    check(p.width * p.height <= PICTURE_LIMITS.pixels, "more pixels than the limit")
    write_all(p)
    if p.samples.size <= 1024:
        check(same(neuroc.decode(neuroc.encode(p, plugin="raw", verify=False)), p), "raw gives another picture")
    return "ok"


TARGETS = {
    t.name: t
    for t in (
        Target("parser", "nrc", run_parser, 4),
        Target("decode", "nrc", run_decode, 6),
        Target("pictures", "picture", run_pictures, 4),
        Target("weights", "weights", run_weights, 2),
        Target("coder", "bytes", run_coder, 2),
        Target("round-trip", "bytes", run_round_trip, 1),
        Target("split", "bytes", run_split, 1),
    )
}
