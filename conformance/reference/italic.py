"""italic, SPEC 15: a network sees a tile as far as it is known, and says where the pixels of the next step lie."""

from collections import namedtuple
from functools import partial
from itertools import pairwise

import numpy as np

from container import demand
from distributions import Distribution, Samples, mixture, mixture_weights
from exact import Array, Layer, Sides, apply, table
from header import Header
from weightfile import Tensors

VERSION = 1
LOW, TOP, KNOTS = -2047, 2047, 12
CELL = [(i, j) for i in range(-2, 4) for j in range(-2, 4)]
CELL_AROUND = [(i, j) for i in range(-1, 3) for j in range(-1, 3)]
NEAR = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
PIXEL = [(i, j) for i in range(-2, 3) for j in range(-2, 3) if (i, j) != (0, 0)]
PIXEL += [(-3, 0), (0, -3), (0, 3), (3, 0), (-4, 0), (0, -4), (0, 4), (4, 0)]
# name, inputs, outputs, lowest and highest output; inputs of first and head0, and outputs of output, depend on more
GROUP = [("trunk", 576, 64, 0, TOP), ("project", 64, 64, LOW, TOP), ("down", 256, 64, LOW, TOP)]
ATTENTION = [("query", 64, 16, -1023, 1023), ("key", 64, 16, -1023, 1023), ("value", 64, 32, LOW, TOP)]
ATTENTION += [("attended", 32, 64, LOW, TOP)]
MASK = [("mask", 576, 64, 0, TOP), ("remask", 64, 64, LOW, TOP), ("up", 64, 512, LOW, TOP)]
CLAMPS = ((-16383, 16383), (-896, 640), (-4095, 4095), (-1023, 1023))
ENDS = """; 512; 512 2048; 128 512 2048; 128 512 1024 2048; 24 128 512 1024 2048; 24 128 320 512 1024 2048; 24 128 320
512 1024 1536 2048; 24 128 320 512 1024 1536 2048 3072; 24 128 256 384 512 1024 1536 2048 3072; 8 24 128 256 384 512
1024 1536 2048 3072; 8 24 96 128 256 384 512 1024 1536 2048 3072; 8 24 96 128 256 384 512 1024 1280 1536 2048 3072; 8
24 96 128 256 384 512 1024 1280 1536 1792 2048 3072; 8 24 96 128 256 320 384 512 1024 1280 1536 1792 2048 3072; 8 24
48 96 128 256 320 384 512 1024 1280 1536 1792 2048 3072"""
FURTHER = [3584, 2560, 640, 32, 1408, 448, 12, 768, 1152, 16, 192, 896, 1664, 2304, 1920, 2816]
QUANTISERS = (128, 91, 64, 45, 32, 23, 16, 11)
RATIOS = ((1, 12, 87, 39, 40, 64, 60, 84, 78, 100, 91, 130), (1, 6, 53, 30, 33, 53, 53, 75, 69, 90, 84, 121))
MEAN_RATIOS = (200, 152)
HALF_COSINES = [(89, 75, 50, 18), (83, 36, -36, -83), (75, -18, -89, -50), (64, -64, -64, 64)]
HALF_COSINES += [(50, -89, 18, 75), (36, -83, 83, -36), (18, -50, 75, -89)]
COSINES = np.array([[64] * 8] + [[*h, *(v * (-1) ** (n + 1) for v in h[::-1])] for n, h in enumerate(HALF_COSINES)])

Network = namedtuple("Network", "layers base channels")
Seen = namedtuple("Seen", "x mask p contrast base limit")  # quarter levels; limit: D of 15.1


def shapes(channels: int, base: bool) -> list[tuple[str, int, int, int, int]]:
    """SPEC 15.3 and 15.4: name, inputs, outputs and clamps of every layer; the outputs of the last have their own."""
    c, b = channels, channels if base else 0
    layers = [("first", 36 * (c + 1) + 17 * c + 4 + 16 * b + KNOTS, 96, 0, TOP), ("fuse", 160, 64, LOW, TOP)]
    for g in range(3):
        layers += [(f"group{g}.{layer[0]}", *layer[1:]) for layer in GROUP + (ATTENTION if g == 1 else []) + MASK]
    head = 64 + 32 * (c + 1) + 9 * c + 1 + 9 * b
    layers += [("pixel", 160, 256, 0, TOP), ("head0", head, 96, 0, TOP), ("head1", 96, 64, 0, TOP)]
    return [*layers, ("output", 64, 12 * c + 2 * c * (c - 1), 0, 0)]


def kind(name: str) -> tuple[int, bool]:
    """SPEC 15: channels of a network, and whether it sees a base picture."""
    return 1 if name == "grey" else 3, name == "rgb-dct"


def plan(header: Header, groups: list[tuple[int, str]], bits: int) -> list[str]:
    """SPEC 15 and 15.7: the network of each plane group (empty: only raw codes it); parameters are checked."""
    given = header.parameters
    demand(given.keys() <= {0, 1, 2, 3}, "header", "italic has the parameters 0 to 3")
    for key, low, high, default in ((0, 1, 4096, 8), (1, 0, 8, -1), (3, 1, 8, 3)):
        value = given.get(key)
        sound = value is None or (type(value) is int and low <= value <= high and value != default)
        demand(sound, "header", f"italic: parameter {key} is {value!r}")
    demand(given.get(2) in (None, "dct"), "header", f"italic: base {given.get(2)!r}")
    demand(2 not in given or (1, "colour") not in groups, "header", "italic: grey with a base picture")
    colour = "rgb-dct" if 2 in given else "rgb"
    return ["" if kind == "indices" else colour if channels == 3 else "grey" for channels, kind in groups]


def blocks(sides: Sides) -> list[tuple[int, int]]:
    """SPEC 15.6: rows and columns of blocks of Y, Cg and Co."""
    return [(-(-sides[0] // n), -(-sides[1] // n)) for n in (8, 16, 16)]


def cost(name: str, header: Header, height: int, width: int, size: int, bits: int) -> tuple[int, int, int]:
    """SPEC 15.7: multiply-accumulates, steps and bytes of a plane group of a tile."""
    demand(max(height, width) <= 64, "header", "italic: a tile of more than 64 pixels")
    channels, base = kind(name)
    products = {layer: inputs * outputs for layer, inputs, outputs, _, _ in shapes(channels, base)}
    pixel = products.pop("pixel") // 4 + sum(products.pop(n) for n in ("head0", "head1", "output"))
    fine = [n for n in products if n in ("first", "fuse") or n.endswith(("trunk", "project"))]
    cell = sum(n if layer in fine else n // 4 for layer, n in products.items())
    steps, k = min(header.parameters.get(0, 8), height * width), -(-height // 4) * -(-width // 4)
    more = sum(rows * columns + 63 for rows, columns in blocks((height, width))) if base else 0
    return steps * (4 * k * cell + 48 * k * k) + height * width * pixel, steps + more, 96000 * k + 64 * steps


def load(name: str, tensors: Tensors) -> Network:
    """SPEC 15.7: the layers, with the clamps of their outputs, of a weights file that fits."""
    channels, base = kind(name)
    layers = {}
    expected = shapes(channels, base)
    names = sorted(f"{layer[0]}.{part}" for layer in expected for part in ("weight", "bias", "shift"))
    demand(sorted(tensors) == names, "weights", f"tensors {sorted(tensors)}")
    for layer, inputs, outputs, low, high in expected:
        parts = [tensors[f"{layer}.{part}"] for part in ("weight", "bias", "shift")]
        form = [(dtype, array.shape) for dtype, array in parts]
        fits = form == [("I16", (outputs, inputs)), ("I32", (outputs,)), ("U8", (outputs,))]
        demand(fits and bool(((parts[2][1] >= 1) & (parts[2][1] <= 30)).all()), "weights", f"{layer}: {form}, shifts")
        clamps = np.repeat([(low, high)], outputs, axis=0)
        if layer == "output":
            clamps = np.repeat(CLAMPS, [4 * channels] * 3 + [2 * channels * (channels - 1)], axis=0)
        layers[layer] = Layer(*(array.astype(np.int64) for _, array in parts), *clamps.astype(np.int64).T)
    return Network(layers, base, channels)


def schedule(steps: int, height: int, width: int) -> list[Array]:
    """SPEC 15.2: the pixels of each step."""
    pixels = height * width
    if steps >= pixels:
        return [np.array([n]) for n in range(pixels)]
    i, j = np.divmod(np.arange(pixels), width)
    rank = np.zeros(pixels, np.int64)
    for bit in range(6):
        rank = 4 * rank + 2 * ((i ^ j) >> bit & 1) + (i >> bit & 1)
    table = [[int(end) for end in row.split()] for row in ENDS.split(";")]
    chosen = [*table[min(steps, 16) - 1], *FURTHER[: max(0, steps - 16)], 4096]
    ends = sorted({int((rank < end).sum()) for end in chosen} - {0})
    while len(ends) < steps:
        size, begin = max(((b - a, -a) for a, b in pairwise([0, *ends])))
        ends = sorted([*ends, -begin + (size + 1) // 2])
    return [np.sort(part) for part in np.split(np.argsort(rank, kind="stable"), ends[:-1])]


def spread(plane: Array) -> Array:
    """SPEC 15.1: B of a plane (H4, W4, any)."""
    total = np.zeros_like(plane)
    for level in range(6):
        for axis in (0, 1):
            margin, size = [(1 << level if axis == a else 0,) * 2 for a in range(3)], plane.shape[axis]
            parts = [np.pad(plane, margin).take(range(at << level, (at << level) + size), axis) for at in range(3)]
            plane = parts[0] + 2 * parts[1] + parts[2]
        total += plane << 7 * (5 - level)
    return total


def look(x: Array, mask: Array, base: Array | None, middle: int, unit: int) -> Seen:
    """SPEC 15.1: prediction (H4, W4, C) and contrast (H4, W4)."""

    def limit(d: Array) -> Array:
        """SPEC 15.1: D."""
        return np.clip(d if unit <= 0 else (d + (1 << unit >> 1)) >> unit, -1020, 1020)

    m = mask[:, :, None]
    start = np.full_like(x, middle) if base is None else base
    n = np.maximum(1, spread(m))
    shown = start * (base is not None)
    p = shown + (2 * spread(m * (x - shown)) + n) // (2 * n) if mask.any() else start
    mean = 4 * spread((m * limit(np.abs(x - p))).sum(axis=2, keepdims=True)) // n
    logarithm = {int(d): ((16 + int(d)) ** 64).bit_length() - 257 for d in np.unique(mean)}
    contrast = np.vectorize(logarithm.get, otypes=[np.int64])(mean[:, :, 0])
    return Seen(x, mask, p, contrast, base, limit)


def around(plane: Array, i: Array, j: Array, taps: list[tuple[int, int]], mode: str) -> Array:
    """SPEC 15.3: the plane at the taps of the pixels (i, j): (n, taps, any); `mode` says what is outside."""
    wide = np.pad(plane, ((4, 4), (4, 4), (0, 0)), mode=mode)  # type: ignore[call-overload]
    di, dj = np.array(taps).T
    return np.asarray(wide[i[:, None] + di + 4, j[:, None] + dj + 4])


def cell_inputs(seen: Seen, middle: int, known: int, pixels: int) -> Array:
    """SPEC 15.3: cell inputs (cells, any), row by row."""
    height, width = seen.mask.shape
    i, j = (2 * part for part in np.divmod(np.arange(height * width // 4), width // 2))
    z = (around(seen.p, i, j, [(0, 0), (0, 1), (1, 0), (1, 1)], "edge").sum(axis=1) + 2) >> 2
    m = around(seen.mask[:, :, None], i, j, CELL, "constant")
    d = m * seen.limit(around(seen.x, i, j, CELL, "constant") - z[:, None])
    parts = [np.concatenate([d, 256 * m], axis=2), seen.limit(around(seen.p, i, j, CELL_AROUND, "edge") - z[:, None])]
    parts += [seen.limit(z - middle), around(seen.contrast[:, :, None], i, j, [(0, 0), (0, 1), (1, 0), (1, 1)], "edge")]
    if seen.base is not None:
        parts.append(seen.limit(around(seen.base, i, j, CELL_AROUND, "edge") - z[:, None]))
    low, high = ((n**16).bit_length() for n in (known or 1, pixels))  # floor(16 log2 n) + 1
    at = min(max(16, 176 + low - high), 176) if known else 0
    knots = np.maximum(0, 256 - 16 * np.abs(16 * np.arange(KNOTS) - at))
    return np.concatenate([part.reshape(len(i), -1) for part in [*parts, np.tile(knots, (len(i), 1))]], axis=1)


def pixel_inputs(seen: Seen, middle: int, i: Array, j: Array) -> Array:
    """SPEC 15.3: pixel inputs (n, any)."""
    p = seen.p[i, j]
    m = around(seen.mask[:, :, None], i, j, PIXEL, "constant")
    parts = [m * seen.limit(around(seen.x, i, j, PIXEL, "constant") - p[:, None]), 256 * m]
    parts += [seen.limit(around(seen.p, i, j, NEAR, "edge") - p[:, None]), seen.limit(p - middle)]
    parts.append(seen.contrast[i, j])
    if seen.base is not None:
        parts.append(seen.limit(around(seen.base, i, j, [(0, 0), *NEAR], "edge") - p[:, None]))
    return np.concatenate([part.reshape(len(i), -1) for part in parts], axis=1)


def windows(x: Array, side: int) -> Array:
    """SPEC 10.5: the windows (h, w, any) of a convolution of 3 x 3, or of 2 x 2 in steps of 2."""
    if side == 2:
        return np.concatenate([x[a::2, c::2] for a in (0, 1) for c in (0, 1)], axis=2)
    (h, w, _), wide = x.shape, np.pad(x, ((1, 1), (1, 1), (0, 0)))
    return np.concatenate([wide[a : a + h, c : c + w] for a in range(3) for c in range(3)], axis=2)


def run(network: Network, inputs: Array, state: Array) -> tuple[Array, Array]:
    """SPEC 15.4: stream (cells high, cells wide, 64) and `first` of a step, whose state is the stream before."""

    def layer(name: str, x: Array) -> Array:
        """SPEC 10.1: a layer at each place."""
        return apply(network.layers[name], x.reshape(-1, x.shape[-1])).reshape(*x.shape[:-1], -1)

    first = layer("first", inputs.reshape(*state.shape[:2], -1))
    stream = layer("fuse", np.concatenate([first, state], axis=2))
    for g in range(3):
        name, positive = f"group{g}.", np.maximum(stream, 0)
        trunk = layer(name + "project", layer(name + "trunk", windows(positive, 3)))
        mask = layer(name + "down", windows(positive, 2))
        h, w, _ = mask.shape
        if g == 1:
            q, k, v = (layer(name + part, np.maximum(mask, 0)).reshape(h * w, -1) for part in ("query", "key", "value"))
            s = (q @ k.T + 128) >> 8
            below = s.max(axis=1, keepdims=True) - s
            e = np.where(below < 4096, table("E")[np.minimum(below, 4095)], 0)
            total = e.sum(axis=1, keepdims=True)
            out = (2 * (e @ v) + total) // (2 * total)
            mask = np.clip(mask + layer(name + "attended", out.reshape(h, w, -1)), LOW, TOP)
        mask = np.clip(mask + layer(name + "remask", layer(name + "mask", windows(np.maximum(mask, 0), 3))), LOW, TOP)
        up = layer(name + "up", np.maximum(mask, 0)).reshape(h, w, 2, 2, 128).swapaxes(1, 2).reshape(2 * h, 2 * w, 128)
        gate = (table("T_7")[(up[:, :, :64] >> 1) + 2048] + 32) >> 6
        stream = np.clip(stream + ((trunk * gate + 512) >> 10) + up[:, :, 64:], LOW, TOP)
    return stream, first


def base_picture(sides: Sides, quality: int, samples: Samples) -> Array:
    """SPEC 15.6: the base picture (H, W, 3) of 8 bits."""
    bits, samples.bits, planes = samples.bits, 8, []
    for number, (rows, columns) in enumerate(blocks(sides)):
        q = np.zeros((rows, columns, 8, 8), np.int64)
        flat, luma = q.reshape(-1, 8, 8), min(number, 1)
        for n in range(rows * columns):
            i, j = divmod(n, columns)
            left, up = q[i, j - 1, 0, 0] if j else q[i - 1, j, 0, 0], q[i - 1, j, 0, 0] if i else q[i, j - 1, 0, 0]
            guess = (left + up) >> 1 if n else 0
            flat[n, 0, 0] = guess + samples.decode(1, geometric(np.array([MEAN_RATIOS[luma]])))[0] - 128
        for u, v in sorted(((u, v) for u in range(8) for v in range(8)), key=lambda f: (f[0] + f[1], f[0]))[1:]:
            context = np.full(len(flat), max(0, 2 - (u + v) // 2))
            for du, dv, weight in ((1, 0, 2), (0, 1, 2), (1, 1, 1), (2, 0, 1), (0, 2, 1)):
                if u >= du and v >= dv and (u, v) != (du, dv):
                    context += weight * np.abs(flat[:, u - du, v - dv])
            ratios = np.array(RATIOS[luma])[np.minimum(context, 11)]
            flat[:, u, v] = samples.decode(len(flat), geometric(ratios)) - 128
        values = (COSINES.T @ (QUANTISERS[quality - 1] * q) @ COSINES + (1 << 14)) >> 15
        plane = values.swapaxes(1, 2).reshape(8 * rows, 8 * columns)
        planes.append((plane.repeat(2, 0).repeat(2, 1) if number else plane)[: sides[0], : sides[1]])
    samples.bits = bits
    t = planes[0] + 128 - (planes[1] >> 1)
    blue = t - (planes[2] >> 1)
    return np.asarray(np.clip(np.stack([blue + planes[2], planes[1] + t, blue], axis=2), 0, 255))


def geometric(ratios: Array) -> Distribution:
    """SPEC 15.6: F of tables with these ratios (n,)."""
    falling = [np.full(len(ratios), 1 << 20)]
    for _ in range(128):
        falling.append(np.maximum(1, falling[-1] * ratios >> 8))
    below = np.cumsum([np.zeros_like(ratios), *(falling[abs(v)] for v in range(-128, 128))], axis=0)
    return lambda b: np.take_along_axis(below.T, b, axis=1)


def decode(name: str, network: Network, header: Header, sides: Sides, channels: int, samples: Samples) -> Array:
    """SPEC 15: the samples (height, width, channels) of a plane group of a tile."""
    (height, width), bits = sides, samples.bits
    unit = bits - 8 if bits <= 8 else int(header.parameters.get(1, -1))
    demand(bits <= 8 or unit >= 0, "header", "italic: unit must be stated for 16 bits")
    h4, w4, scale, middle = -(-height // 4) * 4, -(-width // 4) * 4, max(0, 8 - bits) + 2, 1 << (max(8, bits) + 1)
    x, mask, base = np.zeros((h4, w4, channels), np.int64), np.zeros((h4, w4), np.int64), None
    if network.base:
        picture = base_picture(sides, int(header.parameters.get(3, 3)), samples) << (2 if bits <= 8 else 10)
        base = np.pad(picture, ((0, h4 - height), (0, w4 - width), (0, 0)), mode="edge")
    state = np.zeros((h4 // 2, w4 // 2, 64), np.int64)
    for number, pixels in enumerate(schedule(int(header.parameters.get(0, 8)), height, width)):
        i, j = np.divmod(pixels, width)
        seen = look(x, mask, base, middle, unit)
        inputs = cell_inputs(seen, middle, int(mask.sum()), height * width)
        state, first = run(network, inputs, state * (number % 2))
        cells = np.concatenate([np.maximum(state, 0), first], axis=2)[i // 2, j // 2]
        given = apply(network.layers["pixel"], cells).reshape(-1, 4, 64)[np.arange(len(i)), i % 2 * 2 + j % 2]
        out = np.concatenate([given, pixel_inputs(seen, middle, i, j)], axis=1)
        for layer in ("head0", "head1", "output"):
            out = apply(network.layers[layer], out)
        mean, scales, log_weight, coupling = np.split(out.reshape(len(i), -1, 4), np.arange(1, 4) * channels, axis=1)
        p = seen.p[i, j]
        for c in range(channels):
            pairs = coupling[:, c * (c - 1) // 2 :][:, :c]
            centre = (mean[:, c] << max(0, unit)) + 4 * p[:, c, None]
            centre += ((pairs * (x[i, j, :c] - p[:, :c])[:, :, None]).sum(axis=1) + 32) >> 6
            f = partial(mixture, w=mixture_weights(log_weight[:, c]), m=centre, q=scales[:, c], bits=bits, unit=unit)
            x[i, j, c] = samples.decode(len(i), f) << scale
        mask[i, j] = 1
    return x[:height, :width] >> scale
