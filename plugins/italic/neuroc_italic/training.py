"""Training over random schedules: tiles, steps, loss in bits.

What a pixel's distribution should be depends on what is known and not on how it came to be known, so a training step
takes two consecutive steps of a random schedule, with the state of the first for the second, and a different
schedule for each tile. A step is drawn by the share of the pixels that it reveals, and counts by it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from neuroc.train.likelihood import coupled_bits
from neuroc.train.tiles import TileSampler

from .base import base_picture
from .floatnet import MEAN_UNIT, FloatNetwork, Seen
from .network import MIXTURES, STREAM, Variant
from .schedule import ENDS, LARGEST_TILE, RANK_BITS, ranks

TILE = 32  # pixels a side of most training tiles; every fourth batch has LARGEST_TILE
RANKS = 1 << RANK_BITS
BASE_QUALITIES = (2, 6)  # of base pictures in training: from, below
UNROLL = 2  # steps that are trained together
FEW = 0.07  # share of the schedules that have one to three steps, which would be drawn most
DRAW = 0.75  # steps are drawn by this power of their pixels, and weighted by the rest

U8 = NDArray[np.uint8]
Tensor = torch.Tensor


def bits(outputs: Tensor, base: Tensor, target: Tensor) -> Tensor:
    """Bits of each sample (n, C) under the mixture; base: predictions, target: samples, 8 bits."""
    return coupled_bits(outputs, base, target, MIXTURES, MEAN_UNIT)


def random_ends(random: np.random.Generator) -> list[int]:
    """Ranks at which the steps of a random schedule end, from 0 to 4096: coarse to fine, mostly on dyadic ranks."""
    count = int(2 ** random.uniform(2, 5.2)) if random.random() > FEW else int(random.integers(1, 4))
    first, bend = 2.0 ** -random.uniform(3, 9), random.uniform(1, 2.2)
    shares = first ** ((1 - np.linspace(0, 1, count)) ** bend) if count > 1 else np.ones(1)
    ends, before = [0], 0.0
    for share in shares:
        end = RANKS * float(share)
        grain = 1 << max(0, int(math.log2(max(1.0, end - before))) - int(random.integers(0, 2)))
        before = end
        if (rounded := min(RANKS, round(end / grain) * grain)) > ends[-1]:
            ends.append(rounded)
    return ends if ends[-1] == RANKS else [*ends, RANKS]


def random_run(random: np.random.Generator) -> list[int]:
    """Ranks (UNROLL + 1) between which consecutive steps lie; equal ones are steps that do not exist."""
    ends = random_ends(random)
    share = np.diff(ends) ** DRAW
    last = int(random.choice(len(share), p=share / share.sum()))
    run = ends[max(0, last - UNROLL + 1) : last + 2]
    return [run[0]] * (UNROLL + 1 - len(run)) + run


@dataclass(slots=True)
class Trainer:
    """One network in training; ``step`` is what neuroc.train.session.Session calls."""

    variant: Variant
    train: TileSampler
    validation: TileSampler
    network: FloatNetwork
    step_optimiser: Callable[[float], None]
    zero_grad: Callable[[], None]
    schedule: Callable[[float], float]
    batch: int = 32  # tiles of 32 x 32, or as many pixels
    bfloat16: bool = True
    device: str = "cpu"
    seed: int = 1
    large: bool = True  # whether there are pictures for the largest tiles
    _steps: int = 0
    _validation: list[U8] = field(default_factory=list)
    _random: np.random.Generator = field(init=False)
    _ranks: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self._ranks = torch.from_numpy(ranks(LARGEST_TILE, LARGEST_TILE)).to(self.device)

    def loss(self, tiles: U8, runs: Sequence[Sequence[int]]) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Weighted mean bits per sub-pixel, and bits (n, C) with tile numbers (n,) of each step.

        tiles: (B, C, S, S); runs: for each tile the ranks between which its steps lie.
        """
        x = torch.from_numpy(tiles.astype(np.float32)).to(self.device)
        ends = torch.tensor(np.array(runs), device=self.device)  # (B, steps + 1)
        base = self._base(tiles)
        size = x.shape[2]
        rank = self._ranks[:size, :size][None]
        state = torch.zeros(len(x), STREAM, size // 2, size // 2, device=self.device)
        state = state.contiguous(memory_format=torch.channels_last)
        total, weights = torch.zeros((), device=self.device), torch.zeros((), device=self.device)
        steps = []
        plain = self.bfloat16 and self.network.training
        for begin, end in zip(ends.T[:-1], ends.T[1:], strict=True):
            known = rank < begin[:, None, None]
            seen = Seen(x, known[:, None].float(), base)
            share = begin.float() / RANKS
            b, i, j = torch.nonzero(~known & (rank < end[:, None, None]), as_tuple=True)
            inputs, prediction = seen.pixels(b, i, j)
            with torch.autocast(self.device, torch.bfloat16, enabled=plain):
                stream, first = self.network(seen.cells(share), state)
                outputs = self.network.outputs(stream, first, b, i, j, inputs)
            cost = bits(outputs, prediction, x[b, :, i, j])
            real = (end > begin).float()
            state = stream * real[:, None, None, None].to(stream.dtype)  # what does not exist leaves no state
            weight = ((end - begin).float() / RANKS) ** (1 - DRAW) * real
            count = torch.bincount(b, minlength=len(x)).clamp(min=1)
            total = total + (cost.mean(1) * (weight / count)[b]).sum()
            weights = weights + weight.sum()
            steps.append((cost, b))
            if len(steps) % UNROLL == 0:
                state = torch.zeros_like(state)
        return total / weights, steps

    def _base(self, tiles: U8) -> Tensor | None:
        """Base pictures of a random quality, for a network that sees one."""
        if not self.variant.base:
            return None
        quality = int(self._random.integers(*BASE_QUALITIES)) if self.network.training else BASE_QUALITIES[0] + 1
        picture = base_picture(tiles.transpose(0, 2, 3, 1).astype(np.int32), quality)
        return torch.from_numpy(picture.transpose(0, 3, 1, 2).astype(np.float32)).to(self.device)

    def step(self, fraction: float) -> float:
        """One update; every fourth batch has tiles of the largest size."""
        self._steps += 1
        large = self.large and self._steps % 4 == 0
        size, count = (LARGEST_TILE, max(1, self.batch // 4)) if large else (TILE, self.batch)
        loss, _ = self.loss(self.train.batch(count, size), [random_run(self._random) for _ in range(count)])
        self.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.step_optimiser(self.schedule(fraction))
        return float(loss.detach())

    @torch.no_grad()
    def validate(self) -> float:
        """Mean bits per sub-pixel of whole tiles, in the default number of steps."""
        if not self._validation:
            self._validation = [self.validation.batch(16, TILE) for _ in range(4)]
        self.network.eval()
        run = [0, *ENDS[8], RANKS]
        total = 0.0
        for tiles in self._validation:
            _, steps = self.loss(tiles, [run] * len(tiles))
            total += sum(float(cost.sum()) for cost, _ in steps) / tiles.size
        self.network.train()
        return total / len(self._validation)

    def phase(self) -> str:
        return "float"
