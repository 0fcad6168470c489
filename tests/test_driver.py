"""The driver with a model of a few lines: side information, several planes, both directions, refusals."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroc.coder import get_coder
from neuroc.distributions import Mixture, softmax
from neuroc.driver import decode_items, encode_items, encode_steps
from neuroc.errors import StreamError
from neuroc.model import Ints, Samples, Spec, Step


class Toy:
    """Grey levels in two planes: the high nibbles row by row, then the low ones at once; side: the first sample."""

    side_information = True

    def analyse(self, x: Samples, spec: Spec, params: Any) -> tuple[list[Ints], list[bytes]]:
        flat = x.reshape(spec.batch, -1).astype(np.int32)
        return [flat >> 4, flat & 15], [bytes([int(v)]) * params for v in flat[:, 0]]

    def steps(self, spec: Spec, params: Any, side: Sequence[bytes]) -> Generator[Step, Ints, list[Ints]]:
        high = np.zeros((spec.batch, spec.pixels), dtype=np.int32)
        near = np.array([s[0] >> 4 if s else 8 for s in side], dtype=np.int32)[:, None]
        levels = np.arange(16, dtype=np.int32)
        for row in range(spec.height):
            sites = np.arange(row * spec.width, (row + 1) * spec.width)
            centre = high[:, sites - spec.width] if row else np.broadcast_to(near, (spec.batch, spec.width))
            logits = -300 * np.abs(centre.reshape(-1)[:, None] - levels)
            high[:, sites] = yield Step(0, sites, softmax(logits.astype(np.int32)))
        n = spec.batch * spec.pixels
        means = (high.reshape(-1)[:, None] * 16).astype(np.int32)
        mixture = Mixture(np.full((n, 1), 16380, np.int32), means, np.full((n, 1), -300, np.int32), 4, -4)
        low = yield Step(1, np.arange(spec.pixels), mixture)
        return [high, low]

    def synthesise(self, planes: list[Ints], spec: Spec, params: Any) -> Samples:
        x = planes[0] << 4 | planes[1]
        return x.astype(np.uint8).reshape(spec.batch, spec.height, spec.width, spec.channels)


SPEC = Spec(5, 7, 1, 8, 3)


def pictures() -> NDArray[np.uint8]:
    return np.random.Generator(np.random.PCG64(2)).integers(0, 256, (3, 5, 7, 1), dtype=np.uint8)


@pytest.mark.parametrize("length", [0, 1, 200])
@pytest.mark.parametrize("coder", ["rans24", "range24"])
def test_planes_and_side_information_come_back(coder: str, length: int) -> None:
    model, x = Toy(), pictures()
    items = encode_items(model, x, SPEC, length, get_coder(coder))
    assert items == encode_steps(model, x, SPEC, length, get_coder(coder))
    assert np.array_equal(decode_items(model, items, SPEC, length, get_coder(coder)), x)


def test_progress_counts_every_pixel_once() -> None:
    seen: list[int] = []
    items = encode_items(Toy(), pictures(), SPEC, 1, get_coder("rans24"))
    decode_items(Toy(), items, SPEC, 1, get_coder("rans24"), seen.append)
    assert sum(seen) == 3 * 5 * 7
    assert min(seen) > 0


def test_items_of_a_batch_decode_alone_and_in_any_order() -> None:
    coder, x = get_coder("rans24"), pictures()
    items = encode_items(Toy(), x, SPEC, 1, coder)
    for k in range(3):
        assert np.array_equal(decode_items(Toy(), [items[k]], Spec(5, 7, 1, 8), 1, coder)[0], x[k])
    assert np.array_equal(decode_items(Toy(), items[::-1], SPEC, 1, coder), x[::-1])


@pytest.mark.parametrize("damage", [b"", b"\x80", b"\xff" * 6, b"\x05ab", b"\x01\x10", b"\x01\x10" + b"\xaa" * 40])
def test_items_that_the_encoder_cannot_have_made_are_refused(damage: bytes) -> None:
    with pytest.raises(StreamError):
        decode_items(Toy(), [damage], Spec(5, 7, 1, 8), 1, get_coder("rans24"))
