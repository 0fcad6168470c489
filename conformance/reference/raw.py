"""raw, SPEC 11: residuals of samples, stored or compressed by zstd, without network and entropy coder."""

import numpy as np

from container import demand
from exact import Array, Sides
from metadata import decompress


def decode(data: bytes, sides: Sides, channels: int, bits: int) -> Array:
    """SPEC 11: the samples (height, width, channels) of a plane group of a tile."""
    demand(len(data) > 1, "stream", "raw: no flags, or no body")
    method, (green, planar, palette, packed, compressed) = data[0] & 7, (data[0] >> k & 1 for k in range(3, 8))
    at, colours, per_site = (2, data[1] + 1, 1) if palette else (1, 0, channels)
    depth = next(depth for depth in (1, 2, 4, 8) if colours <= 1 << depth) if palette else bits
    height, width, size = *sides, 2 if depth == 16 else 1  # size: bytes of a value of the plane
    sound = method < 7 and not (colours == 1 and (method or packed)) and not (packed and depth >= 8)
    sound = sound and not (palette and bits < 8) and not (green and (palette or bits < 8 or channels < 3))
    sound = sound and not (planar and (packed or per_site * size == 1))
    demand(sound, "stream", "raw: flags that are invalid or contradict each other")
    shape = (height, -(-width * per_site * depth // 8), 1) if packed else (height, width, per_site)
    filters_at = colours * channels * bits // 8
    plane_at = filters_at + height * (method == 6)
    length = plane_at + (0 if colours == 1 else shape[0] * shape[1] * shape[2] * size)
    body = data[at:]
    if compressed:  # 11.2: the first six bytes of the frame are left out
        window = max(10, min(27, (length - 1).bit_length()))
        start = bytes([0x28, 0xB5, 0x2F, 0xFD, 0, (window - 10) * 8])
        body = decompress(start + body, length, "stream", False)
    demand(len(body) == length, "stream", "raw: the body has another size")
    steps = np.frombuffer(body[:filters_at], f"<u{bits // 8 or 1}").reshape(channels, -1)
    table = np.cumsum(steps.astype(np.int64), axis=1).T & ((1 << bits) - 1)  # (K, channels), 11.2, item 1
    if colours == 1:
        return np.broadcast_to(table[0], (height, width, channels))
    filters = list(body[filters_at:plane_at]) or [method] * height
    demand(max(filters) < 6, "stream", "raw: filter of a row")
    if planar:  # 11.4: by channel and byte, high bytes first
        planes = np.frombuffer(body[plane_at:], "u1").astype(np.int64).reshape(per_site, size, height, width)
        residuals = np.moveaxis(planes[:, 0] if size == 1 else planes[:, 0] << 8 | planes[:, 1], 0, 2)
    else:
        residuals = np.frombuffer(body[plane_at:], f"<u{size}").astype(np.int64).reshape(shape)
    plane = unfilter(residuals, filters, 8 * size)
    if packed:  # 11.3: the first sample of a byte in the upper bits
        plane = (plane >> np.arange(8 - depth, -1, -depth) & ((1 << depth) - 1)).reshape(height, -1)
        demand(not plane[:, width * per_site :].any(), "stream", "raw: padding of a packed row")
        plane = plane[:, : width * per_site].reshape(height, width, per_site)
    if green:
        plane[:, :, [0, 2]] += plane[:, :, [1]]
        plane &= (1 << bits) - 1
    demand(int(plane.max()) < (colours or 1 << bits), "stream", "raw: a sample or index is too large")
    return table[plane[:, :, 0]] if palette else plane


def unfilter(residuals: Array, filters: list[int], bits: int) -> Array:
    """SPEC 11.3: the plane of which these are the residuals (rows, values, channels), modulo 2^bits."""
    rows, width, channels = residuals.shape
    above, plane = [0] * (width * channels), []
    for row, method in zip(residuals.reshape(rows, -1).tolist(), filters, strict=True):
        for i, residual in enumerate(row):
            left, corner = (row[i - channels], above[i - channels]) if i >= channels else (0, 0)
            row[i] = (residual + predict(method, left, above[i], corner)) & ((1 << bits) - 1)
        plane.append(row)
        above = row
    return np.array(plane, np.int64).reshape(residuals.shape)


def predict(method: int, left: int, up: int, corner: int) -> int:
    """SPEC 11.3: p of the filter."""
    gradient = left + up - corner
    if method == 4:
        return min(left, up, corner, key=lambda value: abs(value - gradient))  # the first of equals
    return (0, left, up, (left + up) >> 1, 0, max(min(left, up), min(gradient, max(left, up))))[method]
