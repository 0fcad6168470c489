"""Exact layers as weights files hold them: ``{name}.weight``, ``{name}.bias``, ``{name}.shift`` (SPEC section 10.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import WeightsError
from .layers import I64, Interval, Linear

if TYPE_CHECKING:
    from ..weights import Weights

WEIGHT, BIAS, SHIFT = np.dtype(np.int16), np.dtype(np.int32), np.dtype(np.uint8)
PARTS = ("weight", "bias", "shift")


def require_layers(weights: Weights, names: Iterable[str], what: str, *others: str) -> None:
    """Raise WeightsError unless the tensors are those of the layers ``names`` and ``others``; ``what`` has them."""
    if set(weights.tensors) != {f"{name}.{part}" for name in names for part in PARTS} | {*others}:
        raise WeightsError(f"{weights.name} are not weights of {what}", remedy="Choose others")


def stored_layer(weights: Weights, name: str, inputs: int, clamp: Interval) -> Linear:
    """The layer ``name`` with ``inputs`` inputs and an output for each of ``clamp``; raises WeightsError."""
    outputs = len(clamp.lo)
    return Linear(
        stored_tensor(weights, f"{name}.weight", WEIGHT, (outputs, inputs)),
        stored_tensor(weights, f"{name}.bias", BIAS, (outputs,)),
        stored_tensor(weights, f"{name}.shift", SHIFT, (outputs,)),
        clamp,
    )


def stored_tensor(weights: Weights, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> I64:
    """A tensor of this type and shape; raises WeightsError if it has another one."""
    tensor: NDArray[Any] = weights.tensors[name]
    if tensor.dtype != dtype or tensor.shape != shape:
        raise WeightsError(
            f"tensor {name} of the weights {weights.name} is {tensor.dtype}{list(tensor.shape)}, "
            f"not {dtype}{list(shape)}",
            remedy="These weights are of another network: choose others",
        )
    return tensor.astype(np.int64)
