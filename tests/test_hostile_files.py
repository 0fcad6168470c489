"""Files that ask for more than a reader should give: refused by the header, within a moment, by the named option."""

from __future__ import annotations

import tracemalloc

import pytest

import neuroc
from crafted import error_of
from naturalpictures import natural
from neuroc.container import Preamble, build_file
from neuroc.errors import LimitError
from neuroc.header import Header
from neuroc.plugins import registry


def asks(width: int, height: int, codec: str = "causal59k", tile: int = 2**31 - 1, **params: object) -> bytes:
    """A file of one empty tile under a sound header; what it asks for is all that is wrong with it."""
    entry = registry().codec(codec).entry
    weights = tuple(bytes.fromhex(w.digest) for w in entry.weights[:1])
    numbers = {0: params["schedule"]} if params else {}
    header = Header(codec, bytes(16), "test", "RGB", weights=weights, tile=tile, params=numbers)  # type: ignore[arg-type]
    return build_file(Preamble(width, height, 3, 8), header, [b"\0"], [0], limits=neuroc.Limits(pixels=2**62))


@pytest.mark.parametrize(
    ("data", "option"),
    [
        (asks(2**20, 2**20), "--max-pixels"),
        (asks(2**14, 2**14, schedule="serial"), "--max-steps"),
        (asks(1, 2**25), "--max-steps"),
        (asks(2**25, 1, "raw"), "--max-steps"),
        (asks(2**14, 2**14), "--max-memory"),
    ],
    ids=["pixels", "serial", "column", "raw row", "memory"],
)
def test_a_header_that_asks_for_too_much_is_refused_by_the_option_that_would_allow_it(data: bytes, option: str) -> None:
    tracemalloc.start()
    try:
        for action in (neuroc.decode, neuroc.salvage, neuroc.verify):
            error = error_of(action, data)
            assert isinstance(error, LimitError)
            assert option in str(error)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_info_tells_the_cost_of_what_decoding_would_refuse() -> None:
    told = neuroc.info(asks(2**14, 2**14, schedule="serial"))
    assert told.cost_macs
    assert told.cost_steps == 2**28
    assert told.cost_memory
    assert told.cost_memory > neuroc.Limits().memory
    told = neuroc.info(asks(2**31 - 1, 1, "raw"), limits=neuroc.Limits(pixels=2**62))
    assert (told.cost_macs, told.cost_steps) == (0, 2**31 - 1)


def test_steps_are_those_of_all_tiles() -> None:
    data = neuroc.encode(natural(24, 24, 1), tile=8)
    assert neuroc.info(data).cost_steps in (9 * (8 + 3 * 7), 9 * (8 + 8 - 1))
    error = error_of(neuroc.encode, natural(24, 24, 1), tile=8, limits=neuroc.Limits(steps=100))
    assert isinstance(error, LimitError)
    assert "--max-steps" in str(error)
