"""Bits of samples under mixtures of logistics, in float: what training minimises (SPEC section 8.2).

Scales are log2 of the inverse scale, logits log2 of the weights.
"""

from __future__ import annotations

import math

import torch

from ..distributions.mixture import SCALE_BITS, SCALE_MAX, SCALE_MIN

UNIFORM = 2.0**-12  # share of the uniform distribution in every mixture

Tensor = torch.Tensor


def mixture_bits(
    distance: Tensor, scales: Tensor, logits: Tensor, x: Tensor, lowest: int = 0, highest: int = 255
) -> Tensor:
    """Bits (...) of x (...) among 256 whole numbers lowest..highest, which take the tails.

    distance: of x from the means (..., K); scales, logits: (..., K).
    """
    inverse = torch.exp2(scales.clamp(SCALE_MIN / 2**SCALE_BITS, SCALE_MAX / 2**SCALE_BITS))
    upper = torch.sigmoid((distance + 0.5) * inverse)
    lower = torch.sigmoid((distance - 0.5) * inverse)
    upper = torch.where(x[..., None] >= highest, torch.ones_like(upper), upper)
    lower = torch.where(x[..., None] <= lowest, torch.zeros_like(lower), lower)
    weight = torch.softmax(logits * math.log(2), dim=-1)
    p = ((upper - lower) * weight).sum(dim=-1)
    return -torch.log2(p * (1 - UNIFORM) + UNIFORM / 256)


def coupled_bits(outputs: Tensor, centre: Tensor, target: Tensor, mixtures: int, mean_unit: int) -> Tensor:
    """Bits of each sample (n, C), of 8 bits, where the means of G follow R, and those of B both.

    outputs: (n, C * 3 * K + couplings * K), means in 2**mean_unit levels; centre: (n, C), what means are relative to.
    """
    c, k = target.shape[1], mixtures
    couplings = c * (c - 1) // 2
    means, scales, logits, coupling = torch.split(outputs.float(), [c * k, c * k, c * k, couplings * k], dim=1)
    relative = target - centre
    mu = list((means.view(-1, c, k) * 2.0**mean_unit).unbind(1))
    if c == 3:
        a, b, g = coupling.view(-1, 3, k).unbind(1)
        red, green = relative[:, 0:1], relative[:, 1:2]
        mu[1] = mu[1] + a * red
        mu[2] = mu[2] + b * red + g * green
    distance = relative[:, :, None] - torch.stack(mu, dim=1)
    return mixture_bits(distance, scales.view(-1, c, k), logits.view(-1, c, k), target)
