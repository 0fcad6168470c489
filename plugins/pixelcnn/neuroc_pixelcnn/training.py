"""Training of the masked networks: float model, loss in bits, quantisation-aware end, exact export.

The layers after the first are 1x1, so a pixel's probabilities depend on its window alone and training draws single
pixels of many pictures. The first part of the time runs plain (bfloat16 matrix products where the CPU has them), the
rest with fake quantisation on the grid that the export uses, so that rounding costs almost nothing.
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
from neuroc.train.likelihood import mixture_bits
from neuroc.train.quantise import LayerGrid, choose_grid, ste
from neuroc.train.sampling import PixelSampler

from .context import CENTRE
from .network import (
    ACTIVATION_MAX,
    INPUT_MAX,
    LOGIT_BITS,
    MEAN_BITS,
    MIXTURES,
    SCALE_BITS,
    Layer,
    Variant,
)

INPUT_BITS = 6  # the float network sees inputs / 64
MEAN_UNIT = 4  # its mean outputs are in 2**4 levels, so that all outputs are of order one
CALIBRATION = 1 << 15  # pixels that fix the range of each unit
HEADROOM = 1.06  # weights may still grow by this much while training on the grid
LAPLACE = 8.0  # scale of the softmax that training starts from, in levels


def network_inputs(variant: Variant, window: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (n, context + C - 1) and twice the predictions (n, C), float whole numbers (SPEC section 14.3).

    window: (n, T, C) uint8 neighbours; target: (n, C) uint8 samples.
    """
    left, up = variant.centre
    values, samples = window.to(torch.float32), target.to(torch.float32)
    base = values[:, left] + values[:, up]
    known = (2 * samples - base)[:, :-1]
    prediction = torch.cat([base[:, :1], base[:, 1:] + known], dim=1)
    return torch.cat([(2 * values - base[:, None]).flatten(1), base - 255, known], dim=1), prediction


class FloatNetwork(torch.nn.Module):
    """The network in float, optionally on an integer grid; parameters by layer, then group."""

    def __init__(self, variant: Variant, seed: int = 0) -> None:
        super().__init__()
        if any(layer.taps != CENTRE for layer in variant.layers):
            raise ValueError("single pixels train networks whose later layers are 1x1 only")
        generator = torch.Generator().manual_seed(seed)
        self.variant = variant
        self.weights = torch.nn.ParameterList()
        self.biases = torch.nn.ParameterList()
        for layer in variant.layers:
            # A residual branch starts at zero, the head close to it.
            gain = 0.0 if layer.residual else 0.1 if layer.name == "head" else 1.0
            for i, o in zip(layer.inputs, layer.outputs, strict=True):
                self.weights.append(torch.randn(o, i, generator=generator) * (gain * math.sqrt(2 / i)))
                self.biases.append(_head_bias(variant) if layer.name == "head" else torch.zeros(o))
        self.grids: list[LayerGrid] | None = None  # one for each group of each layer

    def matrices(self) -> list[torch.nn.Parameter]:
        """What Muon trains: all weights but the head's."""
        return list(self.weights)[: -self.variant.channels]

    def others(self) -> list[torch.nn.Parameter]:
        """What Adam trains."""
        return [*list(self.weights)[-self.variant.channels :], *self.biases]

    def forward(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """The head's outputs of each channel (n, outputs) for inputs (n, context + C - 1) of whole numbers."""
        stream = hidden = torch.empty(0)
        for n, layer in enumerate(self.variant.layers[:-1]):
            source = {"inputs": inputs * 2.0**-INPUT_BITS, "stream": stream, "hidden": hidden}[layer.source]
            y = self._layer(n, layer, source, stream if layer.residual else None)
            if layer.source == "stream":
                hidden = y
            else:
                stream = y
        return self._groups(len(self.variant.layers) - 1, self.variant.layers[-1], stream)

    def _layer(self, n: int, layer: Layer, source: torch.Tensor, stream: torch.Tensor | None) -> torch.Tensor:
        y = torch.cat(self._groups(n, layer, source), dim=1)
        if stream is not None:
            y = stream + y.float()  # bfloat16 products, but their sum over the blocks in float32
        if layer.rectified:
            y = functional.relu(y)
        if self.grids is None:
            return y
        largest = ACTIVATION_MAX / torch.exp2(torch.cat([grid.p_out for grid in self._grids(n)]))
        return torch.minimum(torch.maximum(y, -largest), largest)

    def _groups(self, n: int, layer: Layer, source: torch.Tensor) -> list[torch.Tensor]:
        outputs = []
        for g, inputs in enumerate(layer.inputs):
            w, b = self.weights[n * self.variant.channels + g], self.biases[n * self.variant.channels + g]
            if self.grids is None:
                outputs.append(functional.linear(source[:, :inputs], w, b))
                continue
            grid = self._grids(n)[g]
            y = functional.linear(source[:, :inputs], *grid.fake(w, b))
            unit = torch.exp2(grid.p_out)
            outputs.append(ste(y, torch.floor(y * unit + 0.5) / unit))
        return outputs

    def _grids(self, n: int) -> list[LayerGrid]:
        assert self.grids is not None
        return self.grids[n * self.variant.channels : (n + 1) * self.variant.channels]

    @torch.no_grad()
    def calibrate(self, inputs: torch.Tensor) -> None:
        """Fix the grid: fraction bits from the range of each unit on ``inputs``, shifts from the 2**24 bound."""
        self.grids = None
        device = self.weights[0].device.type
        ranges = self._ranges(inputs)
        stream = torch.stack([r for r, layer in ranges if layer.source != "stream"]).amax(0)
        p_stream = _fraction_bits(stream)
        while True:  # a row that cannot have p_stream lowers it for all layers that write the stream
            grids, lowered = [], p_stream.clone()
            p_hidden = p_stream
            for n, layer in enumerate(self.variant.layers):
                writes_stream = layer.source != "stream"
                if layer.name == "head":
                    p_out = self._output_bits()
                else:
                    p_out = p_stream if writes_stream else _fraction_bits(ranges[n][0])
                p_in = {
                    "inputs": torch.full((self.variant.context + self.variant.channels - 1,), float(INPUT_BITS)),
                    "stream": p_stream,
                    "hidden": p_hidden,
                }[layer.source]
                chosen = [
                    choose_grid(w, b, p_in[:i], p, self._input_range(layer, i), HEADROOM)
                    for (w, b), i, p in zip(
                        self._on_cpu(n), layer.inputs, torch.split(p_out, list(layer.outputs)), strict=True
                    )
                ]
                grids += chosen
                p_out = torch.cat([grid.p_out for grid in chosen])
                if writes_stream:
                    lowered = torch.minimum(lowered, p_out)
                elif layer.name != "head":
                    p_hidden = p_out
            if bool((lowered == p_stream).all()):
                break
            p_stream = lowered
        self.grids = [g.to(device) for g in grids]

    def _ranges(self, inputs: torch.Tensor) -> list[tuple[torch.Tensor, Layer]]:
        """The largest magnitude of each unit of each layer but the head."""
        stream = hidden = torch.empty(0)
        found = []
        for n, layer in enumerate(self.variant.layers[:-1]):
            source = {"inputs": inputs * 2.0**-INPUT_BITS, "stream": stream, "hidden": hidden}[layer.source]
            y = self._layer(n, layer, source, stream if layer.residual else None)
            if layer.source == "stream":
                hidden = y
            else:
                stream = y
            found.append((y.abs().amax(0).float().cpu(), layer))
        return found

    def _on_cpu(self, n: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        groups = range(n * self.variant.channels, (n + 1) * self.variant.channels)
        return [(self.weights[g].detach().cpu(), self.biases[g].detach().cpu()) for g in groups]

    @staticmethod
    def _input_range(layer: Layer, inputs: int) -> Interval:
        largest = INPUT_MAX if layer.source == "inputs" else ACTIVATION_MAX
        rectified = layer.source == "hidden" or layer.name == "head"
        return Interval.of(0 if rectified else -largest, largest, inputs)

    def _output_bits(self) -> torch.Tensor:
        if self.variant.head == "softmax":
            return torch.full((256 * self.variant.channels,), float(LOGIT_BITS))
        bits = torch.tensor([MEAN_BITS + MEAN_UNIT, SCALE_BITS, LOGIT_BITS], dtype=torch.float32)
        return torch.repeat_interleave(bits, MIXTURES).repeat(self.variant.channels)

    def export(self) -> dict[str, NDArray[np.generic]]:
        """Integer tensors of the exact layers (SPEC section 14.6); needs a grid."""
        if self.grids is None:
            raise ValueError("calibrate first")
        tensors: dict[str, NDArray[np.generic]] = {}
        for n, layer in enumerate(self.variant.layers):
            for g, ((w, b), inputs) in enumerate(zip(self._on_cpu(n), layer.inputs, strict=True)):
                grid = self._grids(n)[g].to("cpu")
                fits = choose_grid(w, b, grid.p_in, grid.p_out, self._input_range(layer, inputs), 1.0)
                if bool((fits.p_out != grid.p_out).any()):
                    raise ValueError(f"the weights of layer {layer.name} outgrew their grid")
                grid = LayerGrid(grid.p_in, grid.p_out, torch.minimum(grid.shift, fits.shift))
                wi, bi = grid.integers(w, b)
                tensors[f"{layer.name}.{g}.weight"] = wi.astype(np.int16)
                tensors[f"{layer.name}.{g}.bias"] = bi.astype(np.int32)
                tensors[f"{layer.name}.{g}.shift"] = grid.shift.numpy().astype(np.uint8)
        return tensors


def _fraction_bits(largest: torch.Tensor) -> torch.Tensor:
    return torch.floor(torch.log2(ACTIVATION_MAX / largest.clamp(min=2.0**-8)))


def _head_bias(variant: Variant) -> torch.Tensor:
    """A Laplace distribution around the prediction, or mixture components from wide to narrow."""
    if variant.head == "softmax":
        residual = torch.arange(256, dtype=torch.float32)
        return -torch.minimum(residual, 256 - residual) / LAPLACE
    zeros = torch.zeros(MIXTURES)
    return torch.cat([zeros, torch.linspace(-1.0, -4.0, MIXTURES), zeros])


def bits(variant: Variant, outputs: list[torch.Tensor], prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Bits of each sample (n, C); ``prediction`` from network_inputs, ``target`` the samples."""
    code = _softmax_bits if variant.head == "softmax" else _mixture_bits
    # Channel by channel: what a softmax over 256 values needs then stays in the processor's caches.
    parts = [code(y, prediction[:, c], target[:, c].float()) for c, y in enumerate(outputs)]
    return torch.stack(parts, dim=1)


def _softmax_bits(outputs: torch.Tensor, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    origin = torch.floor(prediction / 2).clamp(0, 255)
    residual = (target - origin).long() % 256
    nats = functional.cross_entropy(outputs.float() * math.log(2), residual, reduction="none")
    return nats / math.log(2)


def _mixture_bits(outputs: torch.Tensor, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    means, scales, logits = torch.split(outputs.float(), [MIXTURES] * 3, dim=1)
    distance = (target - prediction * 0.5)[:, None] - means * 2.0**MEAN_UNIT
    return mixture_bits(distance, scales, logits, target)


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
    batch: int  # pixels of a step
    quantise_from: float = 0.88  # of the time; on the grid from here on
    bfloat16: bool = True
    device: str = "cpu"
    _validation: list[tuple[torch.Tensor, torch.Tensor]] = field(default_factory=list)

    def loss(self, window: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Mean bits per sub-pixel of one batch."""
        target = target.to(self.device)
        inputs, prediction = network_inputs(self.variant, window.to(self.device), target)
        plain = self.bfloat16 and self.network.grids is None and self.network.training
        with torch.autocast(self.device, torch.bfloat16, enabled=plain):
            outputs = self.network(inputs)
        return bits(self.variant, outputs, prediction, target).mean()

    def step(self, fraction: float) -> float:
        if fraction >= self.quantise_from and self.network.grids is None:
            self.calibrate()
        loss = self.loss(*self.train.batch(self.batch))
        self.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.step_optimiser(self.schedule(fraction))
        return float(loss.detach())

    def calibrate(self) -> None:
        """Put the network on its integer grid."""
        window, target = self.train.batch(CALIBRATION)
        inputs, _ = network_inputs(self.variant, window.to(self.device), target.to(self.device))
        self.network.calibrate(inputs)

    @torch.no_grad()
    def validate(self) -> float:
        """Mean bits per sub-pixel on the fixed validation pixels."""
        if not self._validation:
            self._validation = [self.validation.batch(8192) for _ in range(16)]
        self.network.eval()
        total = sum(float(self.loss(w, t)) for w, t in self._validation)
        self.network.train()
        return total / len(self._validation)

    def phase(self) -> str:
        return "float" if self.network.grids is None else "grid"
