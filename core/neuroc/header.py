"""The header of a file: what is needed to decode it, as canonical msgpack with integer keys (SPEC section 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from . import canonical
from .chunks import Preamble
from .digests import DIGEST_BYTES
from .errors import HeaderError, TooNewError, excerpt
from .params import Value
from .picture import BITS, CHANNELS

MAX_HEADER_BYTES = 64 * 1024
FIRST_ANCILLARY_KEY = 64
KNOWN_FEATURES: frozenset[str] = frozenset()
DEFAULT_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # by the preamble's channels
DEFAULT_TILE = 512
DEFAULT_CODER = "rans24"

_ID = re.compile(r"[a-z0-9-]{1,32}")
_PRINTABLE = re.compile(r"[ -~]+")
_REQUIRED = object()


class _Field(NamedTuple):
    key: int
    name: str  # of the attribute
    type: type[Any]
    default: Any = _REQUIRED


# "mode" has a default too, but it depends on the preamble.
FIELDS = (
    _Field(0, "codec", str),
    _Field(1, "bitstream", int, 1),
    _Field(2, "weights", list, []),
    _Field(3, "coder", str, DEFAULT_CODER),
    _Field(4, "numerics", str, "exact"),
    _Field(5, "params", dict, {}),
    _Field(6, "tile", int, DEFAULT_TILE),
    _Field(7, "pixel_digest", bytes),
    _Field(8, "encoder", str),
    _Field(9, "features", list, []),
    _Field(10, "mode", str),
    _Field(11, "build", str, ""),
)
_BY_KEY = {f.key: f for f in FIELDS}


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of SPEC section 4 with their defaults filled in."""

    codec: str
    pixel_digest: bytes  # 16 bytes, digests.pixel_digest
    encoder: str  # version of the software that wrote the file
    mode: str
    bitstream: int = 1
    weights: tuple[bytes, ...] = ()  # 16-byte digests, one per network, in order of first use
    coder: str = DEFAULT_CODER
    numerics: str = "exact"  # or "pinned"
    params: Mapping[int, Value] = field(default_factory=dict)
    tile: int = DEFAULT_TILE
    features: tuple[str, ...] = ()  # what a reader must understand; ascending
    build: str = ""  # of a pinned codec
    extra: Mapping[int, Any] = field(default_factory=dict)  # ancillary fields, keys from 64 up, kept as they are

    def problem(self, preamble: Preamble) -> str | None:
        """Why these values are not allowed with this preamble, or None."""
        if not _ID.fullmatch(self.codec):
            return f"codec id {excerpt(self.codec)}"
        if not _ID.fullmatch(self.coder):
            return f"coder id {excerpt(self.coder)}"
        if not 1 <= self.bitstream < 2**32:
            return f"bitstream version {self.bitstream}"
        if any(type(d) is not bytes or len(d) != DIGEST_BYTES for d in (*self.weights, self.pixel_digest)):
            return f"a digest is not {DIGEST_BYTES} bytes"
        if len(self.weights) > 4:
            return "more than 4 weights digests"
        if self.numerics not in ("exact", "pinned"):
            return f"numerics class {excerpt(self.numerics)}"
        if (self.numerics == "pinned") != bool(self.build):
            return "a build string belongs to numerics class 'pinned' and to no other"
        if self.build and not (_PRINTABLE.fullmatch(self.build) and len(self.build) <= 256):
            return "the build string is not 1 to 256 printable ASCII characters"
        if not (_PRINTABLE.fullmatch(self.encoder) and len(self.encoder) <= 32):
            return "the encoder version is not 1 to 32 printable ASCII characters"
        if any(type(k) is not int or k < 0 or type(v) not in (int, str, bool) for k, v in self.params.items()):
            return "codec parameters are not integers, strings or booleans by number"
        if not 1 <= self.tile < 2**31:
            return f"tile size {self.tile}"
        if any(type(f) is not str for f in self.features) or list(self.features) != sorted(set(self.features)):
            return "features are not ascending strings"
        if any(key < FIRST_ANCILLARY_KEY for key in self.extra):
            return "an ancillary field has a key below 64"
        if self.mode not in CHANNELS or preamble.channels != CHANNELS[self.mode]:
            return f"mode {excerpt(self.mode)} with {preamble.channels} channels"
        if preamble.bits not in BITS[self.mode]:
            return f"mode {self.mode!r} with {preamble.bits} bits"
        return None

    def to_bytes(self, preamble: Preamble) -> bytes:
        """The payload of HEAD. Raises HeaderError for values that have no place in a file."""
        if problem := self.problem(preamble):
            raise HeaderError(problem)
        fields: dict[int, Any] = dict(self.extra)
        for f in FIELDS:
            value = getattr(self, f.name)
            value = list(value) if f.type is list else dict(value) if f.type is dict else value
            default = DEFAULT_MODES[preamble.channels] if f.name == "mode" else f.default
            if value != default:
                fields[f.key] = value
        payload = canonical.pack(fields)
        if len(payload) > MAX_HEADER_BYTES:
            raise HeaderError(f"a header of {len(payload)} bytes, above {MAX_HEADER_BYTES}")
        return payload

    @classmethod
    def from_bytes(
        cls, payload: bytes | memoryview, preamble: Preamble, *, file: str | None = None, offset: int = 0
    ) -> Header:
        """The header in the payload of HEAD, which stands at ``offset``.

        Raises HeaderError for what to_bytes cannot have written, TooNewError for fields or features of a later version.
        """

        def fail(why: str) -> NoReturn:
            raise HeaderError(f"bad header: {why}", file=file, offset=offset)

        if len(payload) > MAX_HEADER_BYTES:
            fail(f"{len(payload)} bytes, above {MAX_HEADER_BYTES}")
        fields = canonical.unpack(payload, max_values=MAX_HEADER_BYTES, file=file, offset=offset)
        if type(fields) is not dict:
            fail("not a map")
        _check_new(fields, file, offset)
        values: dict[str, Any] = {"extra": {k: v for k, v in fields.items() if k >= FIRST_ANCILLARY_KEY}}
        for f in FIELDS:
            if f.key not in fields:
                continue
            value = fields[f.key]
            if type(value) is not f.type:
                fail(f"field {f.key} ({f.name}) has the wrong type")
            if value == (DEFAULT_MODES[preamble.channels] if f.name == "mode" else f.default):
                fail(f"field {f.key} ({f.name}) states its default")
            values[f.name] = tuple(value) if f.type is list else value
        values.setdefault("mode", DEFAULT_MODES[preamble.channels])
        for f in FIELDS:
            if f.default is _REQUIRED and f.name not in values:
                fail(f"field {f.key} ({f.name}) is missing")
        header = cls(**values)
        if problem := header.problem(preamble):
            fail(problem)
        return header


def _check_new(fields: dict[int, Any], file: str | None, offset: int) -> None:
    """Raise TooNewError for what only a later version can have written, before anything else is judged."""
    unknown = [str(k) for k in fields if k < FIRST_ANCILLARY_KEY and k not in _BY_KEY]
    listed = fields.get(9)
    features = [f for f in listed if type(f) is str and f not in KNOWN_FEATURES] if type(listed) is list else []
    if unknown or features:
        named = ", ".join(unknown[:5]) if unknown else ", ".join(ascii(f[:40]) for f in features[:5])
        what = f"{'header field' if unknown else 'feature'} {named}{', ...' if len(unknown or features) > 5 else ''}"
        raise TooNewError(
            f"the file needs {what}, which this neuroc does not know",
            remedy="Install a newer neuroc-codec",
            file=file,
            offset=offset,
        )
