"""The codec mycodec: every sample is expected near a mean of its decoded neighbours; integers only.

         NN NNE
      NW  N  NE        x is coded when all of these are known: pixels with the same column + 2 * row go together
   WW  W  x

The mean follows the gradients. How far it is to be trusted follows from how wrong it was for the neighbours.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroc.api import Cost, Engine, Mixture, Spec, Step, Weights, mixture_weights, param

Ints = NDArray[np.int32]

# Of each logistic of the mixture: log2 of its weight in 1/256, and of 1 / scale in 1/128 beside that of the context.
SHARES = np.array([[-256, 0, -512]], dtype=np.int32)
SHARPER = np.array([[128, 0, -128]], dtype=np.int32)
SHARPEST, FLATTEST = 272, -896  # log2 of 1 / scale in 1/128: where nothing was wrong, and the least that there is
# Sums of errors, in 1/8 of a level, at which the scale grows by half an octave: 16, 24, 32, 48, 64, ...
LADDER = np.array([m << s for s in range(3, 17) for m in (2, 3)], dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Params:
    """Options of ``neuroc encode --plugin mycodec``; keys and defaults never change once files exist."""

    coupling: int = param(8, key=0, low=0, high=8, help="share of a channel's error expected in the next, in 1/8")


class MyModel:
    """Holds no state of any picture: many pictures and threads share one model."""

    side_information = False

    def analyse(self, x: NDArray[Any], spec: Spec, params: Params) -> tuple[list[Ints], list[bytes]]:
        """Samples (B, H, W, C) to a plane (B, H * W) a channel."""
        flat = x.reshape(spec.batch, spec.pixels, spec.channels).astype(np.int32)
        return [flat[:, :, c] for c in order(spec)], [b""] * spec.batch

    def synthesise(self, planes: list[Ints], spec: Spec, params: Params) -> NDArray[Any]:
        """The inverse of ``analyse``."""
        x = np.empty((spec.batch, spec.pixels, spec.channels), dtype=np.uint16 if spec.bits > 8 else np.uint8)
        for plane, c in zip(planes, order(spec), strict=True):
            x[:, :, c] = plane
        return x.reshape(spec.batch, spec.height, spec.width, spec.channels)

    def steps(self, spec: Spec, params: Params, side: Sequence[bytes]) -> Generator[Step, Ints, list[Ints]]:
        """Both directions: yield what is expected of some samples, receive what they are."""
        # A border of two, so that every neighbour has a place; at (y, x) of a plane stands the pixel (y - 2, x - 2).
        shape = (spec.channels, spec.batch, spec.height + 3, spec.width + 4)
        known = np.full(shape, 1 << (spec.bits - 1), dtype=np.int32)
        wrong = np.zeros(shape, dtype=np.int32)  # |error| of the mean, in 1/8 of a level
        for front in range(spec.width + 2 * (spec.height - 1)):
            rows = np.arange(max(0, (front - spec.width + 2) // 2), min(spec.height - 1, front // 2) + 1)
            if not len(rows):  # every other front of a picture that is one pixel wide
                continue
            columns = front - 2 * rows
            y, x = rows + 2, columns + 2
            error = np.zeros((spec.batch, len(rows)), dtype=np.int32)  # of the channel before
            for c in range(spec.channels):
                alone = predict(known[c], y, x)
                mean = np.clip(alone + (params.coupling * error >> 3), 0, (8 << spec.bits) - 8)
                doubt = neighbours(wrong[c], y, x) + (np.abs(error) >> 2)
                symbols = yield Step(c, rows * spec.width + columns, expect(mean, doubt, spec.bits))
                error = 8 * symbols - alone
                remember(known[c], y, x, symbols)
                remember(wrong[c], y, x, np.abs(8 * symbols - mean))
        return [plane[:, 2:-1, 2:-2].reshape(spec.batch, -1) for plane in known]


def order(spec: Spec) -> tuple[int, ...]:
    """Channels in coding order: green first, it says most about the other two."""
    return (1, 0, 2) if spec.channels == 3 else tuple(range(spec.channels))


def predict(k: Ints, y: NDArray[np.intp], x: NDArray[np.intp]) -> Ints:
    """Expected values (B, n) in 1/8 of a level."""
    w, n, nw, ne = k[:, y, x - 1], k[:, y - 1, x], k[:, y - 1, x - 1], k[:, y - 1, x + 1]
    ww, nn, nne = k[:, y, x - 2], k[:, y - 2, x], k[:, y - 2, x + 1]
    across = np.abs(w - ww) + np.abs(n - nw) + np.abs(n - ne)  # large at vertical edges: north knows better
    along = np.abs(w - nw) + np.abs(n - nn) + np.abs(ne - nne)  # large at horizontal ones: west does
    share = 16 * (along + 1) // (across + along + 2)
    mean: Ints = ((share * w + (16 - share) * n) >> 1) + 2 * (ne - nw)
    return mean


def neighbours(k: Ints, y: NDArray[np.intp], x: NDArray[np.intp]) -> Ints:
    """The sum (B, n) of the six nearest."""
    near: Ints = k[:, y, x - 1] + k[:, y - 1, x - 1] + k[:, y - 1, x] + k[:, y - 1, x + 1] + k[:, y, x - 2]
    return near + k[:, y - 2, x]


def remember(k: Ints, y: NDArray[np.intp], x: NDArray[np.intp], values: Ints) -> None:
    """Store ``values`` (B, n); the ends of a row also where the next pixels look beyond them."""
    k[:, y, x] = values
    if x[-1] == 2:  # the last of a front is its leftmost
        k[:, y[-1] + 1, :2] = values[:, -1:]
    if x[0] == k.shape[2] - 3:
        k[:, y[0], -2:] = values[:, :1]


def expect(mean: Ints, doubt: Ints, bits: int) -> Mixture:
    """Mixtures for means and doubts (B, n), both in 1/8 of a level; rows item after item."""
    unit = 4 if bits > 8 else 0  # scales of 16-bit pictures are in units of 2**4 levels
    rung = np.searchsorted(LADDER, doubt.reshape(-1, 1) >> unit, side="right").astype(np.int32)
    scales = np.clip(SHARPEST - 64 * rung + SHARPER, FLATTEST, None)
    weights = np.broadcast_to(mixture_weights(SHARES), scales.shape)
    return Mixture(weights, np.broadcast_to(2 * mean.reshape(-1, 1), scales.shape), scales, bits, unit)


class MyCodec:
    """What the import string of the entry names."""

    params = Params

    def weights_name(self, spec: Spec, params: Params) -> str:
        """No weights."""
        return ""

    def cost(self, spec: Spec, params: Params) -> Cost:
        """Of decoding a tile; checked against the limits before anything is allocated."""
        samples = spec.pixels * spec.channels
        return Cost(macs=50 * samples, steps=spec.width + 2 * (spec.height - 1), peak_bytes=40 * samples + 4096)

    def model(self, weights: Weights, engine: Engine, spec: Spec, params: Params) -> MyModel:
        """For pictures like ``spec``, whatever their size."""
        return MyModel()


CODEC = MyCodec()
