"""Table digests: which frequencies the entropy decoder is given, stream by stream (SPEC section 8.4)."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coder import Coder, Decoder
from ..container import parse
from ..digests import DIGEST_BYTES
from ..driver import decode_items
from ..model import RawCodec
from ..models import Runtime, guarded, open_coder, open_model, weights_for_decoding
from ..opened import DecodeOptions, OpenFile
from ..tiles import CODEC
from ..weights import NO_WEIGHTS


def table_digests(data: bytes, runtime: Runtime) -> list[str]:
    """32 hex digits for each stream of a file, tile by tile and plane group by plane group.

    Decodes each item on its own, so that tables do not depend on what runs in lock-step. Raises as decode does.
    """
    file = OpenFile.file(parse(data), DecodeOptions(runtime=runtime))
    found = []
    for tile in file.tiles:
        for group, (method, item) in enumerate(file.parsed.tile_groups(tile)):
            if method == CODEC and not isinstance(file.loaded.codec, RawCodec):
                found.append(_item(file, tile, group, item, runtime))
    return found


def _item(file: OpenFile, tile: int, group: int, item: memoryview, runtime: Runtime) -> str:
    spec = file.spec(tile, group, 1)
    digest = file.weights_digest(group)
    weights = weights_for_decoding(file.loaded, digest, runtime.weights) if digest else NO_WEIGHTS
    model = open_model(file.loaded, weights, spec, runtime)
    coder = _Tracing(open_coder(file.parsed.header.coder))
    with guarded(file.loaded.id):
        decode_items(model, [item], spec, file.loaded.params, coder)
    return coder.tables.digest()[:DIGEST_BYTES].hex()


class _Tracing:
    """A coder for one stream whose decoder also hashes its tables, as u32 little-endian, row by row."""

    def __init__(self, coder: Coder) -> None:
        self.id = coder.id
        self.tables = hashlib.sha256()
        self._coder = coder
        self._decoder: Decoder

    def encoder(self) -> Any:
        return self._coder.encoder()

    def decoder(self, data: bytes) -> Decoder:
        self._decoder = self._coder.decoder(data)
        return self

    def decode(self, freqs: NDArray[Any]) -> NDArray[np.int32]:
        self.tables.update(np.ascontiguousarray(freqs, dtype="<u4").tobytes())
        return self._decoder.decode(freqs)

    def finish(self) -> None:
        self._decoder.finish()
