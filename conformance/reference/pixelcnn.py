"""pixelcnn, SPEC 14: a masked network, channel by channel, with a softmax or a mixture."""

from functools import partial
from itertools import accumulate

import numpy as np

from causal59k import neighbours
from container import demand
from distributions import Samples, mixture, mixture_weights
from exact import Array, Layer, Sides, apply, table
from header import Header
from weightfile import Tensors

Layers = dict[tuple[str, int], Layer]  # by name and group

VERSION = 1
BLOCKS = 4
WINDOW = [(di, dj) for di in (-3, -2, -1) for dj in range(-3, 4)] + [(0, -3), (0, -2), (0, -1)]
VALUES = {0: ("mixture",), 1: ("raster",), 2: ("cifar", "photo")}  # that a header may state
LIMITS = {"softmax": [(-4095, 4095)] * 256, "mixture": [(-8191, 8191)] * 5 + [(-896, 640)] * 5 + [(-4095, 4095)] * 5}


def softmax(b: Array, a: Array, origin: Array) -> Array:
    """SPEC 8.3: F(b) (n, any) of softmax tables of logits (n, 2^bits) with origins (n,)."""
    index = a.max(axis=1, keepdims=True) - a
    entries = np.where(index < 4096, table("E")[np.minimum(index, 4095)], 0)
    v = (np.arange(a.shape[1]) - origin[:, None]) % a.shape[1]  # the logit of each sample
    below = np.cumsum(np.take_along_axis(entries, v, axis=1), axis=1)
    return np.asarray(np.take_along_axis(np.pad(below, ((0, 0), (1, 0))), b, axis=1), np.int64)


def features(name: str) -> list[int]:
    """SPEC 14: features of each group; the inner ones are as many."""
    return [80, 64, 64] if name.startswith("rgb") else [96]


def plan(header: Header, groups: list[tuple[int, str]], bits: int) -> list[str]:
    """SPEC 14 and 14.7: the network of each plane group (empty: only raw codes it); parameters are checked."""
    for key, value in header.parameters.items():
        demand(value in VALUES.get(key, ()), "header", f"pixelcnn: parameter {key} is {value!r}")
    head = header.parameters.get(0, "softmax")
    coded = [kind != "indices" and bits == 8 for _, kind in groups]
    return [f"{'rgb' if n == 3 else 'grey'}-{head}" if c else "" for (n, _), c in zip(groups, coded, strict=True)]


def widths(name: str) -> list[tuple[str, int, int, int]]:
    """SPEC 14.2: (layer, group, inputs, outputs) in the order in which they are applied."""
    groups = features(name)
    upto, context, outputs = list(accumulate(groups)), 25 * len(groups), len(LIMITS[name.split("-")[1]])
    found = []
    for g, own in enumerate(groups):
        found.append(("first", g, context + g, own))
        for n in range(BLOCKS):
            found += [(f"block{n}.up", g, upto[g], own), (f"block{n}.down", g, upto[g], own)]
        found.append(("head", g, upto[g], outputs))
    return found


def cost(name: str, header: Header, height: int, width: int, channels: int, bits: int) -> tuple[int, int, int]:
    """SPEC 14.5: multiply-accumulates, steps, bytes of memory for a plane group of a tile."""
    macs = sum(inputs * outputs for _, _, inputs, outputs in widths(name))
    steps = width + (width if header.parameters.get(1) == "raster" else 4) * (height - 1)
    memory = (160 + 16 * channels) * height * width + 48 * steps + 16384 * min(height, -(-width // 4))
    return macs * height * width, steps, memory


def load(name: str, tensors: Tensors) -> Layers:
    """SPEC 14.6 and 14.2: the layers with the clamps of their outputs, of a weights file that fits."""
    layers: Layers = {}
    expected = {f"{layer}.{g}.{part}" for layer, g, _, _ in widths(name) for part in ("weight", "bias", "shift")}
    demand(set(tensors) == expected, "weights", f"tensors {sorted(tensors)}")
    for layer, g, inputs, outputs in widths(name):
        parts = [tensors[f"{layer}.{g}.{part}"] for part in ("weight", "bias", "shift")]
        types = [("I16", (outputs, inputs)), ("I32", (outputs,)), ("U8", (outputs,))]
        sound = [(dtype, array.shape) for dtype, array in parts] == types and set(parts[2][1]) <= {*range(1, 31)}
        demand(sound, "weights", f"types, shapes or shifts of layer {layer}, group {g}")
        limits = [(-2047, 2047)] * outputs
        if layer == "head":
            limits = LIMITS[name.split("-")[1]]
        elif layer.endswith("up"):
            limits = [(0, 2047)] * outputs
        elif layer.endswith("down"):
            limits = [(-4094, 4094)] * outputs
        layers[layer, g] = Layer(*(array.astype(np.int64) for _, array in parts), *np.array(limits, np.int64).T)
    return layers


def stage(layers: Layers, g: int, inputs: Array, streams: list[list[Array]], hidden: list[list[Array]]) -> Array:
    """SPEC 14.2: the outputs of channel g (n, outputs); ``streams`` and ``hidden`` get the features of group g."""
    streams[0].append(apply(layers["first", g], inputs))
    for n in range(BLOCKS):
        hidden[n].append(apply(layers[f"block{n}.up", g], np.concatenate(streams[n], axis=1)))
        y = apply(layers[f"block{n}.down", g], np.concatenate(hidden[n], axis=1))
        low = 0 if n == BLOCKS - 1 else -2047
        streams[n + 1].append(np.clip(streams[n][g] + y, low, 2047))
    return apply(layers["head", g], np.concatenate(streams[BLOCKS], axis=1))


def decode(name: str, layers: Layers, header: Header, sides: Sides, channels: int, samples: Samples) -> Array:
    """SPEC 14.3 to 14.5: the samples (height, width, channels) of a plane group of a tile."""
    height, width = sides
    rows = width if header.parameters.get(1) == "raster" else 4
    number = (rows * np.arange(height)[:, None] + np.arange(width)).ravel()
    order = np.argsort(number, kind="stable").astype(np.int64)  # pixels of one number from the top row down
    plane = np.full((height * width + 1, channels), 128, np.int64)  # the last row: no pixel
    for pixels in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        window = plane[neighbours(pixels, WINDOW, height, width)]  # (n, 24, channels)
        base = window[:, WINDOW.index((0, -1))] + window[:, WINDOW.index((-1, 0))]
        inputs = np.concatenate([(2 * window - base[:, None]).reshape(len(pixels), -1), base - 255], axis=1)
        streams: list[list[Array]] = [[] for _ in range(BLOCKS + 1)]
        hidden: list[list[Array]] = [[] for _ in range(BLOCKS)]
        for c in range(channels):
            known = 2 * plane[pixels, :c] - base[:, :c]
            x = stage(layers, c, np.concatenate([inputs, known], axis=1), streams, hidden)
            p = base[:, c] + (known[:, c - 1] if c else 0)
            if len(x[0]) == 256:
                f = partial(softmax, a=x, origin=np.clip(p >> 1, 0, 255))
            else:
                weights, mean = mixture_weights(x[:, 10:]), x[:, :5] + 8 * p[:, None]
                f = partial(mixture, w=weights, m=mean, q=x[:, 5:10], bits=8, unit=0)
            plane[pixels, c] = samples.decode(len(pixels), f)
    return plane[:-1].reshape(height, width, channels)
