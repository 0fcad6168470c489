"""Loss in bits of latents and samples, training step and validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from neuroc.train.likelihood import coupled_bits, mixture_bits
from neuroc.train.optimiser import MuonAdam
from neuroc.train.tiles import TileSampler

from .floatnet import LATENT_MEAN_UNIT, MEAN_UNIT, FloatNetwork, Latent
from .network import LATENT_MIXTURES, MIXTURES

TILE, LARGE = 64, 96  # pixels a side of training tiles; every fifth batch has large ones
SEVERAL = {2: 0.15, 4: 0.15, 8: 0.7}  # numbers of passes beside one, and how often each is trained
WEAK = 0.05  # of the gradient for several passes goes to what all numbers share: one pass needs it most
PREVIEW = 5e-3  # weight of the predicted picture's mean absolute error in levels, so that it remains a picture

U8 = NDArray[np.uint8]
Tensor = torch.Tensor


def latent_bits(latent: Latent, noisy: bool) -> Tensor:
    """Bits (n, z) of a level's latents; with noise instead of rounding, the rate has a gradient."""
    batch, z, h, w = latent.values.shape
    x = latent.values + torch.rand_like(latent.values) - 0.5 if noisy else latent.rounded
    x = x.permute(0, 2, 3, 1).reshape(-1, z)
    parts = latent.outputs.float().view(batch, 3, z, LATENT_MIXTURES, h, w)
    means, scales, logits = parts.permute(1, 0, 4, 5, 2, 3).reshape(3, -1, z, LATENT_MIXTURES)
    return mixture_bits(x[:, :, None] - means * 2.0**LATENT_MEAN_UNIT, scales, logits, x, -128, 127)


@dataclass(slots=True)
class Rate:
    """Bits of a batch."""

    latents: dict[int, Tensor]  # by level
    samples: list[Tensor]  # by pass
    base: Tensor

    @property
    def total(self) -> Tensor:
        return sum(self.latents.values(), torch.zeros(())) + sum(self.samples, torch.zeros(()))


def rate(network: FloatNetwork, x: Tensor, passes: int, *, noisy: bool = False, shared: float = 1.0) -> Rate:
    """Bits of x (B, C, H, W), in so many passes; all but the heads gets this share of the gradient."""
    features, base, latents = network.synthesise(network.analyse(x), passes)
    if shared < 1:
        features, base = _weakened(features, shared), _weakened(base, shared)
        for z in latents:
            z.values, z.outputs = _weakened(z.values, shared), _weakened(z.outputs, shared)
    samples = []
    for number in range(passes):
        outputs, centre, target = network.head(passes, number, features, base, x)
        samples.append(coupled_bits(outputs, centre, target, MIXTURES, MEAN_UNIT).sum())
    return Rate({z.level: latent_bits(z, noisy).sum() for z in latents}, samples, base)


def _weakened(x: Tensor, share: float) -> Tensor:
    """x forward, a share of its gradient backward."""
    return x.detach() + share * (x - x.detach())


def optimiser_of(network: FloatNetwork) -> MuonAdam:
    """Muon for the matrices, Adam for the last layers, for biases and for what synthesis starts from."""
    last = {name for name in network.shapes if name.endswith((".tables", ".2"))}
    numbers = network.numbers
    matrices = [network.weights[n] for name, n in numbers.items() if name not in last]
    others = [network.weights[n] for name, n in numbers.items() if name in last]
    return MuonAdam(matrices, [*others, *network.biases, network.core], muon_rate=0.012, adam_rate=2e-3)


@dataclass(slots=True)
class Trainer:
    """One network in training; ``step`` is what neuroc.train.session.Session calls."""

    train: TileSampler
    validation: TileSampler
    network: FloatNetwork
    optimiser: MuonAdam
    schedule: Callable[[float], float]
    batch: int = 16  # tiles of TILE x TILE, or about as many pixels
    bfloat16: bool = True
    device: str = "cpu"
    seed: int = 1
    large: bool = True  # whether there are pictures for large tiles
    _steps: int = 0
    _validation: list[U8] = field(default_factory=list)
    _random: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def step(self, fraction: float) -> float:
        """One update, by a batch of tiles for one pass and one for more of them."""
        self._steps += 1
        size, count = (LARGE, self.batch * 4 // 9) if self.large and self._steps % 5 == 0 else (TILE, self.batch)
        self.optimiser.zero_grad()
        total = 0.0
        for passes in self._draw():
            x = self._tensor(self.train.batch(max(1, count // 2), size))
            with torch.autocast(self.device, torch.bfloat16, enabled=self.bfloat16):
                found = rate(self.network, x, passes, noisy=True, shared=1.0 if passes == 1 else WEAK)
            loss = found.total / x.numel() + PREVIEW * (found.base - x).abs().mean()
            (loss / 2).backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach()) / 2
        parameters = [p for p in self.network.parameters() if p.grad is not None]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimiser.step(self.schedule(fraction))
        return total

    def _draw(self) -> tuple[int, int]:
        return 1, int(self._random.choice(list(SEVERAL), p=list(SEVERAL.values())))

    def _tensor(self, tiles: U8) -> Tensor:
        return torch.from_numpy(tiles.astype(np.float32)).to(self.device)

    @torch.no_grad()
    def validate(self) -> float:
        """Mean bits per sub-pixel of held-out tiles, over all numbers of passes."""
        if not self._validation:
            self._validation = [self.validation.batch(4, TILE) for _ in range(4)]
        total, count = 0.0, 0
        for tiles in self._validation:
            for passes in (1, *SEVERAL):
                x = self._tensor(tiles)
                total += float(rate(self.network, x, passes).total) / x.numel()
                count += 1
        return total / count

    def phase(self) -> str:
        return "float"
