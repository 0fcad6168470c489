"""What the levels are made of: convolutions a strip at a time, norms, attention at the core (SPEC section 16.3).

Activations are (B, h, w, features), integers in float32: what the matrix products take. They are far below 2**24.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.exact.attention import Attention
from neuroc.exact.conv import depth_to_space, strips

from .layers import Block
from .network import ACTIVATION_MAX, KEY

Activations = NDArray[np.float32]


def convolve(evaluate: Any, x: Activations, side: int = 1, stride: int = 1) -> Activations:
    """A convolution (B, h, w, out) of x (B, H, W, in)."""
    batch, height, width, _ = x.shape
    out: Any = None
    for (items, high), rows in strips(x, side, stride):
        y = evaluate(rows)
        if out is None:
            out = np.empty((batch, -(-height // stride), -(-width // stride), y.shape[1]), dtype=np.float32)
        part = out[items, high]
        part[...] = y.reshape(part.shape)
    result: Activations = out
    return result


def run_block(block: Block, attention: Attention, x: Activations) -> Activations:
    """Convolution, norm, rectifier, twice; then attention, if the block has any. x and result (B, h, w, features)."""
    for convolution in block.convolutions:
        y = np.empty_like(x)
        for (items, high), rows in strips(x, 3):
            part = y[items, high]
            part[...] = np.clip(block.norm(convolution(rows)), 0, ACTIVATION_MAX).reshape(part.shape)
        x = y
    if block.attend is not None:
        add(x, _attended(block, attention, x))
    return x


def _attended(block: Block, attention: Attention, x: Activations) -> Activations:
    joined = convolve(block.attend, x)
    out = np.empty((*x.shape[:3], joined.shape[3] - 2 * KEY), dtype=np.float32)
    for item, given in zip(out, joined, strict=True):  # one after the other: weights are quadratic in the places
        places = given.reshape(1, -1, given.shape[2])
        mixed = attention(places[..., :KEY], places[..., KEY : 2 * KEY], places[..., 2 * KEY :])
        item[...] = mixed.reshape(item.shape)
    return convolve(block.attended, out)


def add(x: Activations, y: Activations) -> None:
    """x + y into x, within the limit of activations."""
    x += y
    np.clip(x, -ACTIVATION_MAX, ACTIVATION_MAX, out=x)


def beside(*parts: Activations) -> Activations:
    """The features of all parts beside one another."""
    return np.concatenate(parts, axis=3)


def finer(evaluate: Any, *parts: Activations) -> Activations:
    """A transposed convolution (B, 2h, 2w, out) without overlap, of the features of all parts."""
    result: Activations = depth_to_space(convolve(evaluate, beside(*parts)))
    return result
