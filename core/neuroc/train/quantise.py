"""Fake quantisation of an MLP: training sees the rounding that the exact layers will do (SPEC section 10).

    x_int = x * 2**p_in      w_int = W * 2**(p_out - p_in + s)      acc = sum w_int x_int + b_int
    y_int = clamp((acc + 2**(s-1)) >> s)  =  y * 2**p_out

``p`` is the number of fraction bits of an activation (one per unit), ``s`` the shift of a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..exact.layers import FLOAT32_BOUND, Interval, row_bounds

WEIGHT_MAX = 32767
LARGEST_SHIFT = 20


def ste(value: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    """``rounded`` forward, the gradient of ``value`` backward."""
    return value + (rounded - value).detach()


@dataclass(slots=True)
class LayerGrid:
    """The integer grid of one layer; vectors are float tensors of whole numbers."""

    p_in: torch.Tensor  # (in,)
    p_out: torch.Tensor  # (out,)
    shift: torch.Tensor  # (out,)

    def to(self, device: str) -> LayerGrid:
        return LayerGrid(self.p_in.to(device), self.p_out.to(device), self.shift.to(device))

    def weight_scale(self) -> torch.Tensor:
        return torch.exp2(self.p_out[:, None] - self.p_in[None, :] + self.shift[:, None])

    def bias_scale(self) -> torch.Tensor:
        return torch.exp2(self.p_out + self.shift)

    def fake(self, weight: torch.Tensor, bias: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight (out, in) and bias (out,) on the grid, differentiable straight through."""
        ws, bs = self.weight_scale(), self.bias_scale()
        return ste(weight, torch.round(weight * ws) / ws), ste(bias, torch.round(bias * bs) / bs)

    def integers(self, weight: torch.Tensor, bias: torch.Tensor) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        w = torch.round(weight.double() * self.weight_scale().double())
        b = torch.round(bias.double() * self.bias_scale().double())
        return w.to(torch.int64).numpy(), b.to(torch.int64).numpy()


def choose_grid(
    weight: torch.Tensor,
    bias: torch.Tensor,
    p_in: torch.Tensor,
    p_out: torch.Tensor,
    inputs: Interval,
    headroom: float,
    bound: int = FLOAT32_BOUND,
) -> LayerGrid:
    """The finest grid whose partial sums stay below ``bound`` / ``headroom`` for ``inputs``.

    A row that cannot have a shift of one at ``p_out`` (a unit that is almost dead) gets fewer fraction bits.
    """
    shift = torch.full_like(p_out, float(LARGEST_SHIFT))
    while True:
        grid = LayerGrid(p_in, torch.minimum(p_out, p_out + shift - 1), shift.clamp(min=1))
        w, b = grid.integers(weight, bias)
        half = np.int64(1) << (grid.shift.numpy().astype(np.int64) - 1)
        bad = row_bounds(w, b + half, inputs) * headroom >= bound
        bad |= np.abs(w).max(axis=1) * headroom > WEIGHT_MAX
        if not bad.any():
            return grid
        shift = shift - torch.from_numpy(bad).to(shift.dtype)
