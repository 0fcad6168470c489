"""The network in float, for training: what context.py, inputs.py and head.py do in integers (SPEC section 15).

Activations are 2**-8 of the integers, clamps and order of operations are the same, so that rounding is all that the
export changes.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from neuroc.train.quantise import choose_grid

from .inputs import PYRAMID
from .layers import range_of
from .network import (
    ATTENTIVE,
    CELL_RING,
    CELL_TAPS,
    COUPLING_BITS,
    FRACTION,
    GROUPS,
    KNOTS,
    LIMIT,
    LOGIT_BITS,
    MEAN_BITS,
    MIXTURES,
    PIXEL,
    PIXEL_RING,
    PIXEL_TAPS,
    SCALE_BITS,
    STREAM,
    Variant,
)

MEAN_UNIT = 4  # mean outputs are in 2**4 levels, so that all outputs are of order one
INPUT_UNIT = 64.0  # differences are in 64 levels
MARGIN = 4
KEY_LIMIT = 4.0

Tensor = torch.Tensor


def shifted(x: Tensor, di: int, dj: int) -> Tensor:
    """x (B, C, H, W) moved so that the result at (i, j) is x at (i + di, j + dj), zero outside."""
    h, w = x.shape[2:]
    p = max(abs(di), abs(dj))
    if p >= max(h, w):
        return torch.zeros_like(x)
    return functional.pad(x, (p, p, p, p))[:, :, p + di : p + di + h, p + dj : p + dj + w]


def spread(x: Tensor) -> Tensor:
    """Weighted sum of the blurs of x, as inputs.spread but for a factor."""
    total = torch.zeros_like(x)
    for level in range(PYRAMID):
        d = 1 << level
        x = shifted(x, d, 0) + 2 * x + shifted(x, -d, 0)
        x = (shifted(x, 0, d) + 2 * x + shifted(x, 0, -d)) / 16
        total = total + x * 2.0 ** (-3 * level)
    return total


class Seen:
    """A batch of tiles as far as they are known; samples x and base (B, C, H, W), mask (B, 1, H, W), sides in fours."""

    @torch.no_grad()
    def __init__(self, x: Tensor, mask: Tensor, base: Tensor | None = None) -> None:
        c = self.channels = x.shape[1]
        known = x * mask
        s = spread(torch.cat([known if base is None else known - base * mask, mask], 1))
        count = s[:, c:]
        seen = count > 0
        mean = torch.where(seen, s[:, :c] / count.clamp(min=1e-30), torch.zeros_like(s[:, :c]))
        start = torch.full_like(mean, 128.0) if base is None else base
        self.prediction = torch.where(seen, torch.floor(4 * mean + 0.5) / 4 + (0 if base is None else base), start)
        d = spread((known - self.prediction * mask).abs().sum(1, keepdim=True))
        self.contrast = torch.log2(1 + torch.where(seen, d / count.clamp(min=1e-30), torch.zeros_like(count))) / 4
        self.known = functional.pad(torch.cat([known, mask], 1), (MARGIN,) * 4)
        self.around = functional.pad(self.prediction, (1, 1, 1, 1), mode="replicate")
        self.base = None if base is None else functional.pad(base, (1, 1, 1, 1), mode="replicate")

    @torch.no_grad()
    def cells(self, share: Tensor) -> Tensor:
        """Inputs (B, n, H/2, W/2) of the first layer; share (B,): known share of each tile."""
        c, p = self.channels, self.prediction
        h, w = p.shape[2:]
        centre = torch.floor(functional.avg_pool2d(p, 2) * 4 + 0.5) / 4

        def at(x: Tensor, margin: int, i: int, j: int) -> Tensor:
            return x[:, :, margin + i : margin + i + h - 1 : 2, margin + j : margin + j + w - 1 : 2]

        parts = []
        for i, j in CELL_TAPS:
            t = at(self.known, MARGIN, i, j)
            parts += [(t[:, :c] - centre * t[:, c:]) / INPUT_UNIT, t[:, c:]]
        parts += [(at(self.around, 1, i, j) - centre) / INPUT_UNIT for i, j in CELL_RING]
        parts += [(centre - 128) / INPUT_UNIT, functional.pixel_unshuffle(self.contrast, 2)]
        if self.base is not None:
            parts += [(at(self.base, 1, i, j) - centre) / INPUT_UNIT for i, j in CELL_RING]
        parts.append(embedding(share)[:, :, None, None].expand(-1, -1, h // 2, w // 2))
        return torch.cat(parts, 1).contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def pixels(self, b: Tensor, i: Tensor, j: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs (n, k) of the head for the pixels (i, j) of tiles b, and their predictions (n, C)."""
        c = self.channels
        p = self.prediction[b, :, i, j]
        t = _gather(self.known, b, i + MARGIN, j + MARGIN, PIXEL_TAPS)
        samples = (t[..., :c] - p[:, None] * t[..., c:]) / INPUT_UNIT
        ring = (_gather(self.around, b, i + 1, j + 1, PIXEL_RING) - p[:, None]) / INPUT_UNIT
        parts = [samples.flatten(1), t[..., c], ring.flatten(1), (p - 128) / INPUT_UNIT, self.contrast[b, :, i, j]]
        if self.base is not None:
            own = _gather(self.base, b, i + 1, j + 1, ((0, 0), *PIXEL_RING))
            parts.append(((own - p[:, None]) / INPUT_UNIT).flatten(1))
        return torch.cat(parts, 1), p


def _gather(x: Tensor, b: Tensor, i: Tensor, j: Tensor, taps: tuple[tuple[int, int], ...]) -> Tensor:
    """x (B, C, H, W) at the taps of the pixels: (n, T, C)."""
    height, width = x.shape[2:]
    rows = x.permute(0, 2, 3, 1).contiguous().view(-1, x.shape[1])
    offsets = torch.tensor([di * width + dj for di, dj in taps], device=x.device)
    return rows[((b * height + i) * width + j)[:, None] + offsets]


def embedding(share: Tensor) -> Tensor:
    """Known share (B,) to hat functions of its logarithm (B, KNOTS), as schedule.knots."""
    at = torch.where(
        share > 0, (KNOTS - 1 + torch.log2(share.clamp(min=2.0**-20))).clamp(min=1), torch.zeros_like(share)
    )
    knots = torch.arange(KNOTS, dtype=torch.float32, device=share.device)
    return (1 - (at[:, None] - knots).abs()).clamp(min=0)


def relu(x: Tensor) -> Tensor:
    """Rectified, within the limit of activations."""
    return functional.hardtanh(x, 0.0, float(LIMIT))


def clamp(x: Tensor) -> Tensor:
    """Within the limit of activations."""
    return functional.hardtanh(x, -float(LIMIT), float(LIMIT))


class FloatNetwork(torch.nn.Module):
    """The network in float."""

    def __init__(self, variant: Variant, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.variant = variant
        self.shapes = variant.layers
        self.numbers = {name: n for n, name in enumerate(self.shapes)}
        self.weights = torch.nn.ParameterList(
            torch.randn(s.outputs, s.columns, generator=generator) * math.sqrt(2 / s.columns)
            for s in self.shapes.values()
        )
        self.biases = torch.nn.ParameterList(torch.zeros(s.outputs) for s in self.shapes.values())
        with torch.no_grad():
            for name, n in self.numbers.items():
                if name.endswith(("project", "remask", "attended", "up")):
                    self.weights[n].mul_(0.2)
            self.weights[-1].mul_(0.1)
            k = MIXTURES * variant.channels
            self.biases[-1][k : 2 * k] = torch.linspace(-1.0, -5.0, MIXTURES).repeat(variant.channels)

    def _tensors(self, name: str) -> tuple[Tensor, Tensor]:
        n = self.numbers[name]
        return self.weights[n], self.biases[n]

    def _conv(self, name: str, x: Tensor, stride: int = 1) -> Tensor:
        shape = self.shapes[name]
        side = math.isqrt(shape.taps)
        w, b = self._tensors(name)
        kernel = w.view(shape.outputs, side, side, shape.inputs).permute(0, 3, 1, 2)
        return functional.conv2d(x, kernel, b, stride=stride, padding=1 if side == 3 else 0)

    def _up(self, name: str, x: Tensor) -> Tensor:
        """Depth to space: rows of the matrix are (row parity, column parity, feature), with one bias for all four."""
        shape = self.shapes[name]
        w, b = self._tensors(name)
        kernel = w.view(2, 2, shape.outputs // 4, shape.inputs).permute(3, 2, 0, 1)
        return functional.conv_transpose2d(x, kernel, b.view(4, -1)[0], stride=2)

    def _joined(self, name: str, x: Tensor, y: Tensor) -> Tensor:
        """A layer whose inputs are x, then y."""
        w, b = self._tensors(name)
        w = w[:, :, None, None]
        n = x.shape[1]
        return functional.conv2d(x, w[:, :n], b) + functional.conv2d(y, w[:, n:])

    def forward(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Stream, which is the next state, and first features; inputs (B, n, h, w), state (B, STREAM, h, w)."""
        first = relu(self._conv("first", inputs))
        x = clamp(self._joined("fuse", first, state))
        for g in range(GROUPS):
            p = f"group{g}."
            r = functional.relu(x)
            trunk = clamp(self._conv(p + "project", relu(self._conv(p + "trunk", r))))
            m = clamp(self._conv(p + "down", r, 2))
            if g == ATTENTIVE:
                m = clamp(m + self._attend(p, m))
            m = clamp(m + clamp(self._conv(p + "remask", relu(self._conv(p + "mask", functional.relu(m))))))
            up = clamp(self._up(p + "up", functional.relu(m)))
            x = clamp(x + trunk * torch.sigmoid(up[:, :STREAM]) + up[:, STREAM:])
        return x, first

    def _attend(self, p: str, m: Tensor) -> Tensor:
        r = functional.relu(m)
        q = functional.hardtanh(self._conv(p + "query", r), -KEY_LIMIT, KEY_LIMIT).flatten(2)
        k = functional.hardtanh(self._conv(p + "key", r), -KEY_LIMIT, KEY_LIMIT).flatten(2)
        v = clamp(self._conv(p + "value", r)).flatten(2)
        weights = torch.softmax(torch.einsum("bcq,bck->bqk", q, k).float() * math.log(2), -1).to(v.dtype)
        out = torch.einsum("bqk,bck->bcq", weights, v).reshape(m.shape[0], -1, *m.shape[2:])
        return clamp(self._conv(p + "attended", out))

    def outputs(self, stream: Tensor, first: Tensor, b: Tensor, i: Tensor, j: Tensor, inputs: Tensor) -> Tensor:
        """Head outputs (n, outputs) of the pixels (i, j) of tiles b; inputs (n, k) from Seen.pixels."""
        y = relu(self._joined("pixel", functional.relu(stream), first)).permute(0, 2, 3, 1)
        batch, h, w, _ = y.shape
        at = ((b * h + (i >> 1)) * w + (j >> 1)) * 4 + (i & 1) * 2 + (j & 1)
        rows = torch.cat([y.reshape(batch * h * w * 4, PIXEL)[at], inputs], 1)
        for name in ("head0", "head1"):
            rows = relu(functional.linear(rows, *self._tensors(name)))
        return functional.linear(rows, *self._tensors("output"))

    @torch.no_grad()
    def export(self) -> dict[str, NDArray[np.generic]]:
        """Integer tensors of the exact layers (SPEC section 15.7): weights rounded as finely as 2**24 allows."""
        tensors: dict[str, NDArray[np.generic]] = {}
        for name, shape in self.shapes.items():
            w, b = (t.detach().cpu().float() for t in self._tensors(name))
            if name.endswith(".up"):
                b = b.view(4, -1)[0].repeat(4)
            p_in = torch.full((shape.columns,), float(FRACTION))
            p_out = self._output_bits() if name == "output" else torch.full((shape.outputs,), float(FRACTION))
            grid = choose_grid(w, b, p_in, p_out, range_of(self.variant, name), 1.0)
            if bool((grid.p_out != p_out).any()):
                raise ValueError(f"a row of the layer {name} is too large for the grid")
            wi, bi = grid.integers(w, b)
            tensors[f"{name}.weight"] = wi.astype(np.int16)
            tensors[f"{name}.bias"] = bi.astype(np.int32)
            tensors[f"{name}.shift"] = grid.shift.numpy().astype(np.uint8)
        return tensors

    def _output_bits(self) -> Tensor:
        n = MIXTURES * self.variant.channels
        counts = torch.tensor([n, n, n, MIXTURES * self.variant.couplings])
        bits = torch.tensor([MEAN_BITS + MEAN_UNIT, SCALE_BITS, LOGIT_BITS, COUPLING_BITS], dtype=torch.float32)
        return torch.repeat_interleave(bits, counts)
