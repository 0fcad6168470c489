"""Gathered rows and integer attention equal their definitions (SPEC 10.5)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroc.api import ExactnessError
from neuroc.exact.attention import Attention
from neuroc.exact.conv import depth_to_space, patches, strips
from neuroc.exact.tables import EXP2_SIZE, exp2_table


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 7), st.integers(1, 7), st.sampled_from([(1, 1), (3, 1), (3, 2), (5, 1)]), st.integers(0, 2**32 - 1)
)
def test_rows_hold_the_window_of_each_place_and_zeros_outside(
    height: int, width: int, window: tuple[int, int], seed: int
) -> None:
    side, stride = window
    x = np.random.default_rng(seed).integers(1, 99, size=(2, height, width, 3)).astype(np.int32)
    h, w = -(-height // stride), -(-width // stride)
    rows = patches(x, side, stride).reshape(2, h, w, side, side, 3)
    for i, j in np.ndindex(h, w):
        for a, b in np.ndindex(side, side):
            y, z = i * stride + a - side // 2, j * stride + b - side // 2
            want = x[:, y, z] if 0 <= y < height and 0 <= z < width else 0
            assert (rows[:, i, j, a, b] == want).all()


def test_even_windows_do_not_overlap_and_depth_to_space_undoes_them() -> None:
    x = np.arange(2 * 4 * 6 * 3, dtype=np.int32).reshape(2, 4, 6, 3)
    rows = patches(x, 2, 2).reshape(2, 2, 3, 12)
    assert (depth_to_space(rows) == x).all()
    with pytest.raises(ValueError, match="stride"):
        patches(x, 2, 1)
    with pytest.raises(ValueError, match="multiple"):
        patches(x[:, :3], 2, 2)


ATTENTION = Attention(features=16, shift=8, key_max=1023, value_max=2047, most_keys=256)


def definition(q: list[list[int]], k: list[list[int]], v: list[list[int]]) -> list[list[int]]:
    """Attention of one item in Python integers."""
    table = exp2_table().tolist()
    out = []
    for query in q:
        scores = [(sum(a * b for a, b in zip(query, key, strict=True)) + 128) >> 8 for key in k]
        weights = [table[max(scores) - s] if max(scores) - s < EXP2_SIZE else 0 for s in scores]
        total = sum(weights)
        sums = [sum(w * value[c] for w, value in zip(weights, v, strict=True)) for c in range(len(v[0]))]
        out.append([(2 * s + total) // (2 * total) for s in sums])
    return out


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 9), st.sampled_from([3, 60, 1023]), st.integers(0, 2**32 - 1))
def test_attention_equals_python_integers(keys: int, largest: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    q, k = (rng.integers(-largest, largest + 1, size=(1, keys, 16)).astype(np.int32) for _ in range(2))
    v = rng.integers(-2047, 2048, size=(1, keys, 5)).astype(np.int32)
    assert ATTENTION(q, k, v)[0].tolist() == definition(q[0].tolist(), k[0].tolist(), v[0].tolist())


def test_attention_is_exact_at_the_ends_of_its_ranges() -> None:
    q = np.full((1, 256, 16), 1023, dtype=np.int32)
    k = q * np.where(np.arange(256) % 2, 1, -1).astype(np.int32)[None, :, None]
    v = np.full((1, 256, 4), -2047, dtype=np.int32)
    assert (ATTENTION(q, k, v) == -2047).all()
    assert (ATTENTION(q, q, v) == -2047).all()


def test_attention_whose_sums_do_not_fit_is_refused() -> None:
    with pytest.raises(ExactnessError, match=r"2\*\*24"):
        Attention(features=16, shift=8, key_max=1024, value_max=2047, most_keys=256)
    with pytest.raises(ExactnessError, match="53"):
        Attention(features=16, shift=8, key_max=1023, value_max=1 << 30, most_keys=256)
    with pytest.raises(ValueError, match="keys"):
        ATTENTION(*[np.zeros((1, 257, 16), dtype=np.int32)] * 3)


@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6), st.sampled_from([(1, 1), (3, 1), (2, 2)]), st.data())
@settings(max_examples=60, deadline=None)
def test_strips_are_the_patches_in_parts(
    batch: int, height: int, width: int, window: tuple[int, int], data: st.DataObject
) -> None:
    side, stride = window
    shape = (batch, stride * height, stride * width, 2)
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    if data.draw(st.booleans()):
        x = np.concatenate([x, x], axis=3)[..., :2]  # not in one piece
    places = data.draw(st.integers(1, 40))
    whole = patches(x, side, stride).reshape(batch, height, width, -1)
    seen = np.full_like(whole, -1)
    for (items, high), rows in strips(x, side, stride, places):
        part = seen[items, high]
        part[...] = rows.reshape(part.shape)
        assert len(rows) <= max(places, width)
    assert np.array_equal(seen, whole)
