"""What a file says about itself, without decoding and without its plugin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .container import ParsedFile, parse
from .errors import NeurocError
from .limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from .model import Cost


@dataclass(frozen=True, slots=True)
class FileInfo:
    """The header of a file and what follows from it."""

    width: int
    height: int
    channels: int
    mode: str
    bits: int
    bytes: int
    payload_bytes: int  # the coded streams alone
    container: int  # version
    plugin: str
    bitstream: int
    weights: tuple[str, ...]  # digests, hex
    coder: str
    numerics: str
    build: str
    params: dict[str, Any]  # by name where the plugin is installed, else by number
    tile: int
    tiles: int
    pixel_digest: str
    encoder: str
    features: tuple[str, ...]
    metadata: tuple[tuple[str, int], ...]  # key and bytes of each record
    installed: bool  # whether the plugin is there and usable
    weights_installed: bool | None  # None where the plugin is missing
    draft: bool | None  # the codec may still change before its first release
    cost_macs: int | None  # multiply-accumulates of decoding
    cost_steps: int | None  # sequential steps of decoding, all tiles one after the other
    cost_memory: int | None  # bytes of working memory for the largest tile
    engine: str | None  # what --engine auto computes with here
    problem: str  # why the plugin cannot be used, "" if it can

    @property
    def bpsp(self) -> float:
        """Bits per sub-pixel of the whole file."""
        return 8 * self.bytes / (self.width * self.height * self.channels)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, with ``bpsp``."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["weights"] = list(self.weights)
        fields["features"] = list(self.features)
        fields["metadata"] = [{"key": key, "bytes": size} for key, size in self.metadata]
        fields["bpsp"] = round(self.bpsp, 4)
        return fields


def info(data: bytes, *, limits: Limits = DEFAULT_LIMITS, name: str | None = None) -> FileInfo:
    """Everything that the file states; raises CorruptFileError, TooNewError, LimitError."""
    parsed = parse(data, limits=limits, name=name)
    header, preamble = parsed.header, parsed.preamble
    return FileInfo(
        width=preamble.width,
        height=preamble.height,
        channels=preamble.channels,
        mode=header.mode,
        bits=preamble.bits,
        bytes=len(parsed.view),
        payload_bytes=parsed.payload_bytes,
        container=preamble.version,
        plugin=header.codec,
        bitstream=header.bitstream,
        weights=tuple(d.hex() for d in header.weights),
        coder=header.coder,
        numerics=header.numerics,
        build=header.build,
        tile=header.tile,
        tiles=len(parsed.grid),
        pixel_digest=header.pixel_digest.hex(),
        encoder=header.encoder,
        features=header.features,
        metadata=tuple((r.key, len(r.data)) for r in parsed.metadata()),
        **_plugin(parsed),
    )


def _plugin(parsed: ParsedFile) -> dict[str, Any]:
    """What only the installed plugin can tell; a missing or broken one is no error here."""
    header = parsed.header
    unknown: dict[str, Any] = {
        "params": {str(k): v for k, v in header.params.items()},
        "installed": False,
        "weights_installed": None,
        "draft": None,
        "cost_macs": None,
        "cost_steps": None,
        "cost_memory": None,
        "engine": None,
        "problem": "",
    }
    from .plugins import registry

    try:
        entry = registry().codec(header.codec).entry
    except NeurocError as error:
        return unknown | {"problem": str(error)}
    from .cost import file_cost

    if header.codec == "raw":
        found = {"installed": True, "weights_installed": True, "draft": entry.draft}
        return unknown | found | _cost(file_cost(parsed, None))
    from .models import open_codec_of_file
    from .params import options
    from .weights import list_weights

    try:
        loaded = open_codec_of_file(header.codec, header.params, parsed.name)
        cost = file_cost(parsed, loaded)
    except NeurocError as error:
        return unknown | {"draft": entry.draft, "problem": str(error)}
    engine = registry().automatic_engine()
    present = {w.digest for w in list_weights() if w.path is not None}
    return {
        "params": {o.name: getattr(loaded.params, o.name) for o in options(type(loaded.params))},
        "installed": True,
        "weights_installed": all(d.hex() in present for d in header.weights),
        "draft": entry.draft,
        "engine": f"{engine.id} ({engine.detail})" if engine.detail else engine.id,
        "problem": "",
        **_cost(cost),
    }


def _cost(cost: Cost) -> dict[str, int]:
    return {"cost_macs": cost.macs, "cost_steps": cost.steps, "cost_memory": cost.peak_bytes}
