"""Files with every choice forced: which plane group of which tile the codec codes, and chunks one by one."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from neuroc import canonical
from neuroc.codecs import raw
from neuroc.container import Preamble, build_file
from neuroc.digests import pixel_digest, tile_crc
from neuroc.driver import encode_items
from neuroc.header import Header
from neuroc.model import Spec
from neuroc.models import Runtime, open_codec, open_coder, open_model, weights_name
from neuroc.params import params_to_header
from neuroc.picture import Picture
from neuroc.tiles import CODEC, RAW, pack_groups, plane_groups, tile_grid
from neuroc.weights import resolve_weights

ENCODER = "conformance"  # files must not change with each version of neuroc

RawTile = Callable[[NDArray[Any], int], bytes]  # (samples (H, W, C), bits) -> item
Chunks = list[tuple[bytes, bytes]]


def assemble(
    picture: Picture,
    codec: str = "raw",
    *,
    params: Mapping[str, object] | None = None,
    coder: str = "rans24",
    tile: int = 512,
    method: Callable[[int, int], int] | None = None,
    raw_tile: RawTile | None = None,
    ancillary: Sequence[tuple[bytes, bytes]] = (),
    **fields: Any,
) -> bytes:
    """A file. ``method(tile, plane group)`` is asked where the codec can code; else it does. No ``raw_tile``: neuroc's.

    ``fields`` are further ones of the header, or others instead of what the picture needs.
    """
    loaded = open_codec(codec, params or {})
    groups, grid = plane_groups(picture.mode), tile_grid(picture.width, picture.height, tile)
    digests: dict[str, bytes] = {}
    payloads = []
    for t, box in enumerate(grid):
        parts = []
        for g, group in enumerate(groups):
            channels = slice(group.first, group.first + group.count)
            x = picture.samples[box.y : box.y + box.height, box.x : box.x + box.width, channels]
            spec = Spec(box.height, box.width, group.count, picture.bits, 1, group.kind)
            chosen = RAW
            if loaded.codes(group, picture.bits):
                name = weights_name(loaded, spec)
                weights = resolve_weights(loaded.id, name)
                digests[name] = weights.digest
                chosen = CODEC if method is None else method(t, g)
            if chosen == CODEC:
                model = open_model(loaded, weights, spec, Runtime("numpy"))
                parts.append((CODEC, encode_items(model, x[None], spec, loaded.params, open_coder(coder))[0]))
            else:
                parts.append((RAW, raw_tile(x, picture.bits) if raw_tile else raw.CODEC.encode_tile(x, spec)))
        payloads.append(pack_groups(parts))
    header = {
        "codec": codec,
        "pixel_digest": pixel_digest(picture.samples, picture.mode, picture.bits),
        "encoder": ENCODER,
        "mode": picture.mode,
        "weights": tuple(digests.values()),
        "coder": coder,
        "params": params_to_header(loaded.params),
        "tile": tile,
        **fields,
    }
    crcs = [tile_crc(picture.samples[b.y : b.y + b.height, b.x : b.x + b.width]) for b in grid]
    preamble = Preamble(picture.width, picture.height, picture.channels, picture.bits)
    return build_file(preamble, Header(**header), payloads, crcs, metadata=picture.metadata, ancillary=ancillary)


def preamble(width: int, height: int, channels: int, bits: int, version: int = 1, flags: int = 0) -> bytes:
    """24 bytes with a right CRC-32, whatever the values."""
    body = struct.pack("<8sBBIIBB", b"\x8eNRC\r\n\x1a\n", version, flags, width, height, channels, bits)
    return body + struct.pack("<I", zlib.crc32(body))


def chunk(kind: bytes, payload: bytes) -> bytes:
    """A chunk with a right CRC-32."""
    body = kind + struct.pack("<I", len(payload)) + payload
    return body + struct.pack("<I", zlib.crc32(body))


def split(data: bytes) -> Chunks:
    """(type, payload) of every chunk of a sound file."""
    found, pos = [], 24
    while pos < len(data):
        length = int.from_bytes(data[pos + 4 : pos + 8], "little")
        found.append((data[pos : pos + 4], data[pos + 8 : pos + 8 + length]))
        pos += 12 + length
    return found


def join(start: bytes, chunks: Chunks) -> bytes:
    """The file of a preamble (24 bytes) and chunks, each with a right CRC-32."""
    return start + b"".join(chunk(kind, payload) for kind, payload in chunks)


def edited(data: bytes, change: Callable[[Chunks], object]) -> bytes:
    """``data`` with its list of chunks changed in place."""
    chunks = split(data)
    change(chunks)
    return join(data[:24], chunks)


def replaced(data: bytes, kind: bytes, payload: bytes, number: int = 0) -> bytes:
    """``data`` with another payload in the chunk ``number`` of its type."""
    chunks = split(data)
    at = [i for i, (k, _) in enumerate(chunks) if k == kind][number]
    chunks[at] = (kind, payload)
    return join(data[:24], chunks)


def fields_of(data: bytes) -> dict[int, Any]:
    """The map in HEAD."""
    found: dict[int, Any] = canonical.unpack(split(data)[0][1], max_values=1 << 16)
    return found


def with_fields(data: bytes, changes: Mapping[int, Any]) -> bytes:
    """``data`` with header fields set; None takes one away. Values are not checked."""
    fields = {**fields_of(data), **changes}
    return replaced(data, b"HEAD", canonical.pack({k: v for k, v in fields.items() if v is not None}))
