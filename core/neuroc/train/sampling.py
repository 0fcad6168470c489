"""Random pixels of many pictures with their causal neighbourhoods, from one flat array in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Taps = tuple[tuple[int, int], ...]
NeighbourRule = Callable[[Any, Any, Any, Any, Taps], NDArray[np.int64]]

BORDER_SHARE = 16  # one sample in so many comes from anywhere, borders included
SMALL = 1 << 12  # pixels up to which the windows of whole pictures are tabled


class PixelSampler:
    """Draws pixels uniformly from weighted groups of pictures.

    groups: (weight, pictures) pairs; a picture is (H, W, C) uint8. Interior pixels are mirrored in half of
    the batches, which doubles the data for nothing. Small pictures of one size give all their pixels evenly.
    """

    def __init__(
        self,
        groups: Sequence[tuple[float, Sequence[NDArray[np.uint8]]]],
        taps: Taps,
        rule: NeighbourRule,
        seed: int = 0,
    ) -> None:
        pictures = [p for _, group in groups for p in group]
        channels = pictures[0].shape[2]
        self._taps, self._rule = taps, rule
        self._offsets = torch.tensor(taps, dtype=torch.int64).T  # (2, T)
        self._margin = int(self._offsets.abs().max())
        sizes = np.array([p.shape[0] * p.shape[1] for p in pictures], dtype=np.float64)
        share = np.concatenate(
            [np.full(len(group), weight / sum(p.shape[0] * p.shape[1] for p in group)) for weight, group in groups]
        )
        self._cumulative = torch.from_numpy(np.cumsum(sizes * share)).float()
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        self._table = torch.from_numpy(
            np.stack([starts, [p.shape[0] for p in pictures], [p.shape[1] for p in pictures]], axis=1).astype(np.int64)
        )
        constant = np.full((1, channels), 128, dtype=np.uint8)
        self._flat = torch.from_numpy(np.concatenate([*(p.reshape(-1, channels) for p in pictures), constant]))
        self._generator = torch.Generator().manual_seed(seed)
        self._windows = self._small_windows([p.shape[:2] for p in pictures])

    def _small_windows(self, shapes: Sequence[tuple[int, ...]]) -> torch.Tensor | None:
        """Flat neighbours (2, H*W, T) of every pixel of small pictures of one size, plain and mirrored, else None."""
        height, width = shapes[0]
        if height * width > SMALL or any(shape != (height, width) for shape in shapes):
            return None
        i, j = np.divmod(np.arange(height * width), width)
        plain = self._rule(i, j, height, width, self._taps)
        mirror = np.append(i * width + width - 1 - j, height * width)  # the constant is its own mirror image
        return torch.from_numpy(np.stack([plain, mirror[plain[mirror[:-1]]]]))

    def _uniform(self, n: int) -> torch.Tensor:
        return torch.rand(n, generator=self._generator)

    def batch(self, n: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Neighbours (n, T, C) and targets (n, C), both uint8."""
        picture = torch.searchsorted(self._cumulative, self._uniform(n) * self._cumulative[-1])
        start, height, width = self._table[picture.clamp(max=len(self._table) - 1)].unbind(1)
        if self._windows is not None:
            return self._small_batch(start, int(height[0] * width[0]))
        i = torch.minimum((self._uniform(n) * height).long(), height - 1)
        j = torch.minimum((self._uniform(n) * width).long(), width - 1)
        border = n // BORDER_SHARE
        m = self._margin
        small = (height <= 2 * m) | (width <= 2 * m)
        if bool(small.any()):
            border = n  # pictures without an interior: the exact rule for everything
        inside = slice(border, n)
        i[inside] = torch.minimum(i[inside].clamp(min=m), height[inside] - 1 - m)
        j[inside] = torch.minimum(j[inside].clamp(min=m), width[inside] - 1 - m)
        position = start + i * width + j
        mirror = -1 if bool(self._uniform(1) < 0.5) else 1
        index = position[:, None] + self._offsets[0] * width[:, None] + self._offsets[1] * mirror
        edge = slice(0, border)
        size = (height[edge] * width[edge]).numpy()[:, None]
        rule = self._rule(i[edge].numpy(), j[edge].numpy(), height[edge].numpy(), width[edge].numpy(), self._taps)
        outside = len(self._flat) - 1
        index[edge] = torch.from_numpy(np.where(rule == size, outside, rule + start[edge].numpy()[:, None]))
        rows = self._flat.index_select(0, index.reshape(-1))
        return rows.view(n, len(self._taps), -1), self._flat.index_select(0, position)

    def _small_batch(self, start: torch.Tensor, pixels: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels drawn evenly from whole pictures, whose borders are a large part of them."""
        assert self._windows is not None
        site = torch.randint(pixels, (len(start),), generator=self._generator)
        window = self._windows[int(self._uniform(1) < 0.5)].index_select(0, site)
        outside = len(self._flat) - 1
        index = torch.where(window == pixels, outside, window + start[:, None])
        rows = self._flat.index_select(0, index.reshape(-1))
        return rows.view(len(start), len(self._taps), -1), self._flat.index_select(0, start + site)
