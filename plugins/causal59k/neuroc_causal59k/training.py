"""Training of the causal networks: float model, loss in bits, quantisation-aware end, exact export.

The first part of the time runs plain (bfloat16 matrix products where the CPU has them), the rest with fake
quantisation on the grid that the export uses, so that rounding costs almost nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from neuroc.exact.layers import Interval
from neuroc.train.likelihood import coupled_bits
from neuroc.train.quantise import LayerGrid, choose_grid, ste
from neuroc.train.sampling import PixelSampler

from .network import (
    ACTIVATION_MAX,
    COUPLING_BITS,
    INPUT_MAX,
    LOGIT_BITS,
    MEAN_BITS,
    MIXTURES,
    SCALE_BITS,
    Variant,
)

INPUT_BITS = 6  # the float network sees inputs / 64
MEAN_UNIT = 4  # its mean outputs are in 2**4 levels, so that all outputs are of order one
CALIBRATION = 1 << 16  # pixels that fix the range of each unit
HEADROOM = 1.06  # weights may still grow by this much while training on the grid


def split_context(neighbours: torch.Tensor, left: int, up: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (n, T*C), 2 * neighbour - (left + up), and left + up (n, C), as float whole numbers."""
    values = neighbours.to(torch.float32)
    base = values[:, left] + values[:, up]
    return (2 * values - base[:, None]).flatten(1), base


class FloatNetwork(torch.nn.Module):
    """The network in float: ``widths`` fully connected, ReLU between; optionally on an integer grid."""

    def __init__(self, variant: Variant, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.variant = variant
        pairs = list(zip(variant.widths[:-1], variant.widths[1:], strict=True))
        self.weights = torch.nn.ParameterList(
            torch.randn(o, i, generator=generator) * math.sqrt(2 / i) for i, o in pairs
        )
        self.biases = torch.nn.ParameterList(torch.zeros(o) for _, o in pairs)
        with torch.no_grad():
            self.weights[-1].mul_(0.1)
            scales = slice(MIXTURES * variant.channels, 2 * MIXTURES * variant.channels)
            self.biases[-1][scales] = torch.tensor([-1.0, -2.5, -4.0] * variant.channels)
        self.grid: list[LayerGrid] | None = None

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Head outputs (n, outputs) for inputs (n, T*C) of whole numbers."""
        h = inputs * 2.0**-INPUT_BITS
        last = len(self.weights) - 1
        for n, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            if self.grid is None:
                h = functional.linear(h, w, b)
                h = functional.relu(h) if n < last else h
                continue
            grid = self.grid[n]
            wq, bq = grid.fake(w, b)
            h = functional.linear(h, wq, bq)
            unit = torch.exp2(grid.p_out)
            if n < last:
                h = torch.minimum(functional.relu(h), ACTIVATION_MAX / unit)
            h = ste(h, torch.floor(h * unit + 0.5) / unit)
        return h

    @torch.no_grad()
    def calibrate(self, inputs: torch.Tensor) -> None:
        """Fix the grid: fraction bits from the range of each unit on ``inputs``, shifts from the 2**24 bound."""
        device = self.weights[0].device.type
        inputs = inputs.cpu()
        p_in = torch.full((inputs.shape[1],), float(INPUT_BITS))
        x = Interval.of(-INPUT_MAX, INPUT_MAX, inputs.shape[1])
        h = inputs * 2.0**-INPUT_BITS
        grids = []
        last = len(self.weights) - 1
        for n, (w, b) in enumerate(self._layers_on_cpu()):
            h = functional.linear(h, w, b)
            if n < last:
                h = functional.relu(h)
                largest = h.max(dim=0).values.clamp(min=2.0**-8)
                p_out = torch.floor(torch.log2(ACTIVATION_MAX / largest))
            else:
                p_out = self._output_bits()
            grids.append(choose_grid(w, b, p_in, p_out, x, HEADROOM))
            p_in = grids[-1].p_out
            x = Interval.of(0, ACTIVATION_MAX, len(b))
        self.grid = [g.to(device) for g in grids]

    def _layers_on_cpu(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        return [(w.detach().cpu(), b.detach().cpu()) for w, b in zip(self.weights, self.biases, strict=True)]

    def _output_bits(self) -> torch.Tensor:
        n, v = MIXTURES * self.variant.channels, self.variant
        counts = torch.tensor([n, n, n, MIXTURES * v.couplings])
        bits = torch.tensor([MEAN_BITS + MEAN_UNIT, SCALE_BITS, LOGIT_BITS, COUPLING_BITS], dtype=torch.float32)
        return torch.repeat_interleave(bits, counts)

    def export(self) -> dict[str, NDArray[np.generic]]:
        """Integer tensors of the exact layers (SPEC section 12.5); needs a grid."""
        if self.grid is None:
            raise ValueError("calibrate first")
        tensors: dict[str, NDArray[np.generic]] = {}
        x = Interval.of(-INPUT_MAX, INPUT_MAX, self.variant.widths[0])
        for n, (w, b) in enumerate(self._layers_on_cpu()):
            grid = self.grid[n].to("cpu")
            fits = choose_grid(w, b, grid.p_in, grid.p_out, x, 1.0)
            if bool((fits.p_out != grid.p_out).any()):
                raise ValueError(f"the weights of layer {n} outgrew their grid")
            grid = LayerGrid(grid.p_in, grid.p_out, torch.minimum(grid.shift, fits.shift))
            wi, bi = grid.integers(w, b)
            tensors[f"layer{n}.weight"] = wi.astype(np.int16)
            tensors[f"layer{n}.bias"] = bi.astype(np.int32)
            tensors[f"layer{n}.shift"] = grid.shift.numpy().astype(np.uint8)
            x = Interval.of(0, ACTIVATION_MAX, len(b))
        return tensors


def bits(outputs: torch.Tensor, base: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Bits of each sample (n, C) under the mixture; ``base`` is left + up, ``target`` the samples, 8 bits."""
    return coupled_bits(outputs, base * 0.5, target.float(), MIXTURES, MEAN_UNIT)


@dataclass(slots=True)
class Trainer:
    """One network in training; ``step`` is what neuroc.train.session.Session calls."""

    variant: Variant
    train: PixelSampler
    validation: PixelSampler
    network: FloatNetwork
    step_optimiser: Callable[[float], None]
    zero_grad: Callable[[], None]
    schedule: Callable[[float], float]
    batch: int = 8192
    quantise_from: float = 0.85  # of the time; on the grid from here on
    bfloat16: bool = True
    device: str = "cpu"
    _validation: list[tuple[torch.Tensor, torch.Tensor]] = field(default_factory=list)

    def loss(self, neighbours: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Mean bits per sub-pixel of one batch."""
        inputs, base = split_context(neighbours.to(self.device), *self.variant.centre)
        plain = self.bfloat16 and self.network.grid is None and self.network.training
        with torch.autocast(self.device, torch.bfloat16, enabled=plain):
            outputs = self.network(inputs)
        return bits(outputs, base, target.to(self.device)).mean()

    def step(self, fraction: float) -> float:
        if fraction >= self.quantise_from and self.network.grid is None:
            self.calibrate()
        loss = self.loss(*self.train.batch(self.batch))
        self.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.step_optimiser(self.schedule(fraction))
        return float(loss.detach())

    def calibrate(self) -> None:
        """Put the network on its integer grid."""
        neighbours, _ = self.train.batch(CALIBRATION)
        inputs, _ = split_context(neighbours.to(self.device), *self.variant.centre)
        self.network.calibrate(inputs)

    @torch.no_grad()
    def validate(self) -> float:
        """Mean bits per sub-pixel on the fixed validation pixels."""
        if not self._validation:
            self._validation = [self.validation.batch(8192) for _ in range(16)]
        self.network.eval()
        total = sum(float(self.loss(n, t)) for n, t in self._validation)
        self.network.train()
        return total / len(self._validation)

    def phase(self) -> str:
        return "float" if self.network.grid is None else "grid"
