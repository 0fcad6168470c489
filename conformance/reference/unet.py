"""unet, SPEC 16: latents from the core to the finest level, a network that predicts from them, pixels in passes."""

from collections import namedtuple
from functools import cache, partial

import numpy as np

from container import demand
from distributions import Samples, mixture, mixture_weights
from exact import Array, Layer, Sides, apply, table
from header import Header
from weightfile import Tensors

VERSION = 1
TOP, RUN = 2047, 4096
WIDTHS = {"rgb": (40, 56, 72, 80), "grey": (32, 48, 64, 64)}  # SPEC 16.3, of the levels 1 to 4
LATENTS = {"rgb": (4, 6, 8, 12), "grey": (3, 4, 6, 8)}
HIDDEN = {"rgb": (112, 80), "grey": (80, 56)}
LEVELS = {1: (4, 3, 2, 1), 2: (4, 3, 2, 1), 4: (4, 3, 2), 8: (4, 3)}  # SPEC 16.1: levels with latents
LATTICES = {
    1: [[(0, 0, 1)]],
    2: [[(0, 0, 2), (1, 1, 2)], [(0, 1, 2), (1, 0, 2)]],
    4: [[(0, 0, 2)], [(1, 1, 2)], [(0, 1, 2)], [(1, 0, 2)]],
    8: [[(0, 0, 8)], [(4, 4, 8)], [(0, 4, 8), (4, 0, 8)], [(2, 2, 4)], [(0, 2, 4), (2, 0, 4)], [(1, 1, 2)]],
}
LATTICES[8] += [[(0, 1, 2)], [(1, 0, 2)]]
CLAMPS = ((-16383, 16383), (-896, 640), (-4095, 4095), (-1023, 1023))

Network = namedtuple("Network", "name layers core")


def shapes(name: str) -> dict[str, tuple[int, int, list[tuple[int, int]]]]:
    """SPEC 16.3: inputs, outputs and clamps of every layer."""
    c, found = 1 if name == "grey" else 3, {}
    (a, b), signed, positive = HIDDEN[name], (-TOP, TOP), (0, TOP)

    def add(layer: str, inputs: int, *clamps: tuple[tuple[int, int], int]) -> None:
        """SPEC 16.3: a layer with so many outputs of each clamp."""
        every = [clamp for clamp, count in clamps for _ in range(count)]
        found[layer] = (inputs, len(every), every)

    for level, (w, z) in enumerate(zip(WIDTHS[name], LATENTS[name], strict=True), 1):
        below = WIDTHS[name][level - 2] if level > 1 else c
        add(f"analysis{level}.down", 4 * (2 * below if level > 1 else c), (signed, w))
        for side in (f"analysis{level}.", f"synthesis{level}."):
            for part in ("conv0", "conv1"):
                add(side + part, 9 * w, (signed, w))
            if level == 4:
                for part, size, limit in (("query", 16, 1023), ("key", 16, 1023), ("value", 32, TOP)):
                    add(side + part, w, ((-limit, limit), size))
                add(side + "attended", 32, (signed, w))
        side = f"synthesis{level}."
        add(side + "latent", 3 * w, ((-127, 127), z))
        add(side + "prior", w, (positive, w))
        add(side + "tables", w, *((clamp, 2 * z) for clamp in CLAMPS[:3]))
        add(side + "embed", z, (signed, w))
        if level > 1:
            add(side + "up", 2 * w, (signed, 4 * below))
    add("pixel", 2 * WIDTHS[name][0], *[(positive, 32), ((-2048, 2032), c)] * 4)
    for passes in LEVELS:
        for number in range(passes):
            head = f"head{passes}.{number}."
            add(head + "0", 32 + c + (25 * c if number else 0), (positive, a))
            add(head + "1", a, (positive, b))
            counts = (3 * c, 3 * c, 3 * c, 3 * c * (c - 1) // 2)
            add(head + "2", b, *zip(CLAMPS, counts, strict=True))
    return found


def plan(header: Header, groups: list[tuple[int, str]], bits: int) -> list[str]:
    """SPEC 16 and 16.6: the network of each plane group (empty: only raw codes it); parameters are checked."""
    given = header.parameters
    demand(given.keys() <= {0, 1}, "header", "unet has the parameters 0 and 1")
    passes, unit = given.get(0), given.get(1)
    demand(passes is None or (type(passes) is int and passes in (1, 2, 4)), "header", f"unet: passes {passes!r}")
    demand(unit is None or (type(unit) is int and 0 <= unit <= 8), "header", f"unet: unit {unit!r}")
    return ["" if kind == "indices" else "rgb" if channels == 3 else "grey" for channels, kind in groups]


def cost(name: str, header: Header, height: int, width: int, size: int, bits: int) -> tuple[int, int, int]:
    """SPEC 16.6: multiply-accumulates, steps and bytes of a plane group of a tile."""
    demand(max(height, width) <= 512, "header", "unet: a tile of more than 512 pixels")
    passes, k = int(header.parameters.get(0, 8)), -(-height // 16) * -(-width // 16)
    place = pixel = 0
    for layer, (inputs, outputs, _) in shapes(name).items():
        start, _, part = layer.rpartition(".")
        unused = part in ("prior", "tables", "embed") and int(start[-1]) not in LEVELS[passes]
        if layer == "pixel":
            place += 64 * inputs * outputs
        elif start.startswith("synthesis") and part != "latent" and not unused:
            place += inputs * outputs * 4 ** (4 - int(start[-1]))
        elif start == f"head{passes}.{passes - 1}":
            pixel += inputs * outputs
    steps = size * (passes + height * width // RUN)
    steps += sum(-(-LATENTS[name][level - 1] * k * 4 ** (4 - level) // RUN) for level in LEVELS[passes])
    return k * place + 48 * k * k + height * width * pixel, steps, 2**23 + 102400 * k


def load(name: str, tensors: Tensors) -> Network:
    """SPEC 16.6: the layers, with the clamps of their outputs, of a weights file that fits."""
    expected, layers = shapes(name), {}
    names = sorted([f"{layer}.{part}" for layer in expected for part in ("weight", "bias", "shift")] + ["core"])
    demand(sorted(tensors) == names, "weights", f"tensors {sorted(tensors)}")
    dtype, core = tensors["core"]
    demand((dtype, core.shape) == ("I16", (WIDTHS[name][3],)), "weights", f"core: {dtype} {core.shape}")
    demand(int(abs(core.astype(np.int64)).max()) <= TOP, "weights", "core out of range")
    for layer, (inputs, outputs, clamps) in expected.items():
        parts = [tensors[f"{layer}.{part}"] for part in ("weight", "bias", "shift")]
        form = [(dtype, array.shape) for dtype, array in parts]
        fits = form == [("I16", (outputs, inputs)), ("I32", (outputs,)), ("U8", (outputs,))]
        demand(fits and bool(((parts[2][1] >= 1) & (parts[2][1] <= 30)).all()), "weights", f"{layer}: {form}, shifts")
        layers[layer] = Layer(*(array.astype(np.int64) for _, array in parts), *np.array(clamps, np.int64).T)
    return Network(name, layers, core.astype(np.int64))


def run(network: Network, name: str, x: Array) -> Array:
    """SPEC 10.1: a layer at each place of x (rows, columns, inputs)."""
    return apply(network.layers[name], x.reshape(-1, x.shape[-1])).reshape(*x.shape[:-1], -1)


def norm(x: Array) -> Array:
    """SPEC 10.6: the norm over the features (..., n)."""
    n = x.shape[-1]
    quotient = (n << 44) // ((x * x).sum(axis=-1, keepdims=True) + (n << 6))
    root = np.sqrt(quotient).astype(np.int64)
    root -= root * root > quotient
    root += (root + 1) ** 2 <= quotient
    return np.asarray((x * root + (1 << 13)) >> 14)


def block(network: Network, name: str, x: Array) -> Array:
    """SPEC 16.3: a block of x (rows, columns, features)."""
    h, w, _ = x.shape
    for part in ("conv0", "conv1"):
        wide = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        seen = np.concatenate([wide[a : a + h, c : c + w] for a in range(3) for c in range(3)], axis=2)
        x = np.clip(norm(run(network, f"{name}.{part}", seen)), 0, TOP)
    if not name.endswith("4"):
        return x
    q, k, v = (run(network, f"{name}.{part}", x).reshape(h * w, -1) for part in ("query", "key", "value"))
    s = (q @ k.T + 128) >> 8
    below = s.max(axis=1, keepdims=True) - s
    e = np.where(below < 4096, table("E")[np.minimum(below, 4095)], 0)
    total = e.sum(axis=1, keepdims=True)
    mixed = ((2 * (e @ v) + total) // (2 * total)).reshape(h, w, -1)
    return np.asarray(np.clip(x + run(network, f"{name}.attended", mixed), -TOP, TOP))


def finer(x: Array) -> Array:
    """SPEC 16.3: outputs (rows, columns, 4 n) of `up` or `pixel` at the places of the next level (.., .., n)."""
    h, w, n = x.shape
    return x.reshape(h, w, 2, 2, n // 4).swapaxes(1, 2).reshape(2 * h, 2 * w, n // 4)


def synthesis(network: Network, passes: int, places: Sides, samples: Samples) -> Array:
    """SPEC 16.3 and 16.4: `pixel` of each pixel (rows, columns, 32 + C), after the latents are decoded."""
    d, bits, samples.bits = np.tile(network.core, (*places, 1)), samples.bits, 8
    for level in (4, 3, 2, 1):
        name = f"synthesis{level}"
        if level in LEVELS[passes]:
            out = run(network, f"{name}.tables", run(network, f"{name}.prior", d))
            z = LATENTS[network.name][level - 1]
            means, scales, log_weights = (part.reshape(-1, 2) for part in np.split(out, 3, axis=2))
            q = []
            for at in range(0, len(means), RUN):
                m, s, a = (part[at : at + RUN] for part in (means + 2048, scales, log_weights))
                f = partial(mixture, w=mixture_weights(a), m=m, q=s, bits=8, unit=0)
                q.append(samples.decode(len(m), f) - 128)
            latents = np.concatenate(q).reshape(*d.shape[:2], z)
            d = np.clip(d + run(network, f"{name}.embed", latents), -TOP, TOP)
        both = np.concatenate([d, block(network, name, d)], axis=2)
        d = finer(run(network, f"{name}.up" if level > 1 else "pixel", both))
    samples.bits = bits
    return d


@cache
def cell(passes: int) -> Array:
    """SPEC 16.1: the pass of each pixel of a cell of 8 x 8."""
    numbers = np.zeros((8, 8), np.int64)
    for number, lattices in enumerate(LATTICES[passes]):
        for i, j, period in lattices:
            numbers[i::period, j::period] = number
    return numbers


@cache
def taps(passes: int, number: int) -> list[tuple[int, int]]:
    """SPEC 16.1: the taps of a pass."""
    i, j, _ = LATTICES[passes][number][0]
    near = sorted((a * a + c * c, a, c) for a in range(-32, 33) for c in range(-32, 33))
    return [(a, c) for _, a, c in near if cell(passes)[(i + a) % 8, (j + c) % 8] < number][:24]


def decode(name: str, network: Network, header: Header, sides: Sides, channels: int, samples: Samples) -> Array:
    """SPEC 16: the samples (height, width, channels) of a plane group of a tile."""
    (height, width), bits = sides, samples.bits
    passes, unit = int(header.parameters.get(0, 8)), bits - 8 if bits <= 8 else int(header.parameters.get(1, -1))
    demand(bits <= 8 or unit >= 0, "header", "unet: unit must be stated for 16 bits")
    scale, up = max(0, 8 - bits) + 4, max(0, unit)
    out = synthesis(network, passes, (-(-height // 16), -(-width // 16)), samples)[:height, :width]
    p = (out[:, :, 32:] + 2048) << up
    x = np.zeros((height, width, channels), np.int64)

    def difference(d: Array) -> Array:
        """SPEC 16: D."""
        return np.asarray(np.clip((d + (1 << up >> 1)) >> up, -4080, 4080))

    numbers = np.tile(cell(passes), (-(-height // 8), -(-width // 8)))[:height, :width]
    for number in range(passes):
        every = np.flatnonzero(numbers == number)
        for begin in range(0, len(every), RUN):
            i, j = np.divmod(every[begin : begin + RUN], width)
            centre, parts = p[i, j], [out[i, j, :32]]
            if number:
                down, right = np.array(taps(passes, number)).T
                y, z = i[:, None] + down, j[:, None] + right
                inside = ((y >= 0) & (y < height) & (z >= 0) & (z < width))[:, :, None]
                y, z = np.clip(y, 0, height - 1), np.clip(z, 0, width - 1)
                n = np.maximum(1, inside[:, :4].sum(axis=1))
                e = ((x[y, z] - p[y, z]) * inside)[:, :4].sum(axis=1)
                centre = np.clip(centre + (2 * e + n) // (2 * n), -1024 << up, 5104 << up)
                parts += [difference(p[i, j] - centre), difference(x[y, z] - centre[:, None]) * inside]
            parts.append(difference(centre - (2048 << up)))
            values = np.concatenate([part.reshape(len(i), -1) for part in parts], axis=1)
            for layer in (0, 1, 2):
                values = run(network, f"head{passes}.{number}.{layer}", values)
            kinds = np.split(values.reshape(len(i), -1, 3), np.arange(1, 4) * channels, axis=1)
            mean, scales, log_weights, coupling = kinds
            for c in range(channels):
                pairs = coupling[:, c * (c - 1) // 2 :][:, :c]
                m = (mean[:, c] << up) + centre[:, c, None]
                m += ((pairs * (x[i, j, :c] - centre[:, :c])[:, :, None]).sum(axis=1) + 128) >> 8
                w = mixture_weights(log_weights[:, c])
                f = partial(mixture, w=w, m=m, q=scales[:, c], bits=bits, unit=unit)
                x[i, j, c] = samples.decode(len(i), f) << scale
    return x >> scale
