"""Tiles too large for the memory limit are refused; a codec gets the plane groups it declares, and no others."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import neuroc
from naturalpictures import natural
from neuroc.codecs.raw import RawCodec
from neuroc.container import Preamble, build_file, parse
from neuroc.errors import CorruptFileError, LimitError
from neuroc.header import Header
from neuroc.model import Cost, Spec
from neuroc.tiles import CODEC, pack_groups


def one_tile(side: int, payload: bytes) -> bytes:
    """A file of one huge tile that claims to be coded by the network."""
    digests = parse(neuroc.encode(natural(48, 48), verify=False)).header.weights
    header = Header("causal59k", bytes(16), "test", "RGB", weights=digests, tile=side)
    return build_file(Preamble(side, side, 3, 8), header, [payload], [0])


def test_a_tile_that_would_take_more_memory_than_allowed_is_refused_before_it_takes_any() -> None:
    data = one_tile(2**14, b"\0" + bytes(8))
    tracemalloc.start()
    try:
        with pytest.raises(LimitError, match="--max-memory"):
            neuroc.decode(data)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_the_memory_limit_holds_for_encoding_and_can_be_raised() -> None:
    x = natural(64, 64)
    small = neuroc.Limits(memory=2**16)
    with pytest.raises(LimitError, match="--tile"):
        neuroc.encode(x, limits=small)
    data = neuroc.encode(x, tile=8, limits=small)
    assert np.array_equal(neuroc.decode(data, limits=small).samples, x)
    with pytest.raises(LimitError):
        neuroc.decode(neuroc.encode(x), limits=small)


def test_graphics_fit_a_limit_that_only_the_tiles_of_the_network_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.zeros((10, 2000), dtype=np.uint8)  # four tiles for the network, one for raw alone
    x[:, ::7] = 200
    assert neuroc.info(neuroc.encode(x)).tiles == 1
    honest = RawCodec.cost

    def hungry(self: RawCodec, spec: Spec, params: Any = None) -> Cost:
        return Cost(0, 1, 2**40) if spec.width > 512 else honest(self, spec, params)

    monkeypatch.setattr(RawCodec, "cost", hungry)
    data = neuroc.encode(x)
    assert neuroc.info(data).tiles == 4
    assert np.array_equal(neuroc.decode(data).to_array(), x)


def test_raw_files_have_one_spelling() -> None:
    x = natural(6, 5)
    parsed = parse(neuroc.encode(x, plugin="raw"))
    ((_, payload),) = parsed.tile_groups(0)
    data = build_file(parsed.preamble, parsed.header, [pack_groups([(CODEC, bytes(payload))])], [0])
    with pytest.raises(CorruptFileError, match="plane group 0 coded by raw"):
        neuroc.decode(data)
