"""Checks of a codec as it is used: whole files, other processes, and the tiles of a RawCodec."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..chunks import PREAMBLE_BYTES
from ..container import TILE, parse
from ..driver import encode_items
from ..errors import CorruptFileError
from ..model import RawCodec
from ..params import params_from_header
from ..picture import BITS, Picture, same_picture
from ..public import decode, encode
from .cases import FRONT, Case, Change, FileCase, damaged, samples
from .contracts import broken, require
from .predictions import same_samples
from .subject import Subject


def check_files(subject: Subject, case: FileCase) -> None:
    """Through neuroc.encode without ``raw``: the file names the codec and its parameters, and comes back."""
    picture = case.picture()
    data = _encode(subject, case, picture)
    header = parse(data).header
    require(header.codec == subject.id, "files", f"the file names the codec {header.codec}")
    stored = params_from_header(subject.codec.params, header.params)
    same = stored == case.params or subject.adapts(case.params)
    require(same, "parameters", f"{case.params} stand in the file as {stored}")
    back = decode(data, batch=case.batch)
    require(same_picture(back, picture) and back.metadata == picture.metadata, "files", "another picture came back")


def check_modes(subject: Subject) -> None:
    """Every mode and depth there is, with the default parameters, with and without ``raw``."""
    for mode, depths in BITS.items():
        for bits in depths:
            picture = FileCase(mode, bits, 7, 10, None, "smooth", 5, 6, "rans24", None).picture()
            for raw in (True, False):
                back = decode(encode(picture, plugin=subject.id, tile=6, raw=raw))
                what = f"a picture of mode {mode} and {bits} bits comes back as another one"
                require(same_picture(back, picture), "files", what)


def check_file_damage(subject: Subject, case: FileCase, changes: list[Change]) -> None:
    """Bytes changed in the coded tiles, once found by their checksums and once behind checksums made right again."""
    picture = case.picture()
    data = _encode(subject, case, picture, verify=False)
    parsed = parse(data)
    tile = bytes(parsed.tile_payload(0))
    for bad in (damaged(data, changes), *(_in_a_tile(data, tile, c) for c in (changes, *FRONT))):
        try:
            back = decode(bad)
        except CorruptFileError:
            continue
        except Exception as error:
            cause = error.__cause__ or error
            broken("damage", f"a damaged file raises {type(cause).__name__}: {cause}")
        require(same_picture(back, picture), "damage", "a damaged file decodes to another picture")


def check_determinism(subject: Subject) -> None:
    """The same pictures in two other processes."""
    here = digests(subject)
    elsewhere = [_start(subject, number) for number in ("1", "2")]
    for process in elsewhere:
        out, err = process.communicate()
        require(process.returncode == 0, "determinism", f"another process cannot use the codec:\n{err}")
        there = dict(line.split("\t") for line in out.splitlines())
        different = [what for what in here if there.get(what) != here[what]]
        require(not different, "determinism", f"another process gives other bytes for {', '.join(different)}")


def _start(subject: Subject, number: str) -> subprocess.Popen[str]:
    """``digests`` in a process with ``number`` threads and hash seed ``number``."""
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), number)
    path = os.pathsep.join(p for p in sys.path if p)
    scope = json.dumps(
        {name: _plain(getattr(subject.scope, name)) for name in ("bits", "channels", "params", "coders")}
    )
    return subprocess.Popen(
        [sys.executable, "-m", "neuroc.testing.process", subject.id, scope],
        env={**os.environ, **threads, "PYTHONHASHSEED": number, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _plain(values: Sequence[Any] | None) -> list[Any] | None:
    """What JSON can hold of a field of Scope."""
    return None if values is None else [dict(v) if isinstance(v, Mapping) else v for v in values]


def digests(subject: Subject) -> dict[str, str]:
    """SHA-256 of what the codec makes of pictures of a few kinds, by the kind."""
    found = {}
    for kind in subject.kinds[:: -(-len(subject.kinds) // 4)]:
        for params in subject.params_for(kind)[:1]:
            spec = subject.spec(kind, 11, 14)
            x = samples(spec, "smooth", 7)
            if isinstance(subject.codec, RawCodec):
                item = subject.codec.encode_tile(x, spec, params)
            else:
                used = subject.adapted(x[None], spec, params)
                [item] = encode_items(
                    subject.model(spec, used), x[None], spec, used, next(iter(subject.coders.values()))
                )
            found[f"{kind.kind}, {kind.channels} channels, {kind.bits} bits"] = hashlib.sha256(item).hexdigest()
    return found


def check_tile(subject: Subject, case: Case) -> None:
    """A RawCodec by itself: the samples come back, and the bytes are the same twice."""
    codec, spec = _raw_codec(subject), case.spec
    x = case.samples()[0]
    data = codec.encode_tile(x, spec, case.params)
    require(isinstance(data, bytes), "lossless", f"encode_tile gives {type(data).__name__} and not bytes")
    same_samples(x, codec.decode_tile(data, spec, case.params))
    require(codec.encode_tile(x, spec, case.params) == data, "determinism", "the same tile gives other bytes")


def check_tile_damage(subject: Subject, case: Case, changes: list[Change]) -> None:
    """A RawCodec reads damaged bytes: CorruptFileError, or samples as the header announces them."""
    codec, spec = _raw_codec(subject), case.spec
    x = case.samples()[0]
    data = codec.encode_tile(x, spec, case.params)
    for change in (changes, *FRONT):
        try:
            back = codec.decode_tile(damaged(data, change), spec, case.params)
        except CorruptFileError:
            continue
        except Exception as error:
            broken("damage", f"a damaged tile raises {type(error).__name__}: {error} (changes: {change})")
        announced = (back.dtype, back.shape) == (x.dtype, x.shape) and int(back.max()) < 1 << spec.bits
        require(announced, "damage", f"a damaged tile decodes to {back.dtype}{list(back.shape)} up to {back.max()}")


def _raw_codec(subject: Subject) -> RawCodec:
    assert isinstance(subject.codec, RawCodec)
    return subject.codec


def _encode(subject: Subject, case: FileCase, picture: Picture, verify: bool = True) -> bytes:
    options: dict[str, Any] = asdict(case.params)
    return encode(
        picture,
        plugin=subject.id,
        tile=case.tile,
        coder=case.coder,
        batch=case.batch,
        verify=verify,
        raw=False,
        **options,
    )


def _in_a_tile(data: bytes, payload: bytes, changes: Sequence[Change]) -> bytes:
    """``data`` with the payload of its first tile changed but for the method, and the chunk's CRC-32 right."""
    at = data.index(TILE + len(payload).to_bytes(4, "little") + payload, PREAMBLE_BYTES) + 8
    changed = payload[:1] + damaged(payload[1:], changes)
    chunk = data[at - 8 : at - 4] + len(changed).to_bytes(4, "little") + changed
    return data[: at - 8] + chunk + zlib.crc32(chunk).to_bytes(4, "little") + data[at + len(payload) + 4 :]
