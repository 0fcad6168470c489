"""Random tiles of training pictures, for networks that see a tile as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]


class TileSampler:
    """Random tiles (n, C, size, size) of weighted groups of pictures (H, W, C), half of them mirrored.

    Pictures smaller than a tile are left out; a group without a picture of the size has no share of that batch.
    """

    def __init__(self, groups: Sequence[tuple[float, Sequence[U8]]], seed: int) -> None:
        self._groups = groups
        self._random = np.random.default_rng(seed)

    def batch(self, n: int, size: int) -> U8:
        """Tiles of one batch; raises ValueError if no picture is large enough."""
        groups = [(w, [p for p in group if min(p.shape[:2]) >= size]) for w, group in self._groups]
        groups = [(w, group) for w, group in groups if group]
        if not groups:
            raise ValueError(f"no picture has {size}x{size} pixels")
        shares = np.array([w for w, _ in groups])
        tiles = []
        for g in self._random.choice(len(groups), n, p=shares / shares.sum()):
            pictures = groups[g][1]
            picture = pictures[self._random.integers(len(pictures))]
            i, j = (self._random.integers(0, s - size + 1) for s in picture.shape[:2])
            tile = picture[i : i + size, j : j + size]
            tiles.append(tile[:, ::-1] if self._random.random() < 0.5 else tile)
        return np.ascontiguousarray(np.stack(tiles).transpose(0, 3, 1, 2))
