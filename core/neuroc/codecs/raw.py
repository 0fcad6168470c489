"""The codec without a network: integer residuals and zstd, for graphics, palettes, alpha and noise (SPEC section 11).

    samples --palette | green--> planes --packing--> bytes or words --filter--> residuals --layout--> body --zstd-->

The encoder tries the combinations with a fast zstd level and finishes the best ones with a slow one; the decoder is
told each choice by one byte of flags and knows every size before it decompresses anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import zstandard
from numpy.typing import NDArray

from ..digests import little_endian
from ..errors import StreamError
from . import filters

if TYPE_CHECKING:
    from ..model import Cost, Spec

FILTER = 0x07  # bits 0 to 2: a filter of filters.py
GREEN = 0x08  # green is subtracted from red and blue
PLANAR = 0x10  # channel by channel, high bytes before low bytes
PALETTE = 0x20  # indices into the colours of the tile
PACKED = 0x40  # several samples in a byte, the first in the most significant bits
ZSTD = 0x80  # else the body is stored as it is

_MAGIC = bytes.fromhex("28b52ffd00")  # zstd magic and a frame header without checksum, dictionary and content size
_FAST, _SLOW, _SLOWEST = 1, 19, 22
_SAMPLE_BYTES = 2**21  # larger tiles choose their filter on bands of about this size
_TRIED = (filters.NONE, filters.LEFT, filters.UP, filters.PAETH, filters.GRADIENT, filters.ADAPTIVE)

Samples = NDArray[Any]  # uint8 or uint16


@dataclass(frozen=True, slots=True)
class RawParams:
    """``raw`` has no parameters: the encoder decides everything per tile."""


class _Form(NamedTuple):
    """Samples after palette, green and packing: what the filters see."""

    flags: int
    colours: bytes  # the coded palette, b"" without one
    palette: int  # number of colours, 0 without a palette
    planes: Samples  # (C', H, W'), uint8 or uint16


class _Head(NamedTuple):
    """The decoder's side of a _Form, all of it known before anything is decompressed."""

    flags: int
    at: int  # where the body starts
    colours: int  # 0 without a palette
    depth: int  # bits of a sample or index where it is packed
    word: int  # bytes of a residual
    shape: tuple[int, int, int]  # of the residuals, channel-first
    palette: int  # bytes of the palette
    rows: int  # bytes of the row filters
    size: int  # bytes of the body


class RawCodec:
    """The built-in codec ``raw`` (model.RawCodec)."""

    params = RawParams

    def encode_tile(self, x: Samples, spec: Spec, params: Any = None) -> bytes:
        """The smallest coding found for samples (H, W, C); at most one byte more than the packed samples."""
        forms = list(_forms(x, spec))
        ranked = sorted(_rank(forms), key=lambda r: r[0])
        if any(f.planes.nbytes > _SAMPLE_BYTES for f in forms):  # bands hide repetitions: try the best on everything
            whole = [(len(_compress(_body(f, k, p), _FAST)), f, k, p) for _, f, k, p in ranked[:8]]
            ranked = sorted(whole, key=lambda r: r[0])
        best = _stored(x, spec)
        # A near tie at the fast level says little about the slow one, so close runners-up get their chance; the less
        # there is to gain, the closer they must be.
        margin = 1.02 if ranked[0][0] * 2 > x.nbytes else 1.10
        for _, form, kind, planar in [r for r in ranked[:3] if r[0] <= ranked[0][0] * margin + 16]:
            flags = form.flags | kind | (PLANAR if planar else 0)
            body = _body(form, kind, planar)
            count = bytes([form.palette - 1]) if form.palette else b""
            level = _SLOWEST if len(body) <= _SAMPLE_BYTES else _SLOW
            for tile in (bytes([flags | ZSTD]) + count + _compress(body, level), bytes([flags]) + count + body):
                if len(tile) < len(best):
                    best = tile
        return best

    def decode_tile(self, data: bytes, spec: Spec, params: Any = None) -> Samples:
        """Samples (H, W, C); raises StreamError for bytes that encode_tile cannot have made."""
        head = _head(bytes(data), spec)
        body = _decompress(data[head.at :], head.size) if head.flags & ZSTD else bytes(data[head.at :])
        if len(body) != head.size:
            raise StreamError(f"a raw tile has {len(body)} bytes instead of {head.size}")
        palette = _read_palette(body[: head.palette], head.colours, spec)
        if head.colours == 1:
            return np.broadcast_to(palette[0], (spec.height, spec.width, spec.channels)).copy()
        rows = np.frombuffer(body, dtype=np.uint8, count=head.rows, offset=head.palette)
        if head.rows and int(rows.max()) >= filters.ROW_FILTERS:
            raise StreamError("a raw tile names an unknown row filter")
        residuals = _read_layout(body[head.palette + head.rows :], head.shape, head.word, bool(head.flags & PLANAR))
        planes = filters.restore(residuals, head.flags & FILTER, rows if head.rows else None)
        if head.flags & PACKED:
            own = 1 if head.colours else spec.channels
            sites = _unpack(planes[0], head.depth, spec.width * own).reshape(spec.height, spec.width, own)
        else:
            sites = planes.transpose(1, 2, 0)
        if head.colours:
            if int(sites.max()) >= head.colours:
                raise StreamError("a raw tile names a colour beyond its palette")
            found: Samples = palette[sites[:, :, 0]]
            return found
        if spec.bits < 8 and int(sites.max()) >> spec.bits:
            raise StreamError(f"a raw tile has a sample of more than {spec.bits} bits")
        x = np.array(sites, order="C")
        if head.flags & GREEN:
            x[:, :, 0] += x[:, :, 1]
            x[:, :, 2] += x[:, :, 1]
        return x

    def estimate(self, x: Samples, spec: Spec, limit: int = 0) -> int:
        """About the bytes that encode_tile would need, rather too few than too many, in a small part of its time.

        A caller that has something smaller than this need not try encode_tile. Below ``limit`` it looks closer.
        """
        bands = _bands(spec.height, max(1, 2**18 // max(1, x[0].nbytes)))
        part = np.ascontiguousarray(x[bands])
        form = next(_forms(part, spec, plain=True))
        wide = form.planes.shape[0] * form.planes.itemsize > 1
        tried = ((filters.NONE, False), (filters.LEFT, wide), (filters.GRADIENT, wide))
        share = min(len(_compress(_body(form, kind, planar), _FAST)) for kind, planar in tried) / part.nbytes
        # Measured: the slow search saves 3 to 15 % on photographs, up to two thirds on graphics.
        size = int(x.nbytes * share * (0.85 if share > 0.25 else 0.33))
        few = x[_bands(spec.height, max(1, 2**16 // max(1, x[0].nbytes)))]
        if share > 0.25 and size <= limit and len(few) < len(x):
            # The slow search on a few bands. It gave 0 to 13 % less than the whole on photographs, where repetitions
            # are near each other; graphics repeat themselves over the tile, which bands do not show.
            coded = self.encode_tile(np.ascontiguousarray(few), replace(spec, height=len(few)), self.params())
            size = max(size, len(coded) * x.nbytes // few.nbytes)
        return size

    def cost(self, spec: Spec, params: Any = None) -> Cost:
        """No multiplications; memory for the samples and their wide copies."""
        from ..model import Cost

        samples = spec.batch * spec.pixels * spec.channels
        return Cost(macs=0, steps=spec.height + spec.width - 1, peak_bytes=samples * (12 if spec.bits == 16 else 6))


def _head(data: bytes, spec: Spec) -> _Head:
    """What the first one or two bytes of a tile say; raises StreamError for flags that contradict each other."""
    if not data:
        raise StreamError("an empty raw tile")
    flags, kind = data[0], data[0] & FILTER
    own = 2 if spec.bits == 16 else 1
    at, colours, channels, word, depth = 1, 0, spec.channels, own, spec.bits
    if flags & PALETTE:
        if spec.bits < 8 or len(data) < 2:
            raise StreamError("a raw tile has a palette that it cannot have")
        at, colours, channels, word = 2, data[1] + 1, 1, 1
        depth = _depth(colours)
    if (
        kind > filters.ADAPTIVE
        or (flags & GREEN and (flags & PALETTE or channels < 3 or depth < 8))
        or (flags & PLANAR and channels * word == 1)
        or (flags & PACKED and depth >= 8)
        or (colours == 1 and flags & (FILTER | PACKED))
    ):
        raise StreamError(f"a raw tile has invalid flags {flags:#04x}")
    shape = (channels, spec.height, spec.width)
    if flags & PACKED:
        shape = (1, spec.height, -(-spec.width * channels * depth // 8))
    palette = colours * spec.channels * own
    rows = spec.height if kind == filters.ADAPTIVE else 0
    size = palette + rows + (0 if colours == 1 else shape[0] * shape[1] * shape[2] * word)
    return _Head(flags, at, colours, depth, word, shape, palette, rows, size)


def _forms(x: Samples, spec: Spec, plain: bool = False) -> Iterator[_Form]:
    """The ways to see samples (H, W, C); with ``plain`` the likeliest only."""
    planes = np.ascontiguousarray(x.transpose(2, 0, 1))
    if spec.bits < 8:
        yield _Form(PACKED, b"", 0, _pack(x.reshape(x.shape[0], -1), spec.bits)[None])
        yield _Form(0, b"", 0, planes)
        return
    if spec.channels >= 3:
        green = planes.copy()
        green[0] -= green[1]
        green[2] -= green[1]
        yield _Form(GREEN, b"", 0, green)
    yield _Form(0, b"", 0, planes)
    if plain or (found := _palette(planes)) is None:
        return
    colours, indices = found
    count = colours.shape[0]
    steps = np.diff(colours, axis=0, prepend=np.zeros_like(colours[:1]))  # modulo the type, as filters do
    coded = little_endian(np.ascontiguousarray(steps.T))
    if count > 1 and (depth := _depth(count)) < 8:
        yield _Form(PALETTE | PACKED, coded, count, _pack(indices, depth)[None])
    yield _Form(PALETTE, coded, count, indices[None] if count > 1 else indices[None, :0])


def _rank(forms: list[_Form]) -> Iterator[tuple[int, _Form, int, bool]]:
    """(bytes at the fast level, form, filter, planar) of every combination."""
    height = max(f.planes.shape[1] for f in forms)
    rows = _SAMPLE_BYTES // max(1, max(f.planes.nbytes for f in forms) // height)
    bands = _bands(height, max(1, rows))  # the same rows for every form, or the sizes could not be compared
    for form in forms:
        planes = form.planes[:, bands] if len(bands) < height and form.planes.size else form.planes
        small = form._replace(planes=np.ascontiguousarray(planes))
        residuals: dict[int, Samples] = {}
        for kind in _TRIED if planes.size else (filters.NONE,):
            for planar in (False, True) if planes.shape[0] * planes.itemsize > 1 else (False,):
                yield len(_compress(_body(small, kind, planar, residuals), _FAST)), form, kind, planar


def _bands(height: int, rows: int) -> NDArray[np.intp]:
    """Indices of about ``rows`` rows in four bands over the height (all of them where they fit)."""
    if rows >= height:
        return np.arange(height, dtype=np.intp)
    each = max(1, rows // 4)
    starts = [(height - each) * i // 3 for i in range(4)]
    return np.unique(np.concatenate([np.arange(s, s + each, dtype=np.intp) for s in starts]))


def _body(form: _Form, kind: int, planar: bool, known: dict[int, Samples] | None = None) -> bytes:
    """Palette, row filters and residuals as they are compressed; ``known`` keeps residuals for the next call."""
    known = {} if known is None else known
    rows = b""
    if kind == filters.ADAPTIVE:
        for k in range(filters.ROW_FILTERS):
            if k not in known:
                known[k] = filters.residuals(form.planes, k)
        r, chosen = filters.adaptive(form.planes, {k: known[k] for k in range(filters.ROW_FILTERS)})
        rows = chosen.tobytes()
    else:
        if kind not in known:
            known[kind] = filters.residuals(form.planes, kind)
        r = known[kind]
    if not planar:
        data = little_endian(np.ascontiguousarray(r.transpose(1, 2, 0)))
    elif r.itemsize == 1:
        data = r.tobytes()
    else:
        data = b"".join((plane >> 8).astype(np.uint8).tobytes() + plane.astype(np.uint8).tobytes() for plane in r)
    return form.colours + rows + data


def _read_layout(data: bytes, shape: tuple[int, int, int], item: int, planar: bool) -> Samples:
    """Residuals (C, H, W) from the end of a body."""
    channels, height, width = shape
    if not planar:
        flat = np.frombuffer(data, dtype="<u2" if item == 2 else np.uint8)
        r = flat.reshape(height, width, channels).transpose(2, 0, 1)
        return np.ascontiguousarray(r, dtype=np.uint16 if item == 2 else np.uint8)
    flat = np.frombuffer(data, dtype=np.uint8).reshape(channels, item, height, width)
    return flat[:, 0].copy() if item == 1 else flat[:, 0].astype(np.uint16) << 8 | flat[:, 1]


def _palette(planes: Samples) -> tuple[Samples, NDArray[np.uint8]] | None:
    """Colours (K, C) in ascending order and indices (H, W), or None if there are more than 256 colours."""
    keys: NDArray[np.uint64] = np.zeros((planes.shape[1], planes.shape[2]), dtype=np.uint64)
    for plane in planes:
        keys = keys << np.uint64(8 * planes.itemsize) | plane
    if np.unique(keys[:: max(1, keys.shape[0] // 16)]).size > 256:  # sorting all of a photograph takes long
        return None
    found, first, indices = np.unique(keys, return_index=True, return_inverse=True)
    if found.size > 256:
        return None
    return planes.reshape(planes.shape[0], -1)[:, first].T, indices.reshape(keys.shape).astype(np.uint8)


def _read_palette(data: bytes, colours: int, spec: Spec) -> Samples:
    """Colours (K, C) from their differences."""
    word = np.dtype(np.uint16 if spec.bits == 16 else np.uint8)
    steps = np.frombuffer(data, dtype=word.newbyteorder("<")).reshape(spec.channels, colours).astype(word)
    return np.ascontiguousarray(np.cumsum(steps, axis=1, dtype=word).T)


def _depth(colours: int) -> int:
    """Bits of an index in packed form."""
    return next(d for d in (1, 2, 4, 8) if colours <= 1 << d)


def _pack(samples: Samples, depth: int) -> NDArray[np.uint8]:
    """Rows (H, n) of ``depth`` bits to (H, ceil(n * depth / 8)) bytes; the last byte of a row is padded with zeros."""
    per = 8 // depth
    height, n = samples.shape
    padded = np.zeros((height, -(-n // per) * per), dtype=np.uint8)
    padded[:, :n] = samples
    packed = np.zeros((height, padded.shape[1] // per), dtype=np.uint8)
    for i in range(per):
        packed |= padded[:, i::per] << np.uint8(8 - depth * (i + 1))
    return packed


def _unpack(packed: NDArray[np.uint8], depth: int, n: int) -> NDArray[np.uint8]:
    """The inverse of _pack: (H, n); raises StreamError if the padding is not zero."""
    per = 8 // depth
    samples = np.empty((packed.shape[0], packed.shape[1] * per), dtype=np.uint8)
    for i in range(per):
        samples[:, i::per] = (packed >> np.uint8(8 - depth * (i + 1))) & np.uint8((1 << depth) - 1)
    if samples[:, n:].any():
        raise StreamError("a raw tile has set bits in its padding")
    return samples[:, :n]


def _stored(x: Samples, spec: Spec) -> bytes:
    """The samples as they are, packed where they are narrow: the upper bound of what a tile takes."""
    if spec.bits < 8:
        return bytes([PACKED]) + _pack(x.reshape(x.shape[0], -1), spec.bits).tobytes()
    return b"\0" + little_endian(x)


def _window_log(size: int) -> int:
    """log2 of the zstd window for a body: all of it up to 128 MiB."""
    return max(10, min(27, (size - 1).bit_length()))


def _compress(body: bytes, level: int) -> bytes:
    """One zstd frame without its first six bytes, which follow from the size of the body."""
    if not body:
        return b""
    log = _window_log(len(body))
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level, source_size=len(body), window_log=log, write_content_size=0, write_checksum=0, write_dict_id=0
    )
    frame = zstandard.ZstdCompressor(compression_params=parameters).compress(body)
    if not frame.startswith(_MAGIC) or frame[5] > (log - 10) << 3:
        raise AssertionError("this zstandard writes other frame headers than it was asked for")
    return frame[6:]


def _decompress(data: bytes, size: int) -> bytes:
    """The inverse of _compress; takes memory for ``size`` bytes and one window of at most that, whatever the data."""
    if not size:
        return data  # refused by the caller unless empty
    frame = _MAGIC + bytes([(_window_log(size) - 10) << 3]) + data
    try:
        return zstandard.ZstdDecompressor().decompress(frame, max_output_size=size, allow_extra_data=False)
    except zstandard.ZstdError as e:
        raise StreamError(f"a raw tile does not decompress: {e}") from None


CODEC = RawCodec()
