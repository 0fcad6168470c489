"""causal59k, SPEC 12: a network sees the decoded neighbours of a pixel and says where its samples lie."""

from functools import partial
from itertools import pairwise

import numpy as np

from container import demand
from distributions import Samples, mixture, mixture_weights
from exact import Array, Layer, Sides, apply
from header import Header
from weightfile import Tensors

VERSION = 1
WIDTHS = dict.fromkeys(("rgb", "rgb-diagonal"), (36, 128, 128, 128, 128, 36)) | {"grey": (12, 96, 96, 96, 96, 9)}
RASTER = [(di, dj) for di in (-2, -1) for dj in range(-2, 3)] + [(0, -2), (0, -1)]
DIAGONAL = [(-1, 0), (0, -1), (-1, -1), (-2, 0), (0, -2), (-2, -1)]
DIAGONAL += [(-1, -2), (-2, 1), (1, -2), (-2, -2), (-3, 2), (2, -3)]
ROWS = {"rgb": 3, "rgb-diagonal": 1, "grey": 3}  # r of the schedule: the pixel (i, j) has the number r i + j
CLAMPS = ((-16383, 16383), (-896, 640), (-4095, 4095), (-1023, 1023))  # of means, scales, weights, couplings


def plan(header: Header, groups: list[tuple[int, str]], bits: int) -> list[str]:
    """SPEC 12 and 12.6: the network of each plane group (empty: only raw codes it); parameters are checked."""
    schedule, unit = header.parameters.get(0), header.parameters.get(1)
    demand(header.parameters.keys() <= {0, 1}, "header", "causal59k has the parameters 0 and 1")
    sound = schedule in (None, "serial", "diagonal") and (unit is None or (type(unit) is int and 0 <= unit <= 8))
    demand(sound, "header", f"causal59k: schedule {schedule!r}, unit {unit!r}")
    demand(schedule != "diagonal" or (1, "colour") not in groups, "header", "causal59k: grey and diagonal")
    colour = "rgb-diagonal" if schedule == "diagonal" else "rgb"
    return ["" if kind == "indices" else colour if channels == 3 else "grey" for channels, kind in groups]


def cost(name: str, header: Header, height: int, width: int, channels: int, bits: int) -> tuple[int, int, int]:
    """SPEC 12.4: multiply-accumulates, steps, bytes of memory for a plane group of a tile."""
    macs = sum(inputs * outputs for inputs, outputs in pairwise(WIDTHS[name]))
    steps = width + (width if header.parameters.get(0) == "serial" else ROWS[name]) * (height - 1)
    return macs * height * width, steps, (96 + 16 * channels + 2 * bits) * height * width + 48 * steps


def load(name: str, tensors: Tensors) -> list[Layer]:
    """SPEC 12.5 and 12.2: the layers, with the clamps of their outputs, of a weights file that fits."""
    names, layers = [f"layer{n}.{part}" for n in range(5) for part in ("weight", "bias", "shift")], []
    demand(sorted(tensors) == sorted(names), "weights", f"tensors {sorted(tensors)}")
    for n, (inputs, outputs) in enumerate(pairwise(WIDTHS[name])):
        parts = [tensors[tensor] for tensor in names[3 * n : 3 * n + 3]]
        expected = [("I16", (outputs, inputs)), ("I32", (outputs,)), ("U8", (outputs,))]
        sound = [(dtype, array.shape) for dtype, array in parts] == expected and set(parts[2][1]) <= {*range(1, 31)}
        demand(sound, "weights", f"types, shapes or shifts of layer {n}")
        counts = [9, 9, 9, 9] if outputs == 36 else [3, 3, 3, 0]
        clamps = np.repeat(CLAMPS, counts, axis=0) if n == 4 else np.repeat([(0, 4095)], outputs, axis=0)
        layers.append(Layer(*(array.astype(np.int64) for _, array in parts), *clamps.astype(np.int64).T))
    return layers


def neighbours(pixels: Array, taps: list[tuple[int, int]], height: int, width: int) -> Array:
    """SPEC 12.1: the pixel of each tap (n, 12) by the neighbour rule; height * width stands for no pixel."""
    i, j = (part[:, None] for part in np.divmod(pixels, width))
    y, x = i + np.array(taps, np.int64)[:, 0], j + np.array(taps, np.int64)[:, 1]
    edge = np.clip(x, 0, width - 1)
    inside = (y >= 0) & (((y < height) & (x == edge)) | (y < i))
    fallback = np.where(j > 0, i * width + j - 1, np.where(i > 0, (i - 1) * width, height * width))
    return np.where(inside, y * width + edge, fallback)


def decode(name: str, layers: list[Layer], header: Header, sides: Sides, channels: int, samples: Samples) -> Array:
    """SPEC 12.3 and 12.4: the samples (height, width, channels) of a plane group of a tile."""
    (height, width), bits, taps = sides, samples.bits, DIAGONAL if name == "rgb-diagonal" else RASTER
    unit = bits - 8 if bits <= 8 else int(header.parameters.get(1, -1))
    demand(bits <= 8 or unit >= 0, "header", "causal59k: unit must be stated for 16 bits")
    if bits > 8:  # two more fraction bits of the inputs, 10.1
        layers = [layers[0]._replace(bias=layers[0].bias << 2, shift=layers[0].shift + 2), *layers[1:]]
    rows = width if header.parameters.get(0) == "serial" else ROWS[name]
    number = (rows * np.arange(height)[:, None] + np.arange(width)).ravel()
    order = np.argsort(number, kind="stable").astype(np.int64)  # pixels of one number from the top row down
    plane = np.full((height * width + 1, channels), 1 << (bits - 1), np.int64)  # the last row: no pixel
    for pixels in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        context = plane[neighbours(pixels, taps, height, width)]  # (n, 12, channels)
        base = context[:, taps.index((0, -1))] + context[:, taps.index((-1, 0))]
        d = (2 * context - base[:, None]).reshape(len(pixels), -1)
        x = d << (8 - bits) if bits <= 8 else np.clip((4 * d + (1 << unit) // 2) >> unit, -4080, 4080)
        for layer in layers:
            x = apply(layer, x)
        mean, scale, log_weight, coupling = np.split(x.reshape(len(pixels), -1, 3), np.arange(1, 4) * channels, axis=1)
        for c in range(channels):
            pairs = coupling[:, c * (c - 1) // 2 :][:, :c]  # (n, c, 3): from each channel before
            known = (2 * plane[pixels, :c] - base[:, :c])[:, :, None]
            centre = (mean[:, c] << max(0, unit)) + (base[:, c, None] << (3 + max(0, -unit)))
            centre += ((pairs * known).sum(axis=1) + 16) >> 5  # 0 for c = 0
            f = partial(mixture, w=mixture_weights(log_weight[:, c]), m=centre, q=scale[:, c], bits=bits, unit=unit)
            plane[pixels, c] = samples.decode(len(pixels), f)
    return plane[:-1].reshape(height, width, channels)
