"""The network in float, for training: what the exact modules do in integers (SPEC section 16).

Activations are 2**-8 of the integers, clamps and order of operations are the same, so that rounding is all that the
export changes. Latents are rounded here too, with the gradient passed straight through.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from neuroc.train.quantise import ste

from . import passes as plan
from .network import (
    CORE,
    LATENT_FRACTION,
    LATENT_MAX,
    LEVELS,
    LIMIT,
    MIXTURES,
    PIXEL,
    Variant,
)

INPUT_UNIT = 64.0  # differences are in 64 levels
MEAN_UNIT = 4  # mean outputs are in 2**4 levels, those of latents in 2**2, so that all outputs are of order one
LATENT_MEAN_UNIT = 2
KEY_LIMIT = 4.0
NORM_FLOOR = 2.0**-10  # added to the mean square

Tensor = torch.Tensor


def relu(x: Tensor) -> Tensor:
    """Rectified, within the limit of activations."""
    return functional.hardtanh(x, 0.0, float(LIMIT))


def clamp(x: Tensor) -> Tensor:
    """Within the limit of activations."""
    return functional.hardtanh(x, -float(LIMIT), float(LIMIT))


def normalise(x: Tensor) -> Tensor:
    """RMS norm over the features of each place: x (B, C, H, W)."""
    return x * torch.rsqrt(x.float().square().mean(1, keepdim=True) + NORM_FLOOR).to(x.dtype)


def _colours(channels: int) -> tuple[Tensor, Tensor]:
    """A luminance and two differences of colours, and the inverse; for grey the identity."""
    if channels == 1:
        return torch.eye(1), torch.eye(1)
    to = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [1.0, -1.0, 0.0], [0.0, -1.0, 1.0]])
    return to, torch.linalg.inv(to)


@dataclass(slots=True)
class Latent:
    """What one level stores: rounded values and the outputs of its distributions."""

    level: int
    values: Tensor  # (B, z, h, w), before rounding
    rounded: Tensor
    outputs: Tensor  # (B, 3 * LATENT_MIXTURES * z, h, w)


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
        self.core = torch.nn.Parameter(torch.randn(variant.width(CORE), generator=generator))
        with torch.no_grad():
            for name, n in self.numbers.items():
                if name.endswith(".latent"):
                    self.weights[n].mul_(2.0)
                elif name.endswith(".tables"):
                    self._start_tables(n, self.shapes[name].outputs // 3, (1.0, -1.0))
                elif name.startswith("head") and name.endswith(".2"):
                    k = MIXTURES * variant.channels
                    self._start_tables(n, k, (-1.0, -3.0, -5.0))
            self._start_pyramid()

    def _start_tables(self, n: int, k: int, scales: tuple[float, ...]) -> None:
        self.weights[n].mul_(0.1)
        self.biases[n][k : 2 * k] = torch.tensor(scales).repeat(k // len(scales))

    def _start_pyramid(self) -> None:
        """Begin as a pyramid of mean colours: each level stores what the coarser ones leave of its cells' colours."""
        c = self.variant.channels
        to, back = _colours(c)
        self.core[:c] = 0.0
        for level in range(1, LEVELS + 1):
            w = self.variant.width(level)
            below = 2 * self.variant.width(level - 1) if level > 1 else c
            down = self.tensors(f"analysis{level}.down")[0].view(w, 4, below)
            down[:c] = 0.0
            down[range(c), :, range(c)] = 0.25
            outer = self.variant.width(level - 1) if level > 1 else PIXEL + c
            first = 0 if level > 1 else PIXEL
            up = self.tensors(f"synthesis{level}.up" if level > 1 else "pixel")[0].view(4, outer, 2 * w)
            up[:, first : first + c] = 0.0
            for n in range(c):
                up[:, first + n, n] = 1.0
            latent = self.tensors(f"synthesis{level}.latent")[0]
            latent[:c] = 0.0
            latent[:c, :c] = to * 2**LATENT_FRACTION
            latent[:c, 2 * w : 2 * w + c] = -to * 2**LATENT_FRACTION
            embed = self.tensors(f"synthesis{level}.embed")[0]
            embed[:c] = 0.0
            embed[:c, :c] = back

    def tensors(self, name: str) -> tuple[Tensor, Tensor]:
        n = self.numbers[name]
        return self.weights[n], self.biases[n]

    def _conv(self, name: str, *parts: Tensor, stride: int = 1) -> Tensor:
        """A convolution of the features of all parts, beside one another."""
        shape = self.shapes[name]
        side = math.isqrt(shape.taps)
        w, b = self.tensors(name)
        kernel = w.view(shape.outputs, side, side, shape.inputs).permute(0, 3, 1, 2)
        x = torch.cat(parts, 1) if len(parts) > 1 else parts[0]
        return functional.conv2d(x, kernel, b, stride=stride, padding=1 if side == 3 else 0)

    def _block(self, name: str, level: int, x: Tensor) -> Tensor:
        """Convolution, norm, rectifier, twice; attention follows at the core."""
        h = x
        for n in (0, 1):
            h = relu(normalise(clamp(self._conv(f"{name}.conv{n}", h))))
        if level == CORE:
            h = clamp(h + self._attend(name, h))
        return h

    def _attend(self, name: str, h: Tensor) -> Tensor:
        q, k = (
            functional.hardtanh(self._conv(f"{name}.{part}", h), -KEY_LIMIT, KEY_LIMIT).flatten(2)
            for part in ("query", "key")
        )
        v = clamp(self._conv(f"{name}.value", h)).flatten(2)
        weights = torch.softmax(torch.einsum("bcq,bck->bqk", q, k).float() * math.log(2), -1).to(v.dtype)
        out = torch.einsum("bqk,bck->bcq", weights, v).reshape(h.shape[0], -1, *h.shape[2:])
        return clamp(self._conv(f"{name}.attended", out))

    def analyse(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Features of the levels, finest first; x (B, C, H, W) samples, sides in multiples of 16."""
        h = ((x - 128) / INPUT_UNIT).contiguous(memory_format=torch.channels_last)
        parts: tuple[Tensor, ...] = (h,)
        found = []
        for level in range(1, LEVELS + 1):
            name = f"analysis{level}"
            y = clamp(self._conv(f"{name}.down", *parts, stride=2))
            h = self._block(name, level, y)
            parts = (y, h)
            found.append((y, h))
        return found

    def synthesise(self, seen: list[tuple[Tensor, Tensor]], passes: int) -> tuple[Tensor, Tensor, list[Latent]]:
        """Features of the pixels (B, PIXEL, H, W), the predicted picture (B, C, H, W) and the latents on the way."""
        batch, _, h, w = seen[-1][0].shape
        d = self.core[None, :, None, None].expand(batch, -1, h, w)
        d = d.contiguous(memory_format=torch.channels_last)
        latents = []
        for level in range(LEVELS, 0, -1):
            name = f"synthesis{level}"
            if level in plan.LATENTS[passes]:
                values = self._conv(f"{name}.latent", *seen[level - 1], d).float()
                values = values.clamp(-LATENT_MAX, LATENT_MAX)
                rounded = ste(values, torch.round(values))
                outputs = self._conv(f"{name}.tables", relu(self._conv(f"{name}.prior", d)))
                latents.append(Latent(level, values, rounded, outputs))
                d = clamp(d + clamp(self._conv(f"{name}.embed", rounded * 2.0**-LATENT_FRACTION)))
            g = self._block(name, level, d)
            if level > 1:
                d = clamp(self._up_cells(f"{name}.up", d, g))
        out = self._up_cells("pixel", d, g)
        base = 128 + INPUT_UNIT * out[:, PIXEL:].float().clamp(-2, 254 / 128)
        return relu(out[:, :PIXEL]), base, latents

    def _up_cells(self, name: str, *parts: Tensor) -> Tensor:
        """A transposed convolution of stride 2; rows of the matrix are (row parity, column parity, feature)."""
        x = self._conv(name, *parts)
        batch, n, h, w = x.shape
        cells = x.view(batch, 2, 2, n // 4, h, w).permute(0, 3, 4, 1, 5, 2)
        return cells.reshape(batch, n // 4, 2 * h, 2 * w)

    def head(
        self, passes: int, number: int, features: Tensor, base: Tensor, x: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs (n, outputs) of the pixels of a pass, their centres (n, C) and samples (n, C)."""
        batch, c, height, width = x.shape
        at = torch.from_numpy(plan.sites(passes, number, height, width)).to(x.device)
        i, j = at // width, at % width
        target, p = x.permute(0, 2, 3, 1)[:, i, j], base.permute(0, 2, 3, 1)[:, i, j]  # (B, n, C)
        rows = [features.permute(0, 2, 3, 1)[:, i, j]]
        centre = p
        if plan.has_taps(passes, number):
            offsets = torch.tensor(plan.taps(passes, number), device=x.device)
            y, z = i[:, None] + offsets[:, 0], j[:, None] + offsets[:, 1]
            inside = (y >= 0) & (y < height) & (z >= 0) & (z < width)
            flat = torch.where(inside, y * width + z, 0)
            real = x.permute(0, 2, 3, 1).reshape(batch, height * width, c)[:, flat]  # (B, n, T, C)
            near = flat[:, : plan.NEAREST]
            guessed = base.permute(0, 2, 3, 1).reshape(batch, height * width, c)[:, near]
            there = inside[:, : plan.NEAREST, None].float()
            error = ((real[:, :, : plan.NEAREST] - guessed) * there).sum(2) / there.sum(1).clamp(min=1)
            centre = p + error
            around = (real - centre[:, :, None]) * inside[:, :, None] / INPUT_UNIT
            rows += [(p - centre) / INPUT_UNIT, around.flatten(2)]
        rows.append((centre - 128) / INPUT_UNIT)
        h = torch.cat([r.flatten(0, 1) for r in rows], 1)
        for layer in ("0", "1"):
            h = relu(functional.linear(h, *self.tensors(f"head{passes}.{number}.{layer}")))
        out = functional.linear(h, *self.tensors(f"head{passes}.{number}.2"))
        return out, centre.flatten(0, 1), target.flatten(0, 1)
