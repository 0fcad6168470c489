"""The network's context part: from what is known of a tile to features of its cells, step by step (SPEC section 15.4).

inputs, state --fuse--> stream --+-- group 0 --+-- group 1 --+-- group 2 --> stream = next state
group:  trunk(stream) * sigmoid(gate) + lift,   gate and lift from a mask branch at half the resolution of the cells
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.exact.conv import depth_to_space, patches

from .layers import GATE_BITS, Layers, gate_table
from .network import ACTIVATION_MAX, ATTENTIVE, GROUPS, KEY, STREAM

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What a step knows of the cells."""

    stream: Ints  # (B, h, w, STREAM)
    first: Ints  # (B, h, w, FIRST)


def initial_state(batch: int, cells: tuple[int, int]) -> Ints:
    """The state (B, h, w, STREAM) before the first step."""
    return np.zeros((batch, *cells, STREAM), dtype=np.int32)


def evaluate(layers: Layers, inputs: Ints, state: Ints) -> Features:
    """One step: inputs (B, h, w, n) and the state (B, h, w, STREAM) of the step before."""
    b, h, w, _ = inputs.shape
    first = layers.first(_carried(inputs.reshape(b * h * w, -1)))
    joined = np.concatenate([first, state.reshape(b * h * w, -1)], axis=1, dtype=np.float32)
    x = layers.fuse(joined).reshape(b, h, w, -1)
    for g in range(GROUPS):
        x = _group(layers, g, x)
    return Features(x, first.reshape(b, h, w, -1))


def _group(layers: Layers, g: int, x: Ints) -> Ints:
    b, h, w, features = x.shape
    rectified = _carried(np.maximum(x, 0))
    trunk = layers.trunks[g](patches(rectified, 3)).reshape(x.shape)
    m = layers.downs[g](patches(rectified, 2, 2)).reshape(b, h // 2, w // 2, -1)
    if g == ATTENTIVE:
        m = _clamped(m + _attend(layers, m))
    m = _clamped(m + layers.masks[g](patches(_carried(np.maximum(m, 0)), 3)).reshape(m.shape))
    up = layers.ups[g](_carried(np.maximum(m, 0)).reshape(-1, m.shape[3]))
    up = depth_to_space(up.reshape(b, h // 2, w // 2, -1))
    gate = gate_table().take(up[..., :features] + (ACTIVATION_MAX + 1))
    gate *= trunk
    gate += 1 << (GATE_BITS - 1)
    gate >>= GATE_BITS
    gate += x
    gate += up[..., features:]
    return _clamped(gate)


def _attend(layers: Layers, m: Ints) -> Ints:
    b, h, w, features = m.shape
    joined = layers.attend(_carried(np.maximum(m, 0)).reshape(-1, features)).reshape(b, h * w, -1)
    out = layers.attention(joined[..., :KEY], joined[..., KEY : 2 * KEY], joined[..., 2 * KEY :])
    result: Ints = layers.attended(_carried(out).reshape(b * h * w, -1)).reshape(m.shape)
    return result


def _clamped(x: Ints) -> Ints:
    return np.clip(x, -ACTIVATION_MAX, ACTIVATION_MAX, out=x)


def _carried(x: Any) -> NDArray[np.float32]:
    """Activations in the type that the matrix products take; they are far below 2**24."""
    result: NDArray[np.float32] = x.astype(np.float32)
    return result
